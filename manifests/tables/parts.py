"""What the tables in JSON are made of: frozen parts, figures with intervals, and a task's own names for entries."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)


class Part(BaseModel):
    """The base of the scorecard's parts: frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Estimate(Part):
    """A figure with its 95% bootstrap interval."""

    value: float
    low: float
    high: float


class Bias(Part):
    """A bias with its 95% interval, its permutation p-value and the size that chance alone gives."""

    value: float
    low: float
    high: float
    p: float
    chance: float


class Words(Part):
    """How a task's figures are called and written, so that a reader need not know the task.

    Attributes:
        target: what is predicted, and `meaning`, the same as a network estimates it.
        error: what the mean over all photos is called, such as `MAE`, and `full`, spelt out, that of a group.
        unit: of errors and biases: `years`, or `%` of the photos.
        names: our name of an entry -> its name in the file, where that is another: `error` -> `mae`.
    """

    target: str
    meaning: str
    error: str
    full: str
    unit: str
    names: dict[str, str] = {}

    def key(self, name: str) -> str:
        """The name of an entry in files."""
        return self.names.get(name, name)


class Named(Part):
    """The base of parts whose entries a file may call by the task's names; a reader accepts both."""

    NAMES: ClassVar[dict[str, str]] = {"mae": "error", "age": "label", "age_pred": "pred"}

    @model_validator(mode="before")
    @classmethod
    def _ours(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        known = {theirs: ours for theirs, ours in cls.NAMES.items() if ours in cls.model_fields}
        return {known.get(name, name): value for name, value in given.items()}

    @model_serializer(mode="wrap")
    def _theirs(self, written: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        names = info.context or {}
        return {names.get(name, name): value for name, value in written(self).items()}

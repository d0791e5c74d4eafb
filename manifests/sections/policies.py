"""The `policies` section: how often and how strongly each named policy is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, RootModel, model_validator

from manifests.core.cells import Cells
from manifests.core.errors import UserError, located, nearest
from manifests.core.params import Section
from manifests.core.seeds import uniforms
from manifests.sections import theirs

_SHARE = 0x9E3779B97F4A7C15  # keeps the share independent of what the policy draws from the same seed


DONORS: Mapping[str, str] = {"tone": "own", "morph": "alike", "background": "other"}
"""Policies that take something from another photo: of the photo's own cell, of that and alike in age and pose, or of
another cell, so that what is taken says nothing of the group."""
NAMES = tuple(
    """
    copy flip pose perspective rotate90 brightness gender_study light white_balance noise compression shadow glasses
    hand tone morph turn relight background grey blur mixed
    """.split()  # noqa: SIM905
)
"""The policies of ours, in the order of the renderer's catalogue."""
GLASSES = "glasses"  # the policy for faces that wear none
MIXED = "morph"  # the policy whose copies have a label between those of two photos
ON_FACES = frozenset({"morph", "turn", "relight", "background"})
"""Policies that need to know where the face is."""


Pipeline = Annotated[dict[str, Any], BeforeValidator(theirs.content, json_schema_input_type=dict[str, Any] | str)]


def needs_donor(policy: str) -> bool:
    """Whether a policy takes something from another photo."""
    return policy in DONORS


def share(seed: int) -> float:
    """How much of the donor `morph` mixes in, in [.3, .7]: drawn by the plan, which mixes the ages alike.

    Args:
        seed: of the copy's first attempt.
    """
    return round(0.3 + 0.4 * uniforms(seed ^ _SHARE, 1)[0], 4)


class Use(Section):
    """A policy's weight among the others, and its severity."""

    key: ClassVar[str] = "use"
    weight: float | None = Field(default=None, ge=0, le=1000)
    severity: float | None = Field(default=None, ge=0, le=1)


class PolicyUse(Use):
    """The same, with exceptions by axis value; where several match, the last one listed counts.

    Attributes:
        by: axis -> value -> its weight and severity.
        albumentations: a pipeline in that library's serialised form, which makes this a policy of the user's own; in
            `params.yaml` also the path of a file that holds one.
        after: one of our policies that is drawn and applied before the pipeline, at this one's severity.
        endangers: axes whose label the pipeline may change; to be given where it moves or covers parts of a face.
    """

    by: dict[str, dict[str, Use]] = {}
    albumentations: Pipeline | None = None
    after: str | None = None
    endangers: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _own(self) -> PolicyUse:
        if self.albumentations is None:
            if self.after is not None or self.endangers is not None:
                raise ValueError("`after` and `endangers` beside `albumentations` only")
            return self
        moving = sorted(theirs.MOVING & set(theirs.names(self.albumentations)))
        if moving and self.endangers is None:
            raise ValueError(f"`endangers`, the axes (or none: []) whose labels {', '.join(moving)} may change")
        return self

    @property
    def pipeline(self) -> str | None:
        """The pipeline as JSON; None for a policy of ours."""
        return None if self.albumentations is None else json.dumps(self.albumentations, sort_keys=True)

    def at(self, labels: Mapping[str, str]) -> tuple[float, float]:
        """Weight and severity for one cell; `labels` maps each axis to its value."""
        weight, severity = (
            self.weight if self.weight is not None else 1.0,
            self.severity if self.severity is not None else 0.5,
        )
        for axis, values in self.by.items():
            use = values.get(labels.get(axis, ""))
            if use is not None:
                weight = use.weight if use.weight is not None else weight
                severity = use.severity if use.severity is not None else severity
        return weight, severity


class Policies(RootModel[dict[str, PolicyUse]]):
    """Policy name -> its use."""

    model_config = ConfigDict(frozen=True, strict=True)
    key: ClassVar[str] = "policies"

    def check(self, cells: Cells) -> None:
        """Check that each policy is one of ours or a pipeline, and that `by` names axes and values that there are.

        Values are compared letter by letter, as `at` reads them.

        Args:
            cells: of `params.yaml`, as an axis that the photos lack is no mistake.
        Raises:
            UserError: another policy, axis or value.
        """
        for name, use in self.root.items():
            if use.albumentations is None and name not in NAMES:
                remedy = "Correct or remove the key, or give it a pipeline (albumentations: ...)"
                received = repr(name) + nearest(name, NAMES)
                raise UserError(f".{name}", f"one of the policies {', '.join(NAMES)}", received, remedy)
            for axis in use.endangers or ():
                if axis not in cells.names:
                    rule = f"axes ({', '.join(cells.names)})"
                    raise UserError(
                        f".{name}.endangers", rule, repr(axis) + nearest(axis, cells.names), "Correct the axis"
                    )
            for axis, values in use.by.items():
                key = f".{name}.by.{axis}"
                with located(key):
                    cells.named(axis)
                for value in values:
                    if value not in cells[axis].values:
                        rule = f"one of {', '.join(cells[axis].values)}"
                        received = repr(value) + nearest(value, cells[axis].values)
                        raise UserError(f"{key}.{value}", rule, received, "Correct the label")

"""The `audit` section: how many copies are judged, by how many judges, and how far a label may drift."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.core.params import Section


class Bounds(Section):
    """How far a policy may move what a judge sees, beyond the effect of a plain flip.

    Attributes:
        shift: years of mean signed change of the perceived age.
        bin_shift: the same within one age bin, where fewer photos make it noisier.
        distance: years of mean absolute change.
        changed: share of photos whose perceived value changes, on an axis that `by` does not name.
        by: axis -> that share.
    """

    key: ClassVar[str] = "bounds"
    shift: float = Field(default=0.5, gt=0, le=100)
    bin_shift: float = Field(default=1, gt=0, le=100)
    distance: float = Field(default=1, gt=0, le=100)
    changed: float = Field(default=0.05, gt=0, le=1)
    by: dict[str, float] = {}

    @field_validator("by")
    @classmethod
    def _shares(cls, by: dict[str, float]) -> dict[str, float]:
        if any(not 0 < share <= 1 for share in by.values()):
            raise ValueError("shares above 0 and up to 1")
        return by

    def check(self, cells: Cells) -> None:
        """Check that `by` names axes that are judged by their values.

        Raises:
            UserError: another axis; its key is relative to the bounds.
        """
        names = [name for name in cells.names if name != AGE]
        for axis in self.by:
            if axis not in names:
                raise UserError(".by", f"one of the axes {', '.join(names)}", repr(axis), "Correct the axis")

    def of(self, axis: str) -> float:
        """The bound on an axis' changed share."""
        return self.by.get(axis, self.changed)


class Audit(Section):
    """What is probed and how it is judged.

    Attributes:
        photos: train photos that are probed, spread over the age bins and the cells.
        severities: of each policy, ascending.
        folds: groups of train photos; a photo is judged by a model of the other groups.
        epochs: passes of a judge over its photos.
        resamples: bootstrap replicates behind every interval.
        bounds: the largest safe changes.
    """

    key: ClassVar[str] = "audit"
    photos: int = Field(default=200, ge=20, le=100_000)
    severities: tuple[float, ...] = (0.25, 0.5, 0.75, 1)
    folds: int = Field(default=5, ge=2, le=20)
    epochs: int = Field(default=30, ge=1, le=1000)
    resamples: int = Field(default=1000, ge=200, le=100_000)
    bounds: Bounds = Bounds()

    @field_validator("severities")
    @classmethod
    def _ladder(cls, severities: tuple[float, ...]) -> tuple[float, ...]:
        if (
            not severities
            or list(severities) != sorted(set(severities))
            or not 0 < severities[0] <= severities[-1] <= 1
        ):
            raise ValueError("severities above 0 and up to 1 that ascend")
        return severities

"""`manifests/built/audit.json`: how far each policy moves what a judge sees, against a plain flip.

Ages are in years, changed values and probabilities in shares. `beyond` is a figure less the same
figure under a flip, photo by photo.
"""

from __future__ import annotations

from pathlib import Path

from manifests.core.cells import AGE
from manifests.tables import scorecard
from manifests.tables.parts import Estimate, Part


class Drift(Part):
    """A change from the original to the copy, by itself and beyond that of a flip."""

    value: Estimate
    beyond: Estimate


class AgeDrift(Part):
    """Of n photos, the mean signed (`shift`) and the mean absolute change (`distance`) of the perceived age."""

    n: int
    shift: Drift
    distance: Drift


class ValueDrift(Part):
    """Of n photos, the share whose perceived value changes, and the mean change of the label's probability."""

    n: int
    changed: Drift
    label: Drift


class Step(Part):
    """One policy at one severity.

    Attributes:
        n: photos that have such a copy.
        age: over all photos; None from a judge that predicts no ages.
        bins: the same for each age bin that has photos.
        axes: each other axis that is judged.
        over: what is over its bound, with its whole interval: `age`, an age bin, or an axis.
        unclear: what has an interval that contains its bound; neither over nor unclear: within all bounds.
    """

    policy: str
    severity: float
    n: int
    age: AgeDrift | None
    bins: dict[str, AgeDrift]
    axes: dict[str, ValueDrift]
    over: list[str]
    unclear: list[str]


class Likeness(Part):
    """How one step's copies (or the originals that were probed) lie among real photos, in a space that nobody learnt.

    Attributes:
        n: images.
        own_cell, other_cells: mean distance to the nearest photo of the cell, and of other cells, parents left out;
            None where there is none.
        distinct: photos that are the nearest one of some image, by images; 1 where no two have the same.
        apart: mean distance between two of the images.
    """

    policy: str
    severity: float
    n: int
    own_cell: float | None
    other_cells: float | None
    distinct: float
    apart: float | None


class Accuracy(Part):
    """How often the judge's value is the label, beside the share of the most frequent label."""

    value: Estimate
    most_frequent: float


class Skill(Part):
    """How accurate the judge is: its errors on n original photos that it has not seen.

    `mae_of_mean` is the error of predicting the photos' mean age for each of them.
    """

    n: int
    mae: Estimate | None
    mae_of_mean: float | None
    accuracy: dict[str, Accuracy]

    @property
    def guesses(self) -> list[str]:
        """What the judge is hardly better at than guessing, `age` or an axis: nothing is judged there.

        The interval of its MAE does not stay below the error of predicting the mean; that of its accuracy does not
        exceed the share of the most frequent label.
        """
        age = [AGE] if self.mae and self.mae_of_mean is not None and self.mae.high >= self.mae_of_mean else []
        return age + [axis for axis, of in self.accuracy.items() if of.value.low <= of.most_frequent]


class AuditReport(Part):
    """All of it.

    Attributes:
        target: the axis that is predicted, whose changes come first; None: the age, or an axis that is not judged.
        judge: whose opinions these are.
        photos: how many were probed.
        skill: of the judge.
        bounds: what was still safe: `age`, `age by bin`, `distance` and each axis.
        steps: every policy and severity, in the catalogue's order.
        safe: policy -> its largest severity up to which all are within the bounds; None: there is none.
        likeness: how real the copies look, and how different; the originals first; empty for another judge's opinions.
        warnings: policies of the `policies` section that are used where a bound is exceeded, and what is not judged.
    """

    target: str | None = None
    judge: str
    photos: int
    skill: Skill
    bounds: dict[str, float]
    steps: list[Step]
    safe: dict[str, float | None]
    warnings: list[str]
    likeness: list[Likeness] = []


def write(audit: AuditReport, path: Path) -> None:
    """Publish the audit."""
    scorecard.write_json(audit.model_dump(mode="json"), path)


def read(path: Path) -> AuditReport:
    """Read and check an audit.

    Raises:
        UserError: no such file, no JSON, or a key that is missing, unknown or of another type.
    """
    return scorecard.read_json(path, AuditReport, "an audit", "Run `python -m train.audit`")

"""What is predicted, the age in years or the values of an axis, and all that differs between the two.

No other module asks which of the two it is. Keras is not needed here: the networks' losses are in `train.model.losses`
under the names that a recipe gives them.
"""

from __future__ import annotations

from manifests.core.cells import AGE, Cells
from train.targets.classes import Classes
from train.targets.shared import AGAIN, Readout
from train.targets.years import AGES, NARROWEST, Years

__all__ = ["AGAIN", "AGES", "NARROWEST", "YEARS", "Classes", "Readout", "Target", "Years", "of"]

Target = Years | Classes
YEARS = Years()


def of(name: str, cells: Cells) -> Target:
    """The target of a name that `manifests.sections.task` has checked."""
    if name == AGE:
        return YEARS
    return Classes(next(axis for axis in cells.axes if axis.column == name))

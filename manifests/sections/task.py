"""The `task` section: what is predicted."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.core.params import Section
from manifests.sections.methods import Name


class Task(Section):
    """What is predicted.

    Attributes:
        target: `age`, in years; or an axis of `cells`, whose values are then the classes. The bins of the age are
            the axis `age_bin`.
    """

    key: ClassVar[str] = "task"
    target: Name = Field(default=AGE, min_length=1)

    def needs(self, label: str) -> bool:
        """Whether the target is made of this label: `age`, or the words of an axis."""
        return label == (AGE if self.target == f"{AGE}_bin" else self.target)

    def check(self, cells: Cells, labelled: bool = True) -> None:
        """Check that the target can be predicted.

        Args:
            cells: the axes.
            labelled: whether the photos have ages; a set without any can be scanned and planned, but not trained on.
        Raises:
            UserError: an axis that `cells` does not have, one of fewer than two values, or ages that nobody knows.
        """
        columns = {axis.column: axis for axis in cells.axes}
        known = ", ".join([*([AGE] if labelled else []), *columns])
        if self.target == AGE and labelled:
            return
        if self.target not in columns:
            remedy = "Name one of them, or add the axis to `cells`"
            raise UserError(".target", f"what the photos are labelled with ({known})", repr(self.target), remedy)
        if len(columns[self.target].values) < 2:
            raise UserError(".target", "an axis of two values or more", repr(self.target), "Add a value to `cells`")

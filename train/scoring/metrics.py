"""The figures: mean error by group, and the bias on an axis.

Bias is the challenge's: the mean over all pairs of an axis' groups of |error_i - error_j|. It asks
how even a model is, not how good: a model that is equally wrong everywhere has bias 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manifests.core.cells import Cells


@dataclass(frozen=True)
class Grouping:
    """Which photo is in which group of one axis; groups without photos are left out.

    Attributes:
        axis: the axis' name.
        groups: the groups that have photos, in the order of `cells`.
        member: float64 (photos, groups), 1 where the photo is in the group, else 0.
        empty: the groups that no photo is in.
    """

    axis: str
    groups: tuple[str, ...]
    member: np.ndarray
    empty: tuple[str, ...]

    @property
    def counts(self) -> np.ndarray:
        """int64 (groups,): photos in each."""
        return self.member.sum(axis=0).astype(np.int64)


def groupings(cells: Cells, cell: np.ndarray) -> tuple[Grouping, ...]:
    """Make one grouping per axis, for int (photos,) joint cells, all 0 or more."""
    position = cells.grid()[cell]
    made = []
    for axis, column in zip(cells.axes, position.T, strict=True):
        member = (column[:, None] == np.arange(len(axis.values))).astype(np.float64)
        full = member.any(axis=0)
        made.append(
            Grouping(
                axis.name,
                tuple(v for v, has in zip(axis.values, full, strict=True) if has),
                member[:, full],
                tuple(v for v, has in zip(axis.values, full, strict=True) if not has),
            )
        )
    return tuple(made)


def bystanders(axes: Sequence[Grouping], own: str | None) -> tuple[Grouping, ...]:
    """The axes whose bias counts: all but the target's own, whose groups are the classes themselves."""
    return tuple(axis for axis in axes if axis.axis != own)


def compared(axes: Sequence[Grouping], own: str | None) -> list[Grouping]:
    """Those of them with two groups or more, so that there is a pair to compare."""
    return [axis for axis in bystanders(axes, own) if len(axis.groups) > 1]


def group_means(member: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of `values` over each group's photos.

    Sums are of the distance to the first value, so that groups of equal values get equal means
    to the last bit, and their bias is exactly 0.

    Args:
        member: float64 (photos, groups), 0 or 1, no column all 0.
        values: float64 (..., photos).
    Returns:
        float64 (..., groups).
    """
    first = float(values.flat[0])
    return (values - first) @ member / member.sum(axis=0) + first


def weighted_group_means(member: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same in each replicate of the bootstrap; a group that a replicate missed keeps its mean.

    Args:
        member: float64 (photos, groups), 0 or 1, no column all 0.
        values: float64 (photos,).
        weights: float64 (replicates, photos).
    Returns:
        float64 (replicates, groups).
    """
    centre = group_means(member, values)
    total = weights @ member
    moved = weights @ (member * (values[:, None] - centre))
    return centre + moved / np.where(total > 0, total, 1.0)


def gaps(means: np.ndarray) -> np.ndarray:
    """Differences of all pairs of groups: float64 (..., groups) to (..., groups * (groups - 1) / 2)."""
    first, second = np.triu_indices(means.shape[-1], k=1)
    return means[..., first] - means[..., second]


def bias(means: np.ndarray) -> np.ndarray:
    """Mean absolute difference over all pairs of groups; 0 for a single group, which has no pair.

    Args:
        means: float64 (..., groups), the groups' mean errors.
    Returns:
        float64 (...), in the same unit.
    """
    pairs = np.abs(gaps(means))
    return pairs.mean(axis=-1) if pairs.shape[-1] else np.zeros(means.shape[:-1])

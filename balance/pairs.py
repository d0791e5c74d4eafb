"""`max_copies_of: pair`: a mix of two persons shows a new one, which counts as a pair, not as the photo's person.

How many copies a person may get in all then depends on the policies and on who is mixed with whom. It is not estimated
but read off the copies, which are known before there is a plan: what a copy is depends on its photo and its number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from balance.copies import Copies, CopyRules, Rejected, numbered, plan_copies
from balance.solver.limits import Room
from manifests.sections.policies import MIXED

MOST = 8  # times `max_copies`: a person gets no more copies than that in all, however many others there are


@dataclass(frozen=True)
class Counted:
    """The largest numbers anywhere.

    Attributes:
        person: copies of one person in a cell.
        alone: those that show that person alone.
        pair: copies in a cell that mix the same two persons.
    """

    person: int
    alone: int
    pair: int


def counted(rules: CopyRules, made: Copies) -> Counted:
    """Count a plan's copies.

    Args:
        rules: the photos, their cells and persons.
        made: the copies.
    """
    group, _ = _persons(rules)
    mixed = _mixed(rules, made.policy)
    every, alone = (np.bincount(group[photo]).max(initial=0) for photo in (made.photo, made.photo[~mixed]))
    return Counted(int(every), int(alone), int(_pairs(rules, made)[1].max(initial=0)))


def room(rules: CopyRules, total: int | None, rejected: Rejected, caps: np.ndarray) -> Room:
    """How many copies each person, and each cell, may get.

    A person gets the more copies the more of them are mixes. A cell's persons get as many as one another, each up to a
    number of their own, as long as no pair is mixed too often. More copies only add to fewer ones, so that both
    numbers are found by bisection.

    Args:
        rules: the photos and the policies; `by_person`.
        total: images that no cell needs more than; None: not known.
        rejected: copy numbers that are left out.
        caps: int64 (cells,), `max_copies`: of one person alone, and of one pair.
    """
    group, cell = _persons(rules)
    size, persons = len(caps), np.bincount(cell, minlength=len(caps))
    enough = (
        MOST * caps
        if total is None
        else np.where(persons * caps >= total, -(-total // np.maximum(1, persons)), MOST * caps)
    )
    without = np.zeros(len(cell), bool)  # a policy: an error, should the plan want copies of them
    without[group[rules.weights.sum(axis=1) == 0]] = True
    high = np.where(without, 0, enough[cell])

    def planned(most: np.ndarray) -> tuple[CopyRules, np.ndarray]:
        return replace(rules, most=most[group]), np.bincount(cell, most, size).astype(np.int64)

    def alone(most: np.ndarray) -> np.ndarray:
        photo, _, policy = numbered(*planned(most), rejected)
        return np.bincount(group[photo[~_mixed(rules, policy)]], minlength=len(cell)) <= caps[cell]

    most = _largest(high, alone)

    def apart(level: np.ndarray) -> np.ndarray:
        of, count = _pairs(rules, plan_copies(*planned(np.minimum(level[cell], most)), rejected))
        return np.bincount(of, count > caps[of], size) == 0

    level = _largest(enough, apart)
    most = np.where(without, caps[cell], np.minimum(level[cell], most))
    return Room(np.bincount(cell, most, size).astype(np.int64), most[group])


def _largest(high: np.ndarray, fits: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The largest whole numbers from 0 to `high` that fit, each by bisection; 0 fits."""
    low = np.zeros_like(high)
    while (low < high).any():
        middle = (low + high + 1) // 2
        found = fits(middle)
        low, high = np.where(found, middle, low), np.where(found, high, middle - 1)
    return low


def _persons(rules: CopyRules) -> tuple[np.ndarray, np.ndarray]:
    """A number for each photo's person in its cell, int64 (photos,); and the cell of each such number."""
    each, group = np.unique(np.stack([rules.photos.cell, rules.photos.person]), axis=1, return_inverse=True)
    return group.reshape(-1), each[0]


def _mixed(rules: CopyRules, policy: np.ndarray) -> np.ndarray:
    return np.array([name == MIXED for name in rules.policies.root], bool)[policy]


def _pairs(rules: CopyRules, made: Copies) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of persons that is mixed: the cell, and the number of copies."""
    mixed = _mixed(rules, made.policy)
    photo, donor = made.photo[mixed], made.donor[mixed]
    who = np.sort(np.stack([rules.photos.person[photo], rules.photos.person[donor]]), axis=0)
    each, count = np.unique(np.stack([rules.photos.cell[photo], *who]), axis=1, return_counts=True)
    return each[0], count

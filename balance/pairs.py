"""`max_copies_of: pair`: a mix of two persons shows a new one, which counts as a pair, not as the photo's person.

How many copies a person may get in all then depends on the policies and on who is mixed with whom. It is not estimated
but read off the copies, which are known before there is a plan: what a copy is depends on its photo and its number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from balance import allocate
from balance.copies import Copies, CopyRules, Rejected, plan_copies
from balance.solver.check import WrongPlan
from balance.solver.limits import Room
from manifests.sections.policies import MIXED

MOST = 8  # times `max_copies`: a person gets no more copies than that in all, however many others there are
_LIMIT = 1000  # nor more than that, which bounds the work


@dataclass(frozen=True)
class Counted:
    """The largest numbers of a plan.

    Attributes:
        person: copies of one person in a cell.
        alone: those that show that person alone.
        pair: copies in a cell that mix the same two persons.
    """

    person: int
    alone: int
    pair: int


def counted(rules: CopyRules, made: Copies, caps: np.ndarray) -> Counted:
    """Count a plan's copies.

    Args:
        rules: the photos, their cells and persons.
        made: the copies.
        caps: int64 (cells,), `max_copies`.
    Raises:
        WrongPlan: one person alone, or a pair, is above.
    """
    group, cell = _persons(rules)
    mixed = _mixed(rules, made)
    alone = np.bincount(group[made.photo[~mixed]], minlength=len(cell))
    of, pair = np.unique(_pairs(rules, made), axis=1, return_counts=True)
    if (alone > caps[cell]).any() or (pair > caps[of[0].astype(np.int64)]).any():
        raise WrongPlan("copies of one person alone, or of two mixed, above max_copies")
    return Counted(*(int(one.max(initial=0)) for one in (np.bincount(group[made.photo]), alone, pair)))


def room(rules: CopyRules, rejected: Rejected, ample: int, caps: np.ndarray) -> Room:
    """How many copies each person, and each cell, may get.

    Everybody is given more copies than needed. A person's bound is the first copy that shows that person alone and is
    one too many; or the first mix of a pair that is, if both of the pair had as many copies: it bounds either of them.

    Args:
        rules: the photos and the policies; `by_person`.
        rejected: copy numbers that are left out.
        ample: images that no cell needs more than.
        caps: int64 (cells,), `max_copies`: of one person alone, and of one pair.
    """
    group, cell = _persons(rules)
    size, persons = len(caps), np.bincount(cell, minlength=len(caps))
    enough = np.where(persons * caps >= ample, -(-ample // np.maximum(1, persons)), MOST * caps)
    most = np.minimum(enough, _LIMIT)[cell]
    without = np.zeros(len(cell), bool)  # a policy: an error, should the plan want copies of them
    without[group[rules.weights.sum(axis=1) == 0]] = True
    most[without] = 0
    augment = np.bincount(cell, most, size).astype(np.int64)
    made = plan_copies(replace(rules, most=most[group]), augment, rejected)
    turn, mixed = _turns(rules, made, group), _mixed(rules, made)
    alone = group[made.photo[~mixed]]
    np.minimum.at(most, *_first_above(alone[None], turn[~mixed], caps[cell[alone]], alone))
    both = _pairs(rules, made)
    cap = caps[cell[group[made.photo[mixed]]]]
    for one in (made.photo[mixed], made.donor[mixed]):
        np.minimum.at(most, *_first_above(both, turn[mixed], cap, group[one]))
    most = np.where(without, caps[cell], most)
    return Room(np.bincount(cell, most, size).astype(np.int64), most[group])


def _first_above(
    key: np.ndarray, turn: np.ndarray, cap: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(persons, bounds): for each copy the turn of the first copy of the same key that is one too many, if any is.

    Args:
        key: int64 (any, copies), copies of equal columns are counted together.
        turn: int64 (copies,), the place of each among its person's copies.
        cap: int64 (copies,), how many of one key there may be.
        group: int64 (copies,), whom the bound is for.
    """
    if not len(turn):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, same = np.unique(key, axis=1, return_inverse=True)
    same = same.reshape(-1)
    order = np.lexsort((turn, same))
    first = np.searchsorted(same[order], np.arange(same.max() + 1))
    bound = np.full(len(first), np.iinfo(np.int64).max)
    place = np.arange(len(order)) - first[same[order]]
    over = order[place == cap[order]]
    bound[same[over]] = turn[over]
    return group, bound[same]


def _turns(rules: CopyRules, made: Copies, group: np.ndarray) -> np.ndarray:
    """int64 (copies,): how many copies its person has before each: its photos take turns, the first by rank."""
    rank = allocate.ranks(group, rules.hashes("rank"))
    first = np.searchsorted(made.photo, made.photo)  # copies are in order of photo and number
    return (np.arange(len(made.photo)) - first) * np.bincount(group)[group[made.photo]] + rank[made.photo]


def _persons(rules: CopyRules) -> tuple[np.ndarray, np.ndarray]:
    """A number for each photo's person in its cell, int64 (photos,); and the cell of each such number."""
    each, group = np.unique(np.stack([rules.photos.cell, rules.photos.person]), axis=1, return_inverse=True)
    return group.reshape(-1), each[0]


def _mixed(rules: CopyRules, made: Copies) -> np.ndarray:
    return np.array([name == MIXED for name in rules.policies.root], bool)[made.policy]


def _pairs(rules: CopyRules, made: Copies) -> np.ndarray:
    """int64 (3, mixes): the cell and the two persons of each mix, the smaller number first."""
    mixed = _mixed(rules, made)
    photo, donor = made.photo[mixed], made.donor[mixed]
    who = np.sort(np.stack([rules.photos.person[photo], rules.photos.person[donor]]), axis=0)
    return np.concatenate([rules.photos.cell[photo][None], who])

"""What each copy is: of which photo, its number, its policy and its donor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from balance import allocate
from balance.counts import TrainPhotos
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.policies import Policies, needs_donor
from manifests.tables.plan_report import PolicyRejects

_BATCH = 1 << 22  # pairs of copy and photo scored at once
RING = 4096  # photos of a cell up to which each pair of copy and photo is scored
_OFTEN = 3  # rejected copies from which a policy counts as often rejected
Rejected = Mapping[int, frozenset[int]]  # photo -> copy numbers that are never planned


@dataclass(frozen=True)
class CopyRules:
    """Everything that decides what a photo's copy is, apart from its number.

    Attributes:
        photos: those of the plan.
        cells: the axes.
        policies: the section.
        seed: of params.yaml.
    """

    photos: TrainPhotos
    cells: Cells
    policies: Policies
    seed: int

    def hashes(self, purpose: str) -> np.ndarray:
        """uint64 (photos,): each photo's hash for one purpose."""
        return allocate.photo_hash(self.seed, self.photos.image_ids, purpose)

    def ranks(self) -> np.ndarray:
        """int64 (photos,): each photo's position in its cell."""
        return allocate.ranks(self.photos.cell, self.hashes("rank"))

    def weights(self) -> np.ndarray:
        """float64 (cells, policies): how often each cell uses each policy, relative to the others."""
        labels = [dict(zip(self.cells.names, self.cells.labels(i), strict=True)) for i in range(len(self.cells))]
        weights = np.array([[use.at(each)[0] for use in self.policies.root.values()] for each in labels], np.float64)
        alone = np.bincount(self.photos.cell, minlength=len(self.cells)) < 2
        weights[np.ix_(alone, self.donated)] = 0  # no other photo to give its tone
        return weights

    @property
    def donated(self) -> np.ndarray:
        """bool (policies,): whether a policy needs a donor."""
        return np.array([needs_donor(name) for name in self.policies.root], bool)


@dataclass(frozen=True)
class Copies:
    """The copies of a plan, in order of photo and number.

    Attributes:
        photo: int64 (copies,), position among the photos.
        number: int64 (copies,), 1 or more.
        policy: int16 (copies,), position among the policies' names.
        donor: int64 (copies,), position among the photos, -1 for none.
    """

    photo: np.ndarray
    number: np.ndarray
    policy: np.ndarray
    donor: np.ndarray


def plan_copies(rules: CopyRules, augment: np.ndarray, rejected: Rejected) -> Copies:
    """Say what each copy is.

    Args:
        rules: the photos and the policies.
        augment: int64 (cells,), images to synthesise.
        rejected: copy numbers to leave out.
    Raises:
        UserError: a cell with copies has no policy that it can use.
    """
    count = allocate.copies(rules.photos.cell, rules.ranks(), augment)
    photo, number = allocate.copy_numbers(count, rejected)
    policy = _policies(rules, photo, number)
    donor = np.full(len(photo), -1, np.int64)
    tone = np.flatnonzero(rules.donated[policy]) if len(policy) else np.zeros(0, np.int64)
    donor[tone] = _donors(rules, photo[tone], number[tone])
    return Copies(photo, number, policy, donor)


def rejected_numbers(rejects: Collection[str], image_ids: list[str]) -> Rejected:
    """The rejected task_ids as photo -> copy numbers; those of photos that are gone are passed over."""
    numbers: dict[str, set[int]] = {}
    for task in rejects:
        image_id, _, number = task.rpartition("_")
        numbers.setdefault(image_id, set()).add(int(number))
    return {i: frozenset(numbers[image]) for i, image in enumerate(image_ids) if image in numbers} if numbers else {}


def rejected_policies(rules: CopyRules, made: Copies, rejected: Rejected) -> dict[str, PolicyRejects]:
    """Policy -> its copies planned and rejected; often is three or more, at twice the rate of all copies."""
    photo = np.array([p for p, numbers in rejected.items() for _ in numbers], np.int64)
    number = np.array([n for numbers in rejected.values() for n in sorted(numbers)], np.int64)
    if not len(photo):
        return {}
    names = list(rules.policies.root)
    down = np.bincount(_policies(rules, photo, number), minlength=len(names))
    planned = np.bincount(made.policy, minlength=len(names))
    rate = down.sum() / (down.sum() + planned.sum())
    often = (down >= _OFTEN) & (down >= 2 * rate * (down + planned))
    return {
        name: PolicyRejects(planned=int(planned[i]), rejected=int(down[i]), often=int(often[i]))
        for i, name in enumerate(names)
        if down[i]
    }


def _policies(rules: CopyRules, photo: np.ndarray, number: np.ndarray) -> np.ndarray:
    """int16 (copies,): the policy of copy `number` of each `photo`."""
    weight, cell = rules.weights(), rules.photos.cell
    parents, inverse = np.unique(photo, return_inverse=True)
    without = np.intersect1d(cell[parents], np.flatnonzero(weight.sum(axis=1) == 0))
    if without.size:
        rule = f"a policy of weight above 0 for cell {rules.cells.name(int(without[0]))}"
        raise UserError("", rule, "none", "Add one (tone needs two photos)")
    chosen = np.empty(len(photo), np.int16)
    hashes = [rules.hashes(f"policy/{name}")[parents] for name in rules.policies.root]
    offset = np.stack(hashes, axis=1) / 2.0**64 if hashes else np.zeros((len(parents), 0))
    longest = np.zeros(len(parents), np.int64)
    np.maximum.at(longest, inverse, number)
    longest = 1 << np.ceil(np.log2(longest)).astype(np.int64)  # few lengths: a sequence begins with any shorter one
    for length in np.unique(longest):
        same = longest == length
        sequence = allocate.policy_sequence(weight[cell[parents[same]]], offset[same], int(length))
        position = np.cumsum(same) - 1
        rows = np.flatnonzero(same[inverse])
        chosen[rows] = sequence[position[inverse[rows]], number[rows] - 1]
    return chosen


def _donors(rules: CopyRules, photo: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The other photo of the same cell that gives its tone to each copy.

    Rendezvous hashing (Thaler and Ravishankar 1998): each pair of copy and photo has a score, and the
    highest wins; so a new photo changes only the copies that draw it. In a cell of more than RING photos, where
    the pairs would be too many, the photo that follows the copy on a ring wins (Karger et al. 1997, "Consistent
    hashing and random trees"): it has the same property, but draws less evenly.

    Returns:
        int64 (copies,), positions among the photos.
    """
    cells, hashes = rules.photos.cell, rules.hashes("donor")
    keys = _mix(hashes[photo] + number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    found = np.empty(len(photo), np.int64)
    order = np.argsort(cells, kind="stable")
    ends = np.searchsorted(cells[order], np.arange(cells.max(initial=-1) + 2))
    by_cell = np.argsort(cells[photo], kind="stable")
    first = np.searchsorted(cells[photo][by_cell], np.arange(len(ends)))
    for cell in np.unique(cells[photo]):
        members = order[ends[cell] : ends[cell + 1]]
        rows = by_cell[first[cell] : first[cell + 1]]
        if len(members) > RING:
            found[rows] = _following(keys[rows], photo[rows], members, hashes[members])
            continue
        for part in np.array_split(rows, -(-len(rows) * len(members) // _BATCH)):
            score = _mix(keys[part, None] ^ hashes[None, members])
            score[photo[part, None] == members[None, :]] = 0  # not itself
            found[part] = members[score.argmax(axis=1)]
    return found


def _following(keys: np.ndarray, photo: np.ndarray, members: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """The member whose hash follows each key, or the one after it where that is the copy's own photo."""
    order = np.argsort(hashes, kind="stable")
    ring, at = members[order], np.searchsorted(hashes[order], keys)
    own = ring[at % len(ring)] == photo
    return ring[(at + own) % len(ring)]


def _mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): uint64 in, uint64 out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))

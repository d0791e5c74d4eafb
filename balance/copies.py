"""What each copy is: of which photo, its number, its policy and its donor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from balance import allocate, donors
from balance.counts import TrainPhotos
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.policies import DONORS, GLASSES, ON_FACES, Policies
from manifests.tables.pairs import Faces
from manifests.tables.plan_report import PolicyRejects

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
        faces: what is known of the photos' faces.
        by_person: copies are split evenly among the persons of a cell, not among its photos.
        most: int64 (photos,), with `by_person` how many copies its person may get in its cell; None: any number.
    """

    photos: TrainPhotos
    cells: Cells
    policies: Policies
    seed: int
    faces: Faces
    by_person: bool = False
    most: np.ndarray | None = None

    def hashes(self, purpose: str) -> np.ndarray:
        """uint64 (photos,): each photo's hash for one purpose."""
        return allocate.photo_hash(self.seed, self.photos.image_ids, purpose)

    def ranks(self) -> np.ndarray:
        """int64 (photos,): each photo's position in its cell."""
        return allocate.ranks(self.photos.cell, self.hashes("rank"))

    def copies(self, augment: np.ndarray) -> np.ndarray:
        """int64 (photos,): copies of each, of int64 (cells,) images to synthesise."""
        cell, person = self.photos.cell, self.photos.person
        if self.by_person:
            return allocate.copies_of_persons(cell, person, self.hashes("rank"), augment, self.most)
        return allocate.copies(cell, self.ranks(), augment)

    @cached_property
    def weights(self) -> np.ndarray:
        """float64 (photos, policies): how often each photo's copies use each policy, relative to the others."""
        labels = [dict(zip(self.cells.names, self.cells.labels(i), strict=True)) for i in range(len(self.cells))]
        weights = np.array([[use.at(each)[0] for use in self.policies.root.values()] for each in labels], np.float64)
        return weights[self.photos.cell] * self.usable

    @cached_property
    def usable(self) -> np.ndarray:
        """bool (photos, policies): whether a photo has what each policy needs: a face, and somebody who gives."""
        cell, faces = self.photos.cell, self.faces
        usable = np.ones((len(cell), len(self.policies.root)), bool)
        for at, name in enumerate(self.policies.root):
            if name in ON_FACES:
                usable[:, at] &= faces.there
            if name == GLASSES:
                usable[:, at] &= ~faces.spectacles
            if DONORS.get(name) == "own":
                usable[:, at] &= np.bincount(cell)[cell] > 1
            elif DONORS.get(name) == "alike":
                usable[:, at] &= donors.pairable(cell, faces)
            elif DONORS.get(name) == "other":
                usable[:, at] &= faces.there.sum() > np.bincount(cell, faces.there)[cell]
        return usable


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
    photo, number, policy = numbered(rules, augment, rejected)
    donor = np.full(len(photo), -1, np.int64)
    for at, name in enumerate(rules.policies.root):
        rows = np.flatnonzero(policy == at) if name in DONORS else np.zeros(0, np.int64)
        if rows.size:
            donor[rows] = _donors(rules, DONORS[name], photo[rows], number[rows])
    return Copies(photo, number, policy, donor)


def numbered(rules: CopyRules, augment: np.ndarray, rejected: Rejected) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The photo, the number and the policy of each copy; arguments and errors as for `plan_copies`."""
    photo, number = allocate.copy_numbers(rules.copies(augment), rejected)
    return photo, number, _policies(rules, photo, number)


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
    weight = rules.weights
    parents, inverse = np.unique(photo, return_inverse=True)
    without = parents[weight[parents].sum(axis=1) == 0]
    if without.size:
        cell = int(rules.photos.cell[without].min())
        rule = f"a policy of weight above 0 for cell {rules.cells.name(cell)}"
        remedy = "Add one (tone needs two photos, morph two alike, and every policy on landmarks a face)"
        raise UserError("", rule, "none", remedy)
    chosen = np.empty(len(photo), np.int16)
    hashes = [rules.hashes(f"policy/{name}")[parents] for name in rules.policies.root]
    offset = np.stack(hashes, axis=1) / 2.0**64 if hashes else np.zeros((len(parents), 0))
    longest = np.zeros(len(parents), np.int64)
    np.maximum.at(longest, inverse, number)
    longest = 1 << np.ceil(np.log2(longest)).astype(np.int64)  # few lengths: a sequence begins with any shorter one
    for length in np.unique(longest):
        same = longest == length
        sequence = allocate.policy_sequence(weight[parents[same]], offset[same], int(length))
        position = np.cumsum(same) - 1
        rows = np.flatnonzero(same[inverse])
        chosen[rows] = sequence[position[inverse[rows]], number[rows] - 1]
    return chosen


def _donors(rules: CopyRules, kind: str, photo: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The photo that each copy takes from, int64 (copies,), as `DONORS` says who may give."""
    cell, hashes = rules.photos.cell, rules.hashes("donor")
    if kind == "own":
        return donors.own(cell, hashes, photo, number)
    chosen = donors.alike if kind == "alike" else donors.other
    return chosen(cell, hashes, photo, number, rules.faces)


def left_out(rules: CopyRules) -> str:
    """A line that says of how many photos a policy on landmarks makes no copy."""
    lacking = {
        name: int((~rules.usable[:, at]).sum()) for at, name in enumerate(rules.policies.root) if name in ON_FACES
    }
    parts = [f"{name} of {count:,}" for name, count in lacking.items() if count]
    everyone = len(rules.photos.image_ids)
    return f"Left out for want of a face or of somebody alike: {', '.join(parts) or 'nothing'} of {everyone:,} photos."

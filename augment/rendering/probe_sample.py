"""Which photos are probed, and the tasks of a probe: every policy at every severity on each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augment.kernels.draws import Draws
from augment.kernels.policies import CATALOGUE
from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.core.seeds import derive, rendezvous
from manifests.sections.policies import DONORS, MIXED, ON_FACES, needs_donor, share
from manifests.tables import base
from manifests.tables.pairs import Faces
from manifests.tables.tasks import ORIGINAL, task_id

SHARD = 25  # photos in a shard
MIXES = 8  # donors of a photo's mixes: a judge may have seen some of them
_TRIES = 8  # draws that must agree before a policy is said to know no severity


def eligible(source: pa.Table) -> pa.Table:
    """The labelled train photos that are no near duplicate of a scored one, in order of image_id."""
    usable = (pc.field("split") == "train") & pc.field("near_of").is_null() & (pc.field("cell") >= 0)
    return source.filter(usable).sort_by("image_id").combine_chunks()


def choose(photos: pa.Table, cells: Cells, count: int, seed: int) -> pa.Table:
    """A sample that is spread over the age bins, and within a bin over the joint cells.

    The rare cells are those that a plan copies most. Photos rank by a hash of their own, so that a new
    photo moves few others in or out.

    Args:
        photos: of `eligible`.
        cells: the axes.
        count: photos wanted; all of them where there are fewer.
        seed: of params.yaml.
    Raises:
        UserError: there is no photo.
    """
    if not photos.num_rows:
        raise UserError("source.parquet", "labelled train photos", "none", "Look at quarantine.parquet")
    cell = photos["cell"].to_numpy()
    ticket = np.array([derive(seed, one, 0, 0) for one in photos["image_id"].to_pylist()], np.uint64)
    bins = cells.grid()[cell, cells.names.index(AGE)] if AGE in cells.names else np.zeros(len(cell), np.int64)
    turn = _rank(cell, ticket)  # 0 for the first photo of each cell
    place = _rank(bins, ticket, turn)  # 0 for the first photo of each bin
    order = np.lexsort((ticket, place))
    return photos.take(pa.array(np.sort(order[:count])))


def _rank(group: np.ndarray, ticket: np.ndarray, first: np.ndarray | None = None) -> np.ndarray:
    """int64 (photos,): each photo's place in its group, in order of `first`, then of `ticket`."""
    order = np.lexsort((ticket, np.zeros_like(group) if first is None else first, group))
    _, starts = np.unique(group[order], return_index=True)
    sizes = np.diff([*starts, len(group)])
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(starts, sizes)
    return rank


def ladder(policy: str, severities: Sequence[float]) -> tuple[float, ...]:
    """The severities to probe; 1 alone where the policy draws the same at all of them."""
    draw = CATALOGUE[policy].draw
    moved = any(draw(Draws(seed), severities[0]) != draw(Draws(seed), severities[-1]) for seed in range(_TRIES))
    return tuple(severities) if moved or len(severities) == 1 else (1.0,)


def tasks(
    sample: pa.Table,
    photos: pa.Table,
    cells: Cells,
    severities: Sequence[float],
    seed: int,
    faces: Faces,
    theirs: Sequence[str] = (),
) -> pa.Table:
    """The probe's tasks: each photo as it is, then its copies; for `augment.rendering.task_rows.arrange`.

    A policy draws the same at all severities of one photo, so that what differs is the severity alone.

    Args:
        sample: the photos that are probed.
        photos: those that may give something, of `eligible`.
        cells: the axes.
        severities: ascending.
        seed: of params.yaml.
        faces: those of `photos`.
        theirs: policies of the user's own, which are probed at severity 1.
    Returns:
        the columns of the tasks table and `severity`; no row is `kept`, as none belongs to a set.
    """
    steps = [(name, severity) for name in CATALOGUE if name != "copy" for severity in ladder(name, severities)]
    steps += [(name, 1.0) for name in theirs]
    steps += [(MIXED, 1.0)] * (MIXES - 1)
    lenders = _Lenders(photos["image_id"].to_pylist(), photos["cell"].to_numpy(), photos["age"].to_pylist(), faces)
    at, made = [], []
    for row, image_id in enumerate(sample["image_id"].to_pylist()):
        for one in _of_photo(image_id, lenders, steps, seed):
            at.append(row)
            made.append((*one, f"probe-{row // SHARD:05d}.tar"))
    rows = sample.take(pa.array(at, pa.int64()))
    number, policy, severity, own, donor, age, shard = zip(*made, strict=True)
    labels = base.axis_columns(cells, rows["cell"].combine_chunks())
    ids = rows["image_id"].to_pylist()
    columns = {
        "task_id": [task_id(image, copy) for image, copy in zip(ids, number, strict=True)],
        "image_id": ids,
        "copy": pa.array(number, pa.int32()),
        "split": rows["split"],
        "kept": [False] * len(made),
        "policy": pa.array(policy).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
        "severity": pa.array(severity, pa.float64()),
        "seed": pa.array(own, pa.uint64()),
        "donor": pa.array(donor, pa.string()),
        "shard": pa.array(shard).dictionary_encode(),
        "age": pa.array(age, pa.float32()),
        "age_std": rows["age_std"],
        **dict(zip((field.name for field in base.axis_fields(cells)), labels, strict=True)),
    }
    return pa.table(columns)


@dataclass(frozen=True)
class _Lenders:
    """The photos that may give something, their cells, ages and faces."""

    ids: list[str]
    cell: np.ndarray
    age: list[float | None]
    faces: Faces

    def of(self, row: int, policy: str) -> list[str]:
        """Who may give something to copies of the photo at `row`, first choice first, by rendezvous hashing."""
        everyone = np.arange(len(self.ids))
        own = self.cell == self.cell[row]
        if DONORS[policy] == "own":
            may = np.flatnonzero(own & (everyone != row))
        elif DONORS[policy] == "alike":
            members = np.flatnonzero(own)
            may = members[self.faces.alike(np.array([row]), members)[0]]
        else:
            may = np.flatnonzero(~own & self.faces.there)
        names = [self.ids[one] for one in may.tolist()]
        place = f"{self.ids[row]}/probe/{policy}"
        return sorted(names, key=lambda other: (rendezvous(f"{place}/{other}"), other), reverse=True)

    def mixed(self, row: int, donor: str | None, policy: str, seed: int) -> float | None:
        """The age of a copy."""
        age, other = self.age[row], self.age[self.ids.index(donor)] if policy == MIXED and donor else None
        return age if age is None or other is None else age + share(seed) * (other - age)


def _of_photo(
    image_id: str, lenders: _Lenders, steps: list[tuple[str, float]], seed: int
) -> Iterator[tuple[int, str, float, int, str | None, float | None]]:
    """(copy, policy, severity, seed, donor, age) of one photo's tasks; none that lacks a donor or a face."""
    row, mixes = lenders.ids.index(image_id), 0
    yield 0, ORIGINAL, 0.0, derive(seed, image_id, 0, 0), None, lenders.age[row]
    for copy, (name, severity) in enumerate(steps, start=1):
        mixes += name == MIXED
        number = mixes if name == MIXED else 1
        own, donor = derive(seed, f"{image_id}/probe/{name}", number, 0), None
        if name in ON_FACES and not lenders.faces.there[row]:
            continue
        if needs_donor(name):
            willing = lenders.of(row, name)
            if len(willing) < number:
                continue
            donor = willing[number - 1]
        yield copy, name, severity, own, donor, lenders.mixed(row, donor, name, own)

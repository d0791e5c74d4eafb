"""From the plan to one task an output image: which photo, which copy, which policy, seed and donor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from balance.allocate import copies, copy_numbers, kept, photo_hash, policy_sequence, ranks
from balance.counts import Photos
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.seeds import derive
from manifests.sections.policies import Policies, needs_donor
from manifests.tables import base
from manifests.tables.source import SPLITS
from manifests.tables.tasks import ORIGINAL, task_id

GROUPS = ("dropped", "test", "train", "valid")  # a shard's first name, in order
SPLIT = np.array([0, 2, 0, 1], np.int16)  # of each group, as positions in SPLITS
_BATCH = 1 << 22  # pairs of task and photo weighed at once


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


def policy_weights(policies: Policies, cells: Cells) -> np.ndarray:
    """float64 (cells, policies): how often each cell uses each policy, relative to the others."""
    rows = [dict(zip(cells.names, cells.labels(cell), strict=True)) for cell in range(len(cells))]
    return np.array([[use.at(labels)[0] for use in policies.root.values()] for labels in rows], np.float64)


def plan_copies(
    photos: Photos,
    cells: Cells,
    augment: np.ndarray,
    policies: Policies,
    seed: int,
    rejected: Mapping[int, frozenset[int]],
    where: str,
) -> Copies:
    """Say what each copy is.

    Args:
        photos: those of the plan.
        cells: the axes.
        augment: int64 (cells,), images to synthesise.
        policies: the section.
        seed: of params.yaml.
        rejected: photo -> copy numbers that are never planned.
        where: `params.yaml: policies`, for messages.
    Raises:
        UserError: a cell with copies has no policy that it can use.
    """
    rank = ranks(photos.cell, photo_hash(seed, photos.image_ids, "rank"))
    photo, number = copy_numbers(copies(photos.cell, rank, augment), rejected)
    policy = choose_policies(photos, cells, photo, number, policies, seed, where)
    names = list(policies.root)
    wants = np.array([needs_donor(name) for name in names], bool)
    donor = np.full(len(photo), -1, np.int64)
    tone = np.flatnonzero(wants[policy]) if len(policy) else np.zeros(0, np.int64)
    donor[tone] = donors(photos, photo[tone], number[tone], seed)
    return Copies(photo, number, policy, donor)


def choose_policies(
    photos: Photos,
    cells: Cells,
    photo: np.ndarray,
    number: np.ndarray,
    policies: Policies,
    seed: int,
    where: str,
) -> np.ndarray:
    """int16 (copies,): the policy of copy `number` of each `photo`."""
    names = list(policies.root)
    weight = policy_weights(policies, cells)
    alone = np.bincount(photos.cell, minlength=len(cells)) < 2
    weight[np.ix_(alone, np.array([needs_donor(name) for name in names], bool))] = 0  # no other photo to give its tone
    parents, inverse = np.unique(photo, return_inverse=True)
    idle = np.flatnonzero(weight.sum(axis=1) == 0)
    without = np.intersect1d(photos.cell[parents], idle)
    if without.size:
        cell = cells.name(int(without[0]))
        raise UserError(
            where,
            f"a policy of weight above 0 for cell {cell}",
            "none",
            "Add one (tone needs two photos)",
        )
    chosen = np.empty(len(photo), np.int16)
    drawn = [photo_hash(seed, [photos.image_ids[p] for p in parents], f"policy/{name}") for name in names]
    offset = np.stack(drawn, axis=1) / 2.0**64 if names else np.zeros((len(parents), 0))
    longest = np.zeros(len(parents), np.int64)
    np.maximum.at(longest, inverse, number)
    for length in np.unique(longest):
        same = longest == length
        sequence = policy_sequence(weight[photos.cell[parents[same]]], offset[same], int(length))
        position = np.cumsum(same) - 1
        rows = np.flatnonzero(same[inverse])
        chosen[rows] = sequence[position[inverse[rows]], number[rows] - 1]
    return chosen


def donors(photos: Photos, photo: np.ndarray, number: np.ndarray, seed: int) -> np.ndarray:
    """The other photo of the same cell that gives its tone to each copy.

    Rendezvous hashing (Thaler and Ravishankar 1998): each pair of copy and photo has a score, the
    highest wins; so a new photo changes only the copies that draw it.

    Returns:
        int64 (copies,), positions among the photos.
    """
    tickets = photo_hash(seed, photos.image_ids, "donor")
    keys = _mix(tickets[photo] + number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    found = np.empty(len(photo), np.int64)
    order = np.argsort(photos.cell, kind="stable")
    ends = np.searchsorted(photos.cell[order], np.arange(photos.cell.max(initial=-1) + 2))
    for cell in np.unique(photos.cell[photo]):
        members = order[ends[cell] : ends[cell + 1]]
        rows = np.flatnonzero(photos.cell[photo] == cell)
        for part in np.array_split(rows, -(-len(rows) * len(members) // _BATCH)):
            score = _mix(keys[part, None] ^ tickets[None, members])
            score[photo[part, None] == members[None, :]] = 0  # not itself
            found[part] = members[score.argmax(axis=1)]
    return found


def _mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): uint64 in, uint64 out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def table(
    source: pa.Table,
    cells: Cells,
    photos: Photos,
    keep: np.ndarray,
    made: Copies,
    policies: Policies,
    seed: int,
    size: int,
) -> pa.Table:
    """The tasks: originals and copies of train, kept or dropped, and all of valid and test.

    Args:
        source: the source table.
        cells: the axes.
        photos: those of the plan.
        keep: int64 (cells,), originals that stay in each cell.
        made: the copies.
        policies: the section.
        seed: of params.yaml.
        size: images in a shard.
    Returns:
        the tasks table, in order of shard, image_id and copy.
    """
    stays = kept(photos.cell, ranks(photos.cell, photo_hash(seed, photos.image_ids, "rank")), keep)
    group, row = _originals(source, photos, stays)
    count, copied = len(row), len(made.photo)
    group = np.concatenate([group, np.full(copied, GROUPS.index("train"), np.int64)])
    row = np.concatenate([row, photos.row[made.photo]])
    number = np.concatenate([np.zeros(count, np.int64), made.number])
    policy = np.concatenate([np.zeros(count, np.int16), made.policy + np.int16(1)])
    donor = np.concatenate([np.full(count, -1, np.int64), np.where(made.donor < 0, -1, photos.row[made.donor])])

    ids = source["image_id"].to_pylist()
    alphabetical = np.argsort(np.argsort(np.array(ids, dtype=np.str_)))
    order = np.lexsort((number, alphabetical[row], group))
    group, row, number, policy, donor = (column[order] for column in (group, row, number, policy, donor))
    shard, names = _shards(group, size)
    image_ids, numbers = [ids[i] for i in row.tolist()], number.tolist()
    labels = source.select(["age", "age_std", "cell"]).take(pa.array(row)).combine_chunks()
    columns = {
        "task_id": pa.array([task_id(image, n) for image, n in zip(image_ids, numbers, strict=True)], pa.string()),
        "image_id": pa.array(image_ids, pa.string()),
        "copy": pa.array(number, pa.int32()),
        "split": pa.DictionaryArray.from_arrays(pa.array(SPLIT[group]), pa.array(SPLITS)),
        "kept": pa.array(group != GROUPS.index("dropped")),
        "policy": pa.DictionaryArray.from_arrays(pa.array(policy), pa.array([ORIGINAL, *policies.root])),
        "seed": pa.array([derive(seed, image, n, 0) for image, n in zip(image_ids, numbers, strict=True)], pa.uint64()),
        "donor": pa.array(ids, pa.string()).take(pa.array(donor, mask=donor < 0)),
        "shard": pa.DictionaryArray.from_arrays(pa.array(shard.astype(np.int32)), pa.array(names, pa.string())),
        "age": labels["age"],
        "age_std": labels["age_std"],
    }
    axes = base.axis_columns(cells, labels["cell"].combine_chunks())
    return pa.table([*columns.values(), *axes], names=[*columns, *cells.columns, "cell"])


def _originals(source: pa.Table, photos: Photos, stays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(group, source row) of every photo that is rendered as it is; near duplicates are not."""
    split = source["split"].cast(pa.string()).to_numpy(zero_copy_only=False)
    near = source["near_of"].is_valid().to_numpy(zero_copy_only=False)
    group = np.full(len(split), -1, np.int64)
    for name in ("valid", "test"):
        group[split == name] = GROUPS.index(name)
    group[(split == "train") & ~near] = GROUPS.index("dropped")
    group[photos.row[stays]] = GROUPS.index("train")
    row = np.flatnonzero(group >= 0)
    return group[row], row


def _shards(group: np.ndarray, size: int) -> tuple[np.ndarray, list[str]]:
    """Cut each group, in order, into shards: int64 (tasks,) shard numbers, and the shards' file names."""
    first = np.searchsorted(group, group)
    within = (np.arange(len(group)) - first) // size
    keys, number = np.unique(group * len(group) + within, return_inverse=True)
    return number, [f"{GROUPS[key // len(group)]}-{key % len(group):05d}.tar" for key in keys.tolist()]

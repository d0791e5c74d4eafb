"""The tasks: one per output image, which says what it is made from and which shard it goes to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from balance.copies import Copies, CopyRules
from balance.counts import TrainPhotos
from manifests.core.seeds import derive
from manifests.sections.policies import MIXED, share
from manifests.tables import base
from manifests.tables.source import SPLITS
from manifests.tables.tasks import ORIGINAL, task_id

GROUPS = ("dropped", "test", "train", "valid")  # the first part of a shard's name, in order
SPLIT = np.array([0, 2, 0, 1], np.int16)  # of each group, as positions in SPLITS


def table(source: pa.Table, rules: CopyRules, made: Copies, keep: np.ndarray, shard_size: int) -> pa.Table:
    """The tasks: originals and copies of train, kept or dropped, and all of valid and test.

    Args:
        source: the source table.
        rules: the photos and the policies.
        made: the copies.
        keep: int64 (cells,), originals that stay in each cell.
        shard_size: images in a shard.
    Returns:
        the tasks table, in order of shard, image_id and copy.
    """
    photos, cells = rules.photos, rules.cells
    stays = rules.ranks() < keep[photos.cell]
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
    shard, names = _shards(group, shard_size)
    image_ids, numbers = [ids[i] for i in row.tolist()], number.tolist()
    labels = source.select(["age", "age_std", "cell"]).take(pa.array(row)).combine_chunks()
    seeds = np.array([derive(rules.seed, image, n, 0) for image, n in zip(image_ids, numbers, strict=True)], np.uint64)
    mixed = np.flatnonzero(np.array(["", *rules.policies.root])[policy] == MIXED)
    columns = {
        "task_id": pa.array([task_id(image, n) for image, n in zip(image_ids, numbers, strict=True)], pa.string()),
        "image_id": pa.array(image_ids, pa.string()),
        "copy": pa.array(number, pa.int32()),
        "split": pa.DictionaryArray.from_arrays(pa.array(SPLIT[group]), pa.array(SPLITS)),
        "kept": pa.array(group != GROUPS.index("dropped")),
        "policy": pa.DictionaryArray.from_arrays(pa.array(policy), pa.array([ORIGINAL, *rules.policies.root])),
        "seed": pa.array(seeds),
        "donor": pa.array(ids, pa.string()).take(pa.array(donor, mask=donor < 0)),
        "shard": pa.DictionaryArray.from_arrays(pa.array(shard.astype(np.int32)), pa.array(names, pa.string())),
        "age": _mixed(source["age"], row, donor, seeds, mixed),
        "age_std": _mixed(source["age_std"], row, donor, seeds, mixed),
    }
    axes = base.axis_columns(cells, labels["cell"].combine_chunks())
    return pa.table([*columns.values(), *axes], names=[*columns, *cells.columns, "cell"])


def _mixed(column: pa.ChunkedArray, row: np.ndarray, donor: np.ndarray, seeds: np.ndarray, at: np.ndarray) -> pa.Array:
    """Each task's label: its photo's; for tasks `at` the mix of the photo's and the donor's, null if one of them is."""
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    found = values[row]
    shares = np.array([share(seed) for seed in seeds[at].tolist()], np.float64)
    found[at] += shares * (values[donor[at]] - found[at])
    return pa.array(found, pa.float32(), mask=np.isnan(found))


def _originals(source: pa.Table, photos: TrainPhotos, stays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(group, source row) of every photo that is copied as it is; near duplicates are not."""
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

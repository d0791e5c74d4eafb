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
from manifests.tables.tasks import ORIGINAL, SUFFIXES, shuffled, suffix, task_id

GROUPS = ("dropped", "test", "train", "valid")  # the first part of a shard's name, in order
BLOCK = 1 << 15  # images that are shuffled together
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
        the tasks table, in order of shard and of a hash of the task.
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

    ids, paths = source["image_id"].to_pylist(), source["path"].to_pylist()
    kind = np.array([SUFFIXES.index(suffix(paths[i])) for i in row.tolist()], np.int64)
    kind[number > 0] = 0  # copies are JPEGs
    task_ids = [task_id(ids[i], n) for i, n in zip(row.tolist(), number.tolist(), strict=True)]
    block = _blocks(np.argsort(np.argsort(np.array(ids, dtype=np.str_)))[row], group)
    order, shard, names = _shards(group, kind, block, shuffled(task_ids), shard_size)
    row, number, policy, donor, group = (column[order] for column in (row, number, policy, donor, group))
    image_ids, numbers = [ids[i] for i in row.tolist()], number.tolist()
    labels = source.select(["age", "age_std", "cell"]).take(pa.array(row)).combine_chunks()
    seeds = np.array([derive(rules.seed, image, n, 0) for image, n in zip(image_ids, numbers, strict=True)], np.uint64)
    mixed = np.flatnonzero(np.array(["", *rules.policies.root])[policy] == MIXED)
    columns = {
        "task_id": pa.array(task_ids, pa.string()).take(pa.array(order)),
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


def _blocks(image: np.ndarray, group: np.ndarray) -> np.ndarray:
    """int64 (tasks,): photos, in order of their hashes, so many that their images number BLOCK.

    A photo's copies lie within one block or two, so that rendering one wave or part of the shards after the other
    seldom meets a photo again.
    """
    block = np.empty(len(image), np.int64)
    block[np.lexsort((image, group))] = np.arange(len(image)) // BLOCK
    return block


def _shards(
    group: np.ndarray, kind: np.ndarray, block: np.ndarray, key: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Cut each group into shards of one kind of file, in order of the key.

    Args:
        group: int64 (tasks,), the first part of the shard's name.
        kind: int64 (tasks,), the file's extension.
        block: int64 (tasks,), what comes before the key.
        key: uint64 (tasks,), what the tasks of a block, and those of a shard, are sorted by.
        size: images in a shard.
    Returns:
        int64 (tasks,) the tasks in order of shard and key; int64 (tasks,) the shard of each, in that order; the
        shards' file names.
    """
    order = np.lexsort((key, block, kind, group))
    both = group[order] * len(SUFFIXES) + kind[order]
    first, last = np.searchsorted(both, both), np.searchsorted(both, both, side="right")
    within = (np.arange(len(both)) - first) // size
    place = (within + 0.5) / np.ceil((last - first) / size)  # shards of the kinds of a group alternate
    again = np.lexsort((key[order], kind[order], place, group[order]))
    order, both, within = order[again], both[again], within[again]
    starts = np.append(True, (np.diff(both) != 0) | (np.diff(within) != 0))[: len(order)]
    of = group[order][starts]
    number = np.arange(len(of)) - np.searchsorted(of, of)
    names = [f"{GROUPS[one]}-{at:05d}.tar" for one, at in zip(of.tolist(), number.tolist(), strict=True)]
    return order, np.cumsum(starts) - 1, names

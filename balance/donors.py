"""Who gives something to each copy, by rendezvous hashing: a new photo changes only the copies that draw it.

Each pair of copy and photo has a score, and the highest wins (Thaler and Ravishankar 1998).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from manifests.tables.pairs import Faces

BATCH = 1 << 22  # pairs of copy and photo scored at once
RING = 4096  # photos of a cell up to which each pair of copy and photo is scored
POOL = 1024  # photos whose surroundings are lent


def pairable(cells: np.ndarray, faces: Faces) -> np.ndarray:
    """bool (photos,): whether a photo has another of its cell that it may be mixed with."""
    found = np.zeros(len(cells), bool)
    for members, rows in _cells(cells, np.arange(len(cells))):
        for part in _parts(rows, members):
            found[part] = faces.alike(part, members).any(axis=1)
    return found


def own(cells: np.ndarray, hashes: np.ndarray, photo: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Another photo of the same cell for each copy: int64 (copies,), positions among the photos.

    In a cell of more than RING photos, where the pairs would be too many, the photo that follows the copy on a ring
    wins (Karger et al. 1997, "Consistent hashing and random trees"): it has the same property, but draws less evenly.

    Args:
        cells: int64 (photos,).
        hashes: uint64 (photos,).
        photo, number: int64 (copies,), the photo and the number of each copy.
    """
    return _within(cells, hashes, photo, number, None)


def alike(cells: np.ndarray, hashes: np.ndarray, photo: np.ndarray, number: np.ndarray, faces: Faces) -> np.ndarray:
    """A photo of the same cell, alike in age and pose; as `own`."""
    return _within(cells, hashes, photo, number, faces)


def other(cells: np.ndarray, hashes: np.ndarray, photo: np.ndarray, number: np.ndarray, faces: Faces) -> np.ndarray:
    """A photo of another cell; as `own`.

    Of the whole set, POOL photos of lowest hash lend their surroundings, so that the work does not grow with it.
    """
    there = np.flatnonzero(faces.there)
    pool = np.sort(there[np.argsort(hashes[there], kind="stable")[:POOL]])
    keys, found = _keys(hashes, photo, number), np.empty(len(photo), np.int64)
    for part in _parts(np.arange(len(photo)), pool):
        score = mix(keys[part, None] ^ hashes[None, pool])
        score[cells[photo[part], None] == cells[None, pool]] = 0
        found[part] = pool[score.argmax(axis=1)]
    return found


def _within(
    cells: np.ndarray, hashes: np.ndarray, photo: np.ndarray, number: np.ndarray, faces: Faces | None
) -> np.ndarray:
    keys, found = _keys(hashes, photo, number), np.empty(len(photo), np.int64)
    for members, rows in _cells(cells, photo):
        if faces is None and len(members) > RING:
            found[rows] = _following(keys[rows], photo[rows], members, hashes[members])
            continue
        for part in _parts(rows, members):
            score = mix(keys[part, None] ^ hashes[None, members])
            mine = photo[part]
            score[~faces.alike(mine, members) if faces else mine[:, None] == members[None, :]] = 0
            found[part] = members[score.argmax(axis=1)]
    return found


def _following(keys: np.ndarray, photo: np.ndarray, members: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """The member whose hash follows each key, or the one after it where that is the copy's own photo."""
    order = np.argsort(hashes, kind="stable")
    ring, at = members[order], np.searchsorted(hashes[order], keys)
    own = ring[at % len(ring)] == photo
    return ring[(at + own) % len(ring)]


def _keys(hashes: np.ndarray, photo: np.ndarray, number: np.ndarray) -> np.ndarray:
    return mix(hashes[photo] + number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def _cells(cells: np.ndarray, photo: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each cell that a copy is of: its photos, and the copies."""
    order = np.argsort(cells, kind="stable")
    ends = np.searchsorted(cells[order], np.arange(cells.max(initial=-1) + 2))
    by_cell = np.argsort(cells[photo], kind="stable")
    first = np.searchsorted(cells[photo][by_cell], np.arange(len(ends)))
    for cell in np.unique(cells[photo]).tolist():
        yield order[ends[cell] : ends[cell + 1]], by_cell[first[cell] : first[cell + 1]]


def _parts(rows: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, -(-len(rows) * len(members) // BATCH)) if len(rows) else []


def mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): uint64 in, uint64 out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))

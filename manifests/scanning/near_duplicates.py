"""Near duplicates: photos that are a cropped or recompressed copy of a photo of another split.

There are three steps, each on fewer pairs. Candidates are pairs whose thumbnails correlate, as a whole or
with one of nine crops of either: the closest in an index, which above INDEXED thumbnails is an inverted file (Sivic
and Zisserman 2003, "Video Google") with about the square root as many lists as thumbnails, so that a photo is not
compared with all others. A candidate is aligned by an affine warp that maximises the correlation (Evangelidis and
Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient maximization"), small first, then
at full size. Two photos of different people, once aligned, still share bright skin before a dark background, but no
detail: so the detail, without the low frequencies, must correlate too.

Calibrated by eye on APPA-REAL: pairs of one photo reach 0.97 as a whole and 0.98 in detail, another frame of
the same moment 0.98 and 0.82; the closest pair of two photos 0.97 and 0.71. Between its valid and test photos
another moment of one session reaches 0.97 and 0.65, the closest pair of two people 0.96 and 0.56. Crops to 85% of
the side, at JPEG quality 40, are found.

Thumbnails are rounded to whole numbers so small that their products are exact in float32: the
candidates do not depend on the machine's linear algebra. The lists' centres are thumbnails, evenly spread, for the
same reason: k-means would round.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import cv2
import faiss
import numpy as np

from manifests.core import closest, command, pool

THUMB = 12
CANDIDATE = 0.85  # correlation of thumbnails above which a pair is aligned
EACH = 2  # candidates aligned per train photo, the best
INDEXED = 1 << 11  # thumbnails up to which each is compared with all
PROBES = 12  # lists that a thumbnail is compared with, those with the closest centres
CROPS = 9
COARSE, COARSE_SIDE = 0.95, 32  # correlation, once aligned small, above which it is aligned at full size
_CROP = 7 / 8  # side of the crops, laid at the corners, edges and centre
_BLUR = 1 / 16  # of the side: what is smoother does not count as detail
_LEAST = 1 / 8  # share of the photo in which two aligned ones must overlap
_NORM = 2000.0  # length of a thumbnail: a product is at most its square, below 2**24
_BLOCK = 4096  # train photos per search
_CHUNK = 512  # photos whose thumbnails are made at once
_PAIRS = 64  # per call of a worker
MANY = 1000  # pairs from which processes are worth their start: threads are slower, as each call holds the interpreter
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-3)


class Correlations(NamedTuple):
    """How well two aligned photos correlate as a whole, and in detail."""

    whole: float
    detail: float


SAME = Correlations(0.97, 0.75)  # one photo twice, or two frames that hardly differ
MOMENT = Correlations(0.965, 0.6)  # also one person a moment later, of which nothing is left out


def find(train: np.ndarray, scored: np.ndarray, jobs: int, least: Correlations = SAME) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs of a train and a scored photo, or of a valid and a test photo, that are the same.

    Args:
        train: uint8 (n, side, side), grey photos.
        scored: uint8 (m, side, side), those that they are compared with.
        jobs: how many pairs are aligned at once.
        least: the correlations above which a pair counts.
    Returns:
        int64 (pairs, 2), positions in train and in scored, in order; and
        float64 (pairs,), how well each pair correlates.
    """
    return _aligned_all(train, scored, candidates(train, scored, jobs=jobs), jobs, least)


def within(photos: np.ndarray, jobs: int) -> np.ndarray:
    """Find the pairs of one set's photos that are the same.

    By SAME alone: of APPA-REAL, MOMENT also takes two people for one.

    Args:
        photos: uint8 (n, side, side), grey.
        jobs: how many pairs are aligned at once.
    Returns:
        int64 (pairs, 2), positions, the lower one first, in order.
    """
    pairs = candidates(photos, photos, EACH + 1, jobs)  # each photo finds itself too
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return _aligned_all(photos, photos, pairs, jobs, SAME)[0]


def _aligned_all(
    train: np.ndarray, scored: np.ndarray, pairs: np.ndarray, jobs: int, least: Correlations
) -> tuple[np.ndarray, np.ndarray]:
    """Those of the candidates that are the same, and how well they correlate."""
    scores = np.zeros(len(pairs))
    calls = ((at, train[part[:, 0]], scored[part[:, 1]], least) for at, part in _cut(pairs))
    threads = len(pairs) < MANY
    with (
        command.progress(len(pairs), "near duplicates", "pair") as bar,
        closing(pool.each(jobs, _likenesses, calls, "near duplicates", threads=threads)) as parts,
    ):
        for at, part in parts:
            scores[at : at + len(part)] = part
            bar.update(len(part))
    return pairs[scores > 0], scores[scores > 0]


def candidates(train: np.ndarray, scored: np.ndarray, each: int = EACH, jobs: int = 1) -> np.ndarray:
    """The pairs whose thumbnails correlate above CANDIDATE, at most `each` per train photo.

    Returns:
        int64 (pairs, 2), in order of train photo, the best first.
    """
    if not len(train) or not len(scored):
        return np.zeros((0, 2), np.int64)
    faiss.omp_set_num_threads(jobs)
    others = _thumbs(scored)
    every = others[1:].transpose(1, 0, 2).reshape(-1, THUMB * THUMB)
    whole, cropped = (closest.index(one, INDEXED, PROBES) for one in (others[0], every))
    found = []
    for start in range(0, len(train), _BLOCK):
        left = _thumbs(train[start : start + _BLOCK])
        hits = [_closest(whole, one, each) for one in left]
        row, column, close = _closest(cropped, left[0], CROPS * (each - 1) + 1)  # which has `each` photos at least
        hits.append((row, column // CROPS, close))
        row, column, close = (np.concatenate(part) for part in zip(*hits, strict=True))
        found.append(_best(row, column, close, each) + np.array([start, 0]))
    return np.concatenate(found)


def _closest(index: faiss.Index, thumbs: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row, the position in the index and the product of each thumbnail's closest ones above CANDIDATE."""
    close, position = index.search(thumbs, count)
    row, at = np.nonzero(close > CANDIDATE * _NORM**2)
    return row, position[row, at], close[row, at]


def _best(row: np.ndarray, column: np.ndarray, close: np.ndarray, each: int) -> np.ndarray:
    """int64 (pairs, 2): each pair once, by row, the closest first, at most `each` of a row."""
    pair, first = np.unique(np.stack([row, column], axis=1), axis=0, return_inverse=True)
    closest = np.full(len(pair), -np.inf)
    np.maximum.at(closest, first, close)
    pair = pair[np.lexsort((pair[:, 1], -closest, pair[:, 0]))]
    return pair[np.arange(len(pair)) - np.searchsorted(pair[:, 0], pair[:, 0]) < each]


def _cut(pairs: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    return ((at, pairs[at : at + _PAIRS]) for at in range(0, len(pairs), _PAIRS))


def _likenesses(at: int, ones: np.ndarray, others: np.ndarray, least: Correlations) -> tuple[int, list[float]]:
    return at, [likeness(one, other, least) for one, other in zip(ones, others, strict=True)]


def likeness(one: np.ndarray, other: np.ndarray, least: Correlations = SAME) -> float:
    """How well two uint8 (side, side) photos correlate once aligned; 0 unless they are the same photo.

    The alignment converges where the template lies within the other photo, so both ways are tried.
    """
    small = [cv2.resize(photo, (COARSE_SIDE, COARSE_SIDE), interpolation=cv2.INTER_AREA) for photo in (one, other)]
    if max(_aligned(*small)[0], _aligned(*small[::-1])[0]) < COARSE:
        return 0.0
    whole, detail = max(_aligned(one, other), _aligned(other, one), key=sum)
    return whole * detail if whole > least.whole and detail > least.detail else 0.0


def _aligned(template: np.ndarray, photo: np.ndarray) -> tuple[float, float]:
    """The correlation of two photos as a whole and in detail, the second warped onto the first; 0 if none fits."""
    side = len(template)
    try:
        whole, warp = cv2.findTransformECC(
            template, photo, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, _STEPS, None, 3
        )
    except cv2.error:  # no convergence, or a flat photo
        return 0.0, 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(photo, warp, (side, side), flags=flags)
    inside = cv2.warpAffine(np.full_like(photo, 255), warp, (side, side), flags=flags) == 255
    if inside.mean() < _LEAST:
        return 0.0, 0.0
    pair = [image.astype(np.float32) for image in (template, warped)]
    details = [image - cv2.GaussianBlur(image, (0, 0), side * _BLUR) for image in pair]
    first, second = (detail[inside] - detail[inside].mean() for detail in details)
    return float(whole), float(first @ second / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-9))


def _thumbs(photos: np.ndarray) -> np.ndarray:
    """Make the thumbnails of photos and of nine crops of each, by the area that each pixel has of a thumbnail's.

    Areas are whole numbers, and so are all sums, below 2**24: nothing is rounded before the end.

    Args:
        photos: uint8 (n, side, side), of at most 255 pixels a side.
    Returns:
        float32 (1 + CROPS, n, THUMB * THUMB) of whole numbers, each thumbnail less its mean and of length _NORM.
    """
    side = photos.shape[1]
    inner = round(side * _CROP)
    spans = [(0, side), *((start, inner) for start in (0, (side - inner) // 2, side - inner))]
    areas = np.concatenate([_areas(side, *span) for span in spans])
    cuts = [slice(at, at + THUMB) for at in range(0, len(areas), THUMB)]
    pairs = [(cuts[0], cuts[0]), *((y, x) for y in cuts[1:] for x in cuts[1:])]
    made = np.empty((len(pairs), len(photos), THUMB * THUMB), np.float32)
    for start in range(0, len(photos), _CHUNK):
        part = photos[start : start + _CHUNK].astype(np.float32)
        small = areas @ (part @ areas.T)
        for number, (y, x) in enumerate(pairs):
            grey = areas[y].sum() / THUMB * areas[x].sum() / THUMB  # of a grey level
            flat = small[:, y, x].reshape(len(part), -1)
            made[number, start : start + len(part)] = _normal(flat.astype(np.float64), grey)
    return made


def _areas(side: int, start: int, length: int) -> np.ndarray:
    """float32 (THUMB, side) of whole numbers: how much of each pixel lies in each part of a span, in equal units."""
    pixel, part = np.arange(side)[None] * THUMB, start * THUMB + np.arange(THUMB)[:, None] * length
    covered = np.minimum(pixel + THUMB, part + length) - np.maximum(pixel, part)
    return (np.maximum(covered, 0) // np.gcd.reduce([THUMB, length, start * THUMB])).astype(np.float32)


def _normal(flat: np.ndarray, grey: float) -> np.ndarray:
    """Thumbnails of whole numbers less their means, of length _NORM: shorter where they differ by less than a grey."""
    total, count = flat.sum(axis=1, keepdims=True), flat.shape[1]
    length = np.sqrt(count * (count * np.square(flat).sum(axis=1, keepdims=True) - total**2))
    return np.rint((count * flat - total) * (_NORM / np.maximum(length, count * grey)))

"""Near duplicates: photos that are a cropped or recompressed copy of a photo of another split.

There are three steps, each on fewer pairs. Candidates are pairs whose thumbnails correlate, as a whole or
with one of nine crops of either, by matrix products over all pairs, in blocks. A candidate is aligned by an
affine warp that maximises the correlation (Evangelidis and Psarakis 2008, "Parametric image
alignment using enhanced correlation coefficient maximization"), small first, then at full
size. Two photos of different people, once aligned, still share bright skin before a dark
background, but no detail: so the detail, without the low frequencies, must correlate too.

Calibrated by eye on APPA-REAL: pairs of one photo reach 0.97 as a whole and 0.98 in detail, another frame of
the same moment 0.98 and 0.82; the closest pair of two photos 0.97 and 0.71. Between its valid and test photos
another moment of one session reaches 0.97 and 0.65, the closest pair of two people 0.96 and 0.56. Crops to 85% of
the side, at JPEG quality 40, are found.

Thumbnails are rounded to whole numbers so small that their products are exact in float32: the
candidates do not depend on the machine's linear algebra.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import joblib
import numpy as np

from manifests.core import command

THUMB = 12
CANDIDATE = 0.85  # correlation of thumbnails above which a pair is aligned
EACH = 2  # candidates aligned per train photo, the best
COARSE, COARSE_SIDE = 0.95, 32  # correlation, once aligned small, above which it is aligned at full size
_CROP = 7 / 8  # side of the crops, laid at the corners, edges and centre
_BLUR = 1 / 16  # of the side: what is smoother does not count as detail
_LEAST = 1 / 8  # share of the photo in which two aligned ones must overlap
_NORM = 2000.0  # length of a thumbnail: a product is at most its square, below 2**24
_BLOCK = 1024  # train photos per product
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
    pairs = candidates(train, scored)
    workers = joblib.Parallel(n_jobs=jobs, prefer="threads", batch_size=64, return_as="generator")
    scores = np.zeros(len(pairs))
    with command.progress(len(pairs), "near duplicates", "pair") as bar:
        for at, score in enumerate(workers(joblib.delayed(likeness)(train[i], scored[j], least) for i, j in pairs)):
            scores[at] = score
            bar.update()
    return pairs[scores > 0], scores[scores > 0]


def candidates(train: np.ndarray, scored: np.ndarray, each: int = EACH) -> np.ndarray:
    """The pairs whose thumbnails correlate above CANDIDATE, at most `each` per train photo.

    Returns:
        int64 (pairs, 2), in order of train photo, the best first.
    """
    if not len(train) or not len(scored):
        return np.zeros((0, 2), np.int64)
    right, right_crops, found = _thumbs(scored), _crops(scored), []
    for start in range(0, len(train), _BLOCK):
        block = train[start : start + _BLOCK]
        left = _thumbs(block)
        close = left @ right.T
        for crop in _crops(block):
            np.maximum(close, crop @ right.T, out=close)
        for crop in right_crops:
            np.maximum(close, left @ crop.T, out=close)
        rows, columns = np.nonzero(close > CANDIDATE * _NORM**2)
        best_first = np.lexsort((columns, -close[rows, columns], rows))
        rows, columns = rows[best_first], columns[best_first]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        found.append(np.stack([rows + start, columns], axis=1)[rank < each])
    return np.concatenate(found).astype(np.int64)


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


def _crops(photos: np.ndarray) -> list[np.ndarray]:
    """Thumbnails of nine crops of each photo."""
    side = photos.shape[1]
    inner = round(side * _CROP)
    starts = (0, (side - inner) // 2, side - inner)
    return [_thumbs(photos[:, y : y + inner, x : x + inner]) for y in starts for x in starts]


def _thumbs(photos: np.ndarray) -> np.ndarray:
    """float32 (n, THUMB * THUMB) of whole numbers: each photo small, less its mean, of length _NORM."""
    small = [cv2.resize(photo, (THUMB, THUMB), interpolation=cv2.INTER_AREA) for photo in photos]
    flat = np.asarray(small, np.float64).reshape(len(photos), THUMB * THUMB)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.rint(flat * (_NORM / np.maximum(length, 1))).astype(np.float32)

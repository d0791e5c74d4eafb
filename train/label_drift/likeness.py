"""How real copies look, and how different from one another, in a space that nobody was trained in.

An image is described by histograms of its gradients' directions (Dalal and Triggs 2005, "Histograms of oriented
gradients for human detection"), so that no judge, and no network that the copies are for, has learnt the space.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from manifests.tables.audit import Likeness
from train.data.readers import Inputs, ready

SIDE, CELL, DIRECTIONS = 96, 8, 9  # pixels of the image and of a cell; directions without sign
_BLOCK = 256  # images decoded, and compared, at once


def described(images: Inputs) -> np.ndarray:
    """float32 (images, features), of unit length in each block of cells, for uint8 images of any size."""
    found = np.zeros((len(images), (SIDE // CELL - 1) ** 2 * 4 * DIRECTIONS), np.float32)
    for rows, pixels in ready(images, np.arange(len(images)), _BLOCK):
        for row, image in zip(rows, pixels, strict=True):
            found[row] = histograms(image)
    return found


def histograms(image: np.ndarray) -> np.ndarray:
    """float32 (features,): the directions in each cell, normalised over blocks of two by two cells."""
    grey = cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, ksize=1) for order in ((1, 0), (0, 1)))
    size, angle = cv2.cartToPolar(across, down)
    direction = np.minimum((angle % np.pi * (DIRECTIONS / np.pi)).astype(np.int64), DIRECTIONS - 1)
    many = SIDE // CELL
    cell = np.arange(SIDE) // CELL
    at = (cell[:, None] * many + cell[None, :]) * DIRECTIONS + direction
    cells = np.bincount(at.ravel(), size.ravel(), many * many * DIRECTIONS).reshape(many, many, DIRECTIONS)
    parts = [cells[y : many - 1 + y, x : many - 1 + x] for y in (0, 1) for x in (0, 1)]
    blocks = np.concatenate(parts, axis=2)
    return (blocks / np.sqrt((blocks**2).sum(axis=2, keepdims=True) + 1e-3)).astype(np.float32).ravel()


def likeness(
    steps: Sequence[tuple[str, float]],
    rows: np.ndarray,
    made: Inputs,
    parents: np.ndarray,
    real: Inputs,
    cell: np.ndarray,
) -> list[Likeness]:
    """Compare each step's copies with real photos and with one another; the first entry is of the originals.

    Args:
        steps: (policy, severity).
        rows: int64 (photos probed, steps), rows of `made`; -1 where there is no such copy.
        made: the probe's images.
        parents: int64 (images, 2), positions of the photo and of the donor (or the photo again) among `photos`.
        real: all original train photos.
        cell: int64 (photos,), joint cells.
    """
    images, photos, found = described(made), described(real), []
    probed = np.unique(parents[rows[rows >= 0], 0])
    everyone = [("original", 0.0, photos[probed], np.stack([probed, probed], axis=1))]
    everyone += [
        (policy, severity, images[own[own >= 0]], parents[own[own >= 0]])
        for (policy, severity), own in zip(steps, rows.T, strict=True)
    ]
    for policy, severity, copies, of in everyone:
        same, other, nearest = _nearest(copies, of, photos, cell)
        found.append(
            Likeness(
                policy=policy,
                severity=severity,
                n=len(copies),
                own_cell=_mean(same),
                other_cells=_mean(other),
                distinct=round(len(np.unique(nearest)) / max(len(nearest), 1), 4),
                apart=_mean(np.sqrt(_squares(copies, copies)[np.triu_indices(len(copies), 1)])),
            )
        )
    return found


def _nearest(
    copies: np.ndarray, of: np.ndarray, photos: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each copy's distance to the nearest photo of its cell and of the others, but its parents; and which it is."""
    distance = np.sqrt(_squares(copies, photos))
    distance[np.arange(len(of))[:, None], of] = np.inf
    own = cell[of[:, :1]] == cell[None, :]
    same, other = (np.where(mask, distance, np.inf).min(axis=1, initial=np.inf) for mask in (own, ~own))
    return same, other, distance.argmin(axis=1) if distance.size else np.zeros(0, np.int64)


def _squares(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    products = ours @ theirs.T
    return np.maximum((ours**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1)[None, :] - 2 * products, 0)


def _mean(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return round(float(finite.mean()), 4) if finite.size else None

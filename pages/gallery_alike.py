"""Which photos look alike, and a map on which those that do lie together: from pixels alone, without a network.

A photo's features are histograms of its gradients' directions over a grid (Dalal and Triggs 2005, "Histograms of
oriented gradients for human detection") and its colours over a coarser one: pose, outline, hair and light, not who it
is. They are whole numbers so small that their products are exact in float32: the neighbours depend neither on the
number of workers nor on the order of sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import faiss
import numpy as np

from manifests.core import closest

SIDE, CELL, TURNS = 48, 8, 8  # pixels of the grey photo and of a cell; directions of half a circle
COLOURS = 4  # cells to a side of the coarse grid
EACH = 8  # neighbours of a photo
SPAN = 999  # the map's sides
_GRADIENTS = 1000.0  # length of the histograms, beside colours of 0 to 255
_NOISE = 3.0  # grey levels a pixel that compression leaves on a plain wall
_NORM = 2000.0  # length of a photo's features: a product is at most its square, below 2**24
_FLAT = 1 << 12  # photos up to which each is compared with all
_PROBES = 12  # lists that a photo is compared with, of about the square root of the photos


@dataclass(frozen=True)
class Alike:
    """What the page shows of likeness; photos are numbered as their features were given.

    Attributes:
        neighbours: int64 (photos, EACH or fewer), the most alike first; -1 where there is none.
        likeness: int64, likewise: the cosine of the features in thousandths; 0 where there is none.
        spot: int64 (photos, 2), the place on the map: x and y from 0 to SPAN.
    """

    neighbours: np.ndarray
    likeness: np.ndarray
    spot: np.ndarray


def features(image: np.ndarray) -> np.ndarray:
    """The features of uint8 (height, width, 3) RGB: uint8 (336,)."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64)
    down, right = np.gradient(grey)
    turn = np.minimum((np.arctan2(down, right) % np.pi / np.pi * TURNS).astype(np.int64), TURNS - 1)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] // CELL
    across = SIDE // CELL
    bins = ((rows * across + columns) * TURNS + turn).ravel()
    steep = np.clip(np.hypot(down, right) - _NOISE, 0, None)
    sums = np.sqrt(np.bincount(bins, steep.ravel(), across * across * TURNS))
    gradients = np.minimum(np.rint(_GRADIENTS * sums / max(float(np.linalg.norm(sums)), 1e-9)), 255)
    colours = cv2.cvtColor(cv2.resize(image, (COLOURS, COLOURS), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    return np.concatenate([gradients.astype(np.uint8), colours.ravel()])


def find(photos: np.ndarray, jobs: int = 1) -> Alike:
    """Find each photo's neighbours, and lay all photos on the map.

    Args:
        photos: uint8 (photos, features).
        jobs: threads of the search.
    """
    count = len(photos)
    whole = photos.astype(np.float64) - (photos.sum(axis=0, dtype=np.int64) / max(count, 1))
    length = np.linalg.norm(whole, axis=1, keepdims=True)
    points = np.rint(whole * (_NORM / np.maximum(length, 1e-9))).astype(np.float32)
    neighbours, likeness = _neighbours(points, min(EACH, max(count - 1, 0)), jobs)
    return Alike(neighbours, likeness, _spots(points))


def _neighbours(points: np.ndarray, each: int, jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest others of each photo, and how alike they are in thousandths."""
    if not each:
        return np.zeros((len(points), 0), np.int64), np.zeros((len(points), 0), np.int64)
    faiss.omp_set_num_threads(jobs)
    close, found = closest.index(points, _FLAT, _PROBES).search(points, each + 1)
    other = (found != np.arange(len(points))[:, None]) & (found >= 0)
    close = np.where(other, np.rint(1000 * close / _NORM**2), -np.inf)
    order = np.lexsort((found, -close), axis=1)[:, :each]  # ties by number
    found, close = np.take_along_axis(found, order, axis=1), np.take_along_axis(close, order, axis=1)
    there = close > 0
    return np.where(there, found, -1), np.where(there, np.minimum(close, 1000), 0).astype(np.int64)


def _spots(points: np.ndarray) -> np.ndarray:
    """int64 (photos, 2): each photo's first two principal components, each stretched over the whole side."""
    if not len(points):
        return np.zeros((0, 2), np.int64)
    exact = points.astype(np.float64)
    mean = exact.mean(axis=0)
    _, vectors = np.linalg.eigh(exact.T @ exact / len(exact) - np.outer(mean, mean))
    axes = vectors[:, [-1, -2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])  # which way an axis points is chance
    along = np.rint(exact @ axes).astype(np.int64)
    low = along.min(axis=0)
    return SPAN * (along - low) // np.maximum(along.max(axis=0) - low, 1)

"""An index over points of unit length, which finds the closest by their products."""

from __future__ import annotations

from math import isqrt

import faiss
import numpy as np


def index(points: np.ndarray, flat: int, probes: int) -> faiss.Index:
    """Index float32 (n, dimensions).

    Above `flat` points it is an inverted file (Sivic and Zisserman 2003, Video Google) with the square root of n lists,
    around points at even distances in the order given, so that nothing is drawn by chance.

    Args:
        points: what is searched.
        flat: how many points are compared with all.
        probes: lists that a point is compared with, those with the closest centres.
    """
    points = np.ascontiguousarray(points)
    plain = faiss.IndexFlatIP(points.shape[1])
    if len(points) <= flat:
        plain.add(points)
        return plain
    lists = isqrt(len(points))
    plain.add(np.ascontiguousarray(points[np.linspace(0, len(points) - 1, lists).astype(np.int64)]))
    made = faiss.IndexIVFFlat(plain, points.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    made.train(points[:1])  # only says that the centres are there
    made.nprobe = probes
    made.add(points)
    return made

"""How a copy's pixels lead back to those of its photo: the inverse of the geometry that was drawn for it."""

from __future__ import annotations

import numpy as np

from augment.kernels import ops


def back(drawn: ops.Drawn, width: int, height: int) -> list[float] | None:
    """The projective map from a copy to its photo, both as squares of side 1.

    A face that is bent (`morph`, `turn`) and what a pipeline of albumentations moves stay as they are: only flip, tilt,
    rotation, scale and shift are one map for the whole photo.

    Args:
        drawn: the recorded parameters.
        width, height: of the copy, in pixels.
    Returns:
        the nine numbers of the matrix, row by row; None where nothing was moved, or by what this version does not know.
    """
    moved = {name: drawn[name] for name in ops.GEOMETRY if name in drawn}
    pixels = np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]])  # a pixel's number is that of its centre
    try:
        inverse = np.linalg.inv(pixels) @ np.linalg.inv(ops.matrix(width, height, moved)) @ pixels
        inverse = inverse / inverse[2, 2]
    except (TypeError, ValueError, IndexError, KeyError):  # recorded by another version of the policy
        return None
    if not np.isfinite(inverse).all() or np.allclose(inverse, np.eye(3), atol=1e-6):
        return None
    return [round(number, 7) for number in inverse.ravel().tolist()]

"""Thumbnails in sheets: one JPEG of many, so that a page of thousands of photos is a few dozen files."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from manifests.core import codec
from manifests.core.errors import UserError

THUMB = 112  # pixels: seven blocks of 16, so that no thumbnail's chroma runs into the next one's
ACROSS = 12
SHEET = ACROSS * ACROSS  # thumbnails
QUALITY = 82
GROUND = 128  # grey around a photo that is not square


def sheet(contents: Sequence[bytes]) -> bytes:
    """Lay out thumbnails row by row; see `laid`.

    Args:
        contents: at most SHEET images, each a file's bytes.
    Raises:
        UserError: an image does not decode.
    """
    return laid([decoded(content) for content in contents])


def decoded(content: bytes) -> np.ndarray:
    """An image of the shards as uint8 (height, width, 3) RGB.

    Raises:
        UserError: it does not decode.
    """
    try:
        return codec.decode(content)
    except codec.Undecodable as error:
        raise UserError("shards", "images that decode", error, "Run `python -m augment.render` again") from error


def laid(images: Sequence[np.ndarray]) -> bytes:
    """Lay out thumbnails row by row.

    Args:
        images: at most SHEET, uint8 (height, width, 3).
    Returns:
        a JPEG of ACROSS by ACROSS thumbnails; the places that are left over are grey.
    """
    square = np.full((ACROSS * THUMB, ACROSS * THUMB, 3), GROUND, np.uint8)
    for i, image in enumerate(images):
        y, x = THUMB * (i // ACROSS), THUMB * (i % ACROSS)
        square[y : y + THUMB, x : x + THUMB] = thumbnail(image)
    return codec.encode(square, QUALITY)


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Fit an image into a square, whole and centred on grey.

    Args:
        image: uint8 (height, width, 3) RGB.
    Returns:
        uint8 (THUMB, THUMB, 3).
    """
    height, width = image.shape[:2]
    scale = THUMB / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (THUMB - size[1]) // 2, (THUMB - size[0]) // 2
    square = np.full((THUMB, THUMB, 3), GROUND, np.uint8)
    square[top : top + size[1], left : left + size[0]] = small
    return square

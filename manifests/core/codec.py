"""Decode and encode photos: one way for every stage.

simplejpeg decodes faster than OpenCV, to the same pixels, but knows neither EXIF orientation
nor CMYK; OpenCV takes those and every other format.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_ORIENTATION = 0x0112


class Undecodable(ValueError):
    """The bytes are no photo of a known format, or its pixels can't be decoded."""


@dataclass(frozen=True)
class Header:
    """What a photo says of itself before its pixels are decoded; width and height as stored."""

    format: str
    width: int
    height: int
    mode: str
    turned: bool  # EXIF asks for a rotation or a mirror image


def header(content: bytes) -> Header:
    """Read the header alone, so that a pixel bomb is seen before it is decoded.

    Raises:
        Undecodable: no header of a known format.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own bomb warning; the caller has the limit
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                    # Only of a JPEG, whose EXIF is in the header: of a PNG, Pillow would decode all pixels.
                    turned = image.format == "JPEG" and image.getexif().get(_ORIENTATION, 1) != 1
                    return Header(str(image.format), *image.size, image.mode, turned)
            finally:
                Image.MAX_IMAGE_PIXELS = limit
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Undecodable(str(error)) from error


def decode(content: bytes, colorspace: Literal["RGB", "RGBX"] = "RGB") -> np.ndarray:
    """Decode to upright RGB.

    Args:
        content: the file's bytes; check its `header` first where it is not trusted.
        colorspace: RGBX has a fourth byte that means nothing; it decodes and warps faster.
    Returns:
        uint8 (height, width, 3 or 4).
    Raises:
        Undecodable: truncated or damaged pixels, or no known format.
    """
    if content[:3] == b"\xff\xd8\xff" and not _may_be_turned(content):
        try:
            return np.asarray(simplejpeg.decode_jpeg(content, colorspace=colorspace, strict=True))
        except ValueError:
            pass  # CMYK, or damaged: OpenCV decides, with `header` for the orientation
    image = _decode_any(content)
    return image if colorspace == "RGB" else cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)


def _may_be_turned(content: bytes) -> bool:
    """Whether a JPEG's first segments hold EXIF, in which an orientation may stand."""
    return b"Exif\x00" in content[:4096] and header(content).turned


def _decode_any(content: bytes) -> np.ndarray:
    if header(content).format == "JPEG" and not content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        raise Undecodable("the JPEG ends before its end marker")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:  # more pixels than OpenCV takes
        raise Undecodable(error.err) from error
    if image is None:
        raise Undecodable("OpenCV can't decode the pixels")
    return np.asarray(image)


def encode(image: np.ndarray, quality: int) -> bytes:
    """Encode as a baseline JPEG with 4:2:0 chroma, as cameras, Pillow and OpenCV do.

    Args:
        image: uint8 (height, width, 3 or 4), upright RGB or RGBX; the bytes are the same.
        quality: 1 to 100, libjpeg's scale.
    """
    colorspace = "RGB" if image.shape[2] == 3 else "RGBX"
    return bytes(
        simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality, colorspace=colorspace, colorsubsampling="420")
    )

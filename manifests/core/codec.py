"""Decode and encode photos: one way for every stage.

simplejpeg decodes faster than OpenCV, to the same pixels, but knows neither EXIF orientation nor CMYK: the
orientation is applied here, and OpenCV takes CMYK and every other format.
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

# Pillow's limit is one for the whole process, so that changing it per call lets another thread's photo pass or fail.
# Without it `header` gives the size of any photo, and each caller compares that with its own limit.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged tags; what can't be decoded is an error anyway


class Undecodable(ValueError):
    """The bytes are no photo of a known format, or its pixels can't be decoded."""


class TooManyPixels(Undecodable):
    """Another library's limit on pixels was exceeded before the size was known."""


@dataclass(frozen=True)
class Header:
    """What a photo says of itself before its pixels are decoded.

    Attributes:
        format: one of FORMATS; a multi-picture file of a phone is a JPEG, of which the first picture counts.
        width, height: as stored, before the orientation is applied.
        mode: Pillow's, such as `RGB` or `CMYK`.
        orientation: EXIF's, 1 (upright) to 8.
    """

    format: str
    width: int
    height: int
    mode: str
    orientation: int


def header(content: bytes) -> Header:
    """Read the header alone, so that a pixel bomb is seen before it is decoded.

    Raises:
        Undecodable: no header of a known format.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            kind = "JPEG" if image.format == "MPO" else str(image.format)
            # Only of a JPEG, whose EXIF is in the header: of a PNG, Pillow would decode all pixels.
            orientation = image.getexif().get(_ORIENTATION, 1) if kind == "JPEG" else 1
            known = isinstance(orientation, int) and 1 <= orientation <= 8
            return Header(kind, *image.size, image.mode, orientation if known else 1)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(str(error)) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, KeyError, TypeError, OverflowError) as error:
        raise Undecodable(str(error)) from error


def decode(content: bytes, colorspace: Literal["RGB", "RGBX"] = "RGB", least: int = 0) -> np.ndarray:
    """Decode to upright RGB.

    Args:
        content: the file's bytes; check its `header` first where it is not trusted.
        colorspace: RGBX has a fourth byte that means nothing; it decodes and warps faster.
        least: a JPEG may come out smaller, by a factor up to 8, with sides of at least so many pixels; 0: as it is.
    Returns:
        uint8 (height, width, 3 or 4).
    Raises:
        Undecodable: truncated or damaged pixels, or no known format.
    """
    if content[:3] == b"\xff\xd8\xff":
        try:
            smaller = {"min_height": least, "min_width": least} if least else {}
            image = np.asarray(simplejpeg.decode_jpeg(content, colorspace=colorspace, strict=True, **smaller))
            return upright(image, header(content).orientation) if _has_exif(content) else image
        except Undecodable:
            raise
        except ValueError:
            pass  # CMYK, or damaged: OpenCV decides
    image = _decode_any(content)
    return image if colorspace == "RGB" else cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation: turn and mirror what is stored into what the camera saw."""
    if orientation >= 5:
        image = cv2.transpose(image)
    if orientation in (2, 3, 6, 7):
        image = cv2.flip(image, 1)
    if orientation in (3, 4, 7, 8):
        image = cv2.flip(image, 0)
    return image


def _has_exif(content: bytes) -> bool:
    """Whether a JPEG's first segments hold EXIF, in which an orientation may stand."""
    return b"Exif\x00" in content[:4096]


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

"""Kernels of the camera and of what becomes of its files: blur, noise, black and white, a smaller size, compression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import simplejpeg

from manifests.core.seeds import generator

Drawn = Mapping[str, Any]
_LEVELS = np.arange(256) / 255.0


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; `sigma` in pixels of a photo 224 wide, the kernel two of them to each side, as in the kit."""
    wide = max(sigma * image.shape[1] / 224, 0.1)
    side = 2 * max(1, round(2 * wide)) + 1
    return cv2.GaussianBlur(image, (side, side), wide)


def noise(image: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Sensor noise: photon noise that grows with the square root of the signal, and read noise.

    (Foi et al. 2008, "Practical Poissonian-Gaussian noise modeling".) The normal deviates are 256
    quantiles looked up by random bytes: ten times faster than drawing floats.

    Args:
        image: uint8 (height, width, 4).
        drawn: `photon` and `read`, standard deviations in grey levels at white and at black; `seed`.
    """
    levels = np.frombuffer(generator(drawn["seed"]).bytes(image.size), np.uint8).reshape(image.shape)
    deviate = cv2.LUT(levels, _DEVIATES)
    amplitude = np.sqrt(drawn["read"] ** 2 + drawn["photon"] ** 2 * _LEVELS).astype(np.float32)
    spread = cv2.multiply(deviate, cv2.LUT(image, amplitude))
    return cv2.add(image, spread, dtype=cv2.CV_8U)


def grey(image: np.ndarray, _: object) -> np.ndarray:
    """A black-and-white photo (ITU-R BT.601 luma)."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGBA2GRAY), cv2.COLOR_GRAY2RGBA)


def rescale(image: np.ndarray, factor: float) -> np.ndarray:
    """Make the photo smaller by `factor` and as large as it was again."""
    height, width = image.shape[:2]
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    return cv2.resize(
        cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_CUBIC
    )


def compress(image: np.ndarray, quality: int) -> np.ndarray:
    """Save as JPEG at `quality` (1 to 100) and open again."""
    content = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality, colorspace="RGBX", colorsubsampling="420")
    return np.asarray(simplejpeg.decode_jpeg(content, colorspace="RGBX"))


def _normal_quantiles() -> np.ndarray:
    """float32 (256,): the means of 256 equal slices of the normal distribution, nearly (Tukey's lambda)."""
    share = (np.arange(256) + 0.5) / 256
    return ((share**0.1349 - (1 - share) ** 0.1349) / 0.1975).astype(np.float32)


_DEVIATES = _normal_quantiles()

"""Where a model looks: two maps over a photo's pixels, from its gradients."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from train.model.runtime import keras, tf

SAMPLES, NOISE = 8, 0.1  # of SmoothGrad: noisy copies, and their deviation as a share of 255


class Attention:
    """Both maps of the model that a run exported; the mean over its branches.

    Args:
        model: as `train.model.exported` makes it.
    Raises:
        ValueError: a backbone without maps that end in features.
    """

    def __init__(self, model: keras.Model) -> None:
        branches = [layer for layer in model.layers if isinstance(layer, keras.Model)]
        self.size = int(branches[0].input_shape[1])
        self._branches = [_Branch(branch) for branch in branches]

    def grad_cam(self, pixels: np.ndarray) -> np.ndarray:
        """Grad-CAM (Selvaraju et al. 2017) of the age: which regions make the face look older or younger.

        The gradient stays at its position (HiResCAM, Draelos and Carin 2020): for a mean over the
        positions that is Grad-CAM itself, and right for a head that knows them too. A class has
        its ReLU; an age can be lowered as well, so the magnitude takes its place.

        Args:
            pixels: uint8 (n, size, size, 3).
        Returns:
            float32 (n, size, size), 0 to 1 in each photo.
        """
        parts = [branch.cam(pixels) for branch in self._branches]
        return np.stack([_scaled(cv2.resize(cam, (self.size, self.size))) for cam in np.mean(parts, axis=0)])

    def gradients(self, pixels: np.ndarray) -> np.ndarray:
        """SmoothGrad (Smilkov et al. 2017): how strongly each pixel moves the age, over noisy copies.

        Args:
            pixels: uint8 (n, size, size, 3).
        Returns:
            float32 (n, size, size), 0 to 1 in each photo.
        """
        rng, total = np.random.default_rng(0), np.zeros(pixels.shape[:3], np.float32)
        for _ in range(SAMPLES):
            noisy = pixels + rng.normal(0, 255 * NOISE, pixels.shape).astype(np.float32)
            total += np.mean([branch.gradient(noisy) for branch in self._branches], axis=0)
        return np.stack([_scaled(cv2.GaussianBlur(image, (0, 0), 1.5)) for image in total])


class _Branch:
    """A backbone, cut at its last maps, and the years made of its features."""

    def __init__(self, branch: keras.Model) -> None:
        backbone, self._years = [layer for layer in branch.layers if isinstance(layer, keras.Model)]
        body = next(layer for layer in backbone.layers if isinstance(layer, keras.Model))
        ends = (keras.layers.GlobalAveragePooling2D, keras.layers.Flatten)
        pooling = [layer for layer in body.layers if isinstance(layer, ends)]
        if not pooling:
            raise ValueError(f"{body.name} has no maps that end in features")
        position = backbone.layers.index(body)
        self._before, self._after = backbone.layers[1:position], backbone.layers[position + 1 :]
        self._maps = keras.Model(body.input, pooling[-1].input)
        self._pooled = keras.Model(pooling[-1].input, body.output)

        self._cam, self._gradient = tf.function(self._cam_of), tf.function(self._gradient_of)

    def cam(self, pixels: np.ndarray) -> np.ndarray:
        return np.asarray(self._cam(tf.cast(pixels, tf.float32)))

    def gradient(self, pixels: np.ndarray) -> np.ndarray:
        return np.asarray(self._gradient(tf.cast(pixels, tf.float32)))

    def _cam_of(self, pixels: Any) -> Any:
        maps = self._maps(self._prepared(pixels), training=False)
        (slope,) = tf.gradients(self._from_maps(maps), [maps])
        return tf.abs(tf.reduce_sum(tf.cast(slope * maps, tf.float32), axis=-1))

    def _gradient_of(self, pixels: Any) -> Any:
        years = self._from_maps(self._maps(self._prepared(pixels), training=False))
        (slope,) = tf.gradients(years, [pixels])
        return tf.reduce_max(tf.abs(slope), axis=-1)

    def _prepared(self, pixels: Any) -> Any:
        for layer in self._before:
            pixels = layer(pixels)
        return pixels

    def _from_maps(self, maps: Any) -> Any:
        features = self._pooled(maps, training=False)
        for layer in self._after:
            features = layer(features)
        return self._years(features, training=False)


def _scaled(image: np.ndarray) -> np.ndarray:
    """0 to 1; a map of one value becomes 0."""
    low, high = float(image.min()), float(image.max())
    return ((image - low) / (high - low) if high > low else np.zeros_like(image)).astype(np.float32)

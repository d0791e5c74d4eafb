"""Everything in a picture that does not depend on a label: pose, background, light, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from manifests.core.seeds import generator
from manifests.faces.paint import Pose

SIZE = 96  # pixels of the finished picture
SCALE = 2  # painted this many times larger, then reduced: smooth edges


@dataclass(frozen=True)
class Scene:
    """The parameters of one picture that do not depend on a label."""

    pose: Pose
    wall: np.ndarray  # float (3, 3, 3), colours of a coarse backdrop
    light: tuple[float, float]  # where it comes from, -1 to 1 each
    hard: float
    warmth: float
    exposure: float
    contrast: float
    blur: float  # pixels of the finished picture
    noise: float  # grey levels
    seed: int


def scene(rng: np.random.Generator) -> Scene:
    """Draw the parameters."""
    pixels = SIZE * SCALE
    pose = Pose(
        unit=pixels * rng.uniform(0.30, 0.345),
        x=pixels * rng.normal(0.5, 0.018),
        y=pixels * rng.normal(0.475, 0.015),
        yaw=float(np.clip(rng.normal(0, 0.16), -0.4, 0.4)),
        pitch=float(np.clip(rng.normal(0, 0.07), -0.16, 0.16)),
        roll=float(np.clip(rng.normal(0, 0.06), -0.16, 0.16)),
    )
    base = rng.uniform(40, 215) + rng.normal(0, 18, 3)
    return Scene(
        pose=pose,
        wall=np.clip(base + rng.normal(0, 20, (3, 3, 1)) + rng.normal(0, 7, (3, 3, 3)), 5, 250),
        light=(float(rng.normal(0, 0.6)), float(rng.uniform(-0.9, 0.1))),
        hard=float(rng.uniform(0.1, 0.42)),
        warmth=float(rng.normal(0, 0.045)),
        exposure=float(np.clip(rng.normal(1, 0.12), 0.7, 1.3)),
        contrast=float(rng.normal(1, 0.08)),
        blur=float(rng.gamma(2.0, 0.2)),
        noise=float(rng.gamma(2.0, 1.3)),
        seed=int(rng.integers(2**63)),
    )


def backdrop(scene: Scene) -> np.ndarray:
    """A soft, out-of-focus wall, float32 (pixels, pixels, 3)."""
    pixels = SIZE * SCALE
    return cv2.resize(scene.wall.astype(np.float32), (pixels, pixels), interpolation=cv2.INTER_CUBIC)


def expose(image: np.ndarray, scene: Scene) -> np.ndarray:
    """Light the painting, reduce it and take the picture.

    Args:
        image: float32 (SIZE * SCALE, SIZE * SCALE, 3) from 0 to 255.
    Returns:
        uint8 (SIZE, SIZE, 3) RGB.
    """
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    x, y = scene.pose.x / SCALE, scene.pose.y / SCALE
    unit = scene.pose.unit / SCALE
    u, v = np.meshgrid((np.arange(SIZE) - x) / (1.2 * unit), (np.arange(SIZE) - y) / (1.5 * unit))
    # The head as a soft bulge lit from one side; the wall behind gets the light's gradient alone.
    lit = u * scene.light[0] + v * scene.light[1] + 0.75 * np.exp(-2 * (u**2 + v**2)) - 0.5
    shading = 1 + scene.hard * np.clip(lit, -1.1, 0.6)
    gains = np.array((1 + scene.warmth, 1.0, 1 - scene.warmth))
    out = (small * shading[..., None] * gains * scene.exposure - 118) * scene.contrast + 118
    if scene.blur > 0.25:
        out = cv2.GaussianBlur(out, (0, 0), scene.blur)
    out = out + generator(scene.seed).normal(0, scene.noise, out.shape)
    return np.clip(np.round(out), 0, 255).astype(np.uint8)

"""Faces drawn by our own code, so that the default needs no photo that can't be shipped.

Soft, front-facing portraits of invented people: age, gender, ethnicity and expression each move the
middle of broad ranges that overlap (see `looks`), and pose, light, background, blur and noise
do not depend on them (see `scene`).
"""

from __future__ import annotations

import numpy as np

from manifests.core.seeds import generator
from manifests.faces import features, hair, head, looks, paint, scene, years


def face(age: float, gender: str, ethnicity: str, expression: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one face: all parameters first, then the painting.

    Args:
        age: years, 0 to 100.
        gender: male or female.
        ethnicity: caucasian, asian or afroamerican.
        expression: neutral, slightly happy, happy or other.
        rng: draws every parameter; the same state gives the same pixels.
    Returns:
        uint8 (96, 96, 3) RGB.
    """
    return render(*person(age, gender, ethnicity, expression, rng))


def person(
    age: float, gender: str, ethnicity: str, expression: str, rng: np.random.Generator
) -> tuple[looks.Look, scene.Scene]:
    """Draw the parameters alone; the arguments are those of `face`."""
    return looks.look(age, gender, ethnicity, expression, rng), scene.scene(rng)


def render(look: looks.Look, view: scene.Scene) -> np.ndarray:
    """Paint a person in a scene, from back to front, without drawing anything new.

    Returns:
        uint8 (96, 96, 3) RGB.
    """
    rng = generator(look.seed)
    canvas = paint.Canvas(scene.backdrop(view), view.pose)
    hair.paint_behind(canvas, look, rng)
    head.paint_body(canvas, look)
    skin = head.paint_skin(canvas, look)
    years.paint_years(canvas, look, skin, rng)
    features.paint_eyes(canvas, look)
    features.paint_nose(canvas, look)
    hair.paint_beard(canvas, look, skin, rng)
    features.paint_mouth(canvas, look)
    hair.paint_upon(canvas, look, rng)
    if look.glasses:
        features.paint_glasses(canvas, look)
    return scene.expose(canvas.image, view)

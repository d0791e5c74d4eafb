"""Views of a photo that a recipe may add to the train split: the starting kit's flip and blur.

They are not copies of the plan: they have no seed and no parameters, and give the same pixels each time.
The copies that a plan renders come from the shards.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

PLAIN = "plain"


def flip(image: np.ndarray) -> np.ndarray:
    """Mirror left and right. uint8 (height, width, 3) in and out."""
    return image[:, ::-1]


def blur(image: np.ndarray) -> np.ndarray:
    """Blur as the kit: sigma 1 and a kernel of 5 x 5 pixels at 224, in proportion at other widths.

    uint8 (height, width, 3) in and out.
    """
    scale = image.shape[1] / 224
    side = 2 * max(1, round(2 * scale)) + 1
    return cv2.GaussianBlur(image, (side, side), scale)


def flip_blur(image: np.ndarray) -> np.ndarray:
    """Both. uint8 (height, width, 3) in and out."""
    return flip(blur(image))


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    PLAIN: lambda image: image,
    "flip": flip,
    "blur": blur,
    "flip_blur": flip_blur,
}


def extra(augmentation: str, age: np.ndarray, group: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Which photos are shown in which further views.

    `kit` is the starting kit's own rule. The studies do not define theirs; our reading:
    `small_groups` brings the age groups below the mean size nearer to it, `every` is the extreme.

    Args:
        augmentation: as in a recipe.
        age: float (rows,), in years.
        group: int (rows,), the age group's number.
    Returns:
        pairs of a view's name and the int64 positions of the rows shown so.
    """
    everything, views = np.arange(len(age)), tuple(VIEWS)[1:]
    if augmentation == "kit":
        chosen, views = everything[age >= 60], ("flip", "blur")
    elif augmentation == "every":
        chosen = everything
    elif augmentation == "small_groups":
        size = np.bincount(group)
        chosen = everything[size[group] < size[size > 0].mean()]
    else:
        return []
    return [(view, chosen) for view in views]

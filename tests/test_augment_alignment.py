"""Copies laid back on their photos: the inverse of what the kernels drew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from augment.kernels import ops
from augment.rendering import alignment

MOVES: list[dict[str, Any]] = [
    {"flip": True},
    {"angle": 11.0},
    {"scale": 1.1, "shift": [0.05, -0.02]},
    {"flip": True, "tilt": [0.1, -0.06], "angle": -7.0, "scale": 0.93, "shift": [-0.03, 0.04]},
]


@pytest.mark.parametrize("drawn", MOVES)
def test_a_mark_in_a_copy_leads_back_to_its_place_in_the_photo(drawn: dict[str, Any]) -> None:
    width, height = 160, 120
    for x, y in ((60, 40), (90, 70), (110, 35)):
        image = np.zeros((height, width, 4), np.uint8)
        image[y - 1 : y + 2, x - 1 : x + 2] = 255
        made = ops.apply(image, drawn)[..., 0].astype(float)
        rows, columns = np.mgrid[0:height, 0:width]
        place = np.array([(made * columns).sum() / made.sum() + 0.5, (made * rows).sum() / made.sum() + 0.5, 1])
        map_ = alignment.back(drawn, width, height)
        assert map_ is not None
        found = np.reshape(map_, (3, 3)) @ (place / [width, height, 1])
        assert found[:2] / found[2] * [width, height] == pytest.approx([x + 0.5, y + 0.5], abs=0.2)


def test_no_map_where_nothing_was_moved_or_nobody_knows_how() -> None:
    for drawn in ({}, {"gamma": 1.2}, {"flip": False}, {"angle": 0.0}, {"shift": 3}, {"scale": 0}, {"scale": "wide"}):
        assert alignment.back(drawn, 100, 80) is None, drawn

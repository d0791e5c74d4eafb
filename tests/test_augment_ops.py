"""Kernels against known answers and plain numpy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from augment.kernels import camera, ops, scenery
from augment.kernels.draws import Draws
from augment.kernels.policies import CATALOGUE
from tests.support.faces import face
from tests.support.render_fixtures import picture


def rgbx(number: int = 0, size: int = 64) -> np.ndarray:
    return cv2.cvtColor(picture(number, size), cv2.COLOR_RGB2RGBA)


def test_nothing_drawn_changes_nothing() -> None:
    image = rgbx()
    np.testing.assert_array_equal(ops.apply(image, {}), image)
    neutral = {"angle": 0.0, "scale": 1.0, "shift": [0, 0], "gamma": 1.0, "contrast": 1.0, "gain": [1, 1, 1]}
    np.testing.assert_array_equal(ops.apply(image, neutral)[..., :3], image[..., :3])


def test_a_flip_is_the_mirror_image() -> None:
    image = rgbx()
    np.testing.assert_array_equal(ops.apply(image, {"flip": True}), image[:, ::-1])


@pytest.mark.parametrize("angle", [90, -90, 180])
def test_quarter_turns_are_exact(angle: int) -> None:
    image = rgbx()
    turned = ops.apply(image, {"angle": float(angle)})
    expected = np.rot90(image, angle // 90)
    assert np.abs(turned[1:-1, 1:-1].astype(int) - expected[1:-1, 1:-1]).max() <= 1


def test_the_matrix_moves_known_points() -> None:
    matrix = ops.matrix(101, 51, {"scale": 2.0, "shift": [0.1, 0.0]})
    np.testing.assert_allclose(matrix @ [50, 25, 1], [60.1, 25, 1])  # the centre, by a tenth of the width
    np.testing.assert_allclose(matrix @ [51, 26, 1], [62.1, 27, 1])
    up = ops.matrix(101, 101, {"angle": 90.0}) @ [60, 50, 1]  # counterclockwise: what was right is above
    np.testing.assert_allclose(up, [50, 40, 1], atol=1e-9)


def test_one_warp_is_nearer_to_the_photo_than_three() -> None:
    """Fused geometry interpolates once, so that it keeps more detail than step after step."""
    image = rgbx(3, 96)
    steps = [{"angle": 7.0}, {"scale": 1.05}, {"shift": [0.013, 0.017]}]
    fused = ops.apply(image, {name: value for step in steps for name, value in step.items()})
    apart = image
    for step in steps:
        apart = ops.apply(apart, step)
    inner = slice(16, -16)
    assert np.abs(fused[inner, inner].astype(int) - apart[inner, inner]).mean() < 4
    sharp = [cv2.Laplacian(one[inner, inner, 0], cv2.CV_64F).var() for one in (fused, apart)]
    assert sharp[0] > sharp[1]


def test_borders_are_reflected_not_black() -> None:
    image = np.full((40, 40, 4), 200, np.uint8)
    for drawn in ({"angle": 12.0, "shift": [0.05, -0.05]}, {"tilt": [0.16, 0.16]}, {"angle": 80.0}):
        assert ops.apply(image, drawn)[..., :3].min() == 200


def test_tones_are_fused_in_order_of_gamma_contrast_gain() -> None:
    image, drawn = rgbx(), {"gamma": 1.3, "contrast": 0.9, "gain": [1.1, 1.0, 0.9]}
    level = ((image[..., :3] / 255.0) ** 1.3 - 0.5) * 0.9 + 0.5
    expected = np.rint(np.clip(level * [1.1, 1.0, 0.9], 0, 1) * 255)
    np.testing.assert_array_equal(ops.apply(image, drawn)[..., :3], expected)


@pytest.mark.parametrize("count", [1, 3])
def test_translate_is_a_look_up(count: int) -> None:
    image, table = rgbx(), np.random.default_rng(0).integers(0, 256, (count, 256), np.uint8)
    expected = np.stack([table[min(c, count - 1)][image[..., c]] for c in range(3)], axis=-1)
    np.testing.assert_array_equal(ops.translate(image.copy(), table)[..., :3], expected)


def test_apply_leaves_the_photo_as_it_was() -> None:
    image, donor = rgbx(1), rgbx(2)
    before = image.copy()
    for policy in CATALOGUE.values():
        for seed in range(4):
            ops.apply(image, policy.draw(Draws(seed), 1.0), donor, face(), face())
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_noise_has_the_deviation_that_was_drawn(level: int) -> None:
    image = np.full((256, 256, 4), level, np.uint8)
    noisy = camera.noise(image, {"photon": 12.0, "read": 4.0, "seed": 5})
    expected = np.sqrt(4.0**2 + 12.0**2 * level / 255)
    change = noisy[..., :3].astype(float) - level
    if level == 128:  # in the middle nothing is clipped
        assert abs(change.mean()) < 0.2
        assert change.std() == pytest.approx(expected, rel=0.05)
    else:
        assert np.abs(change).max() <= 4 * expected
    again = camera.noise(image, {"photon": 12.0, "read": 4.0, "seed": 5})
    np.testing.assert_array_equal(again, noisy)
    assert (camera.noise(image, {"photon": 12.0, "read": 4.0, "seed": 6}) != noisy).any()


def test_noise_deviates_are_nearly_normal() -> None:
    levels = camera._DEVIATES.astype(float)
    assert abs(levels.mean()) < 1e-3
    assert levels.std() == pytest.approx(1, abs=0.02)
    assert np.sort(levels)[int(0.975 * 256)] == pytest.approx(1.96, abs=0.05)


def test_grey_is_grey_and_keeps_the_luma() -> None:
    image = rgbx()
    made = camera.grey(image, True)
    assert (made[..., 0] == made[..., 1]).all()
    assert (made[..., 1] == made[..., 2]).all()
    luma = image[..., :3] @ np.array([0.299, 0.587, 0.114])
    assert np.abs(made[..., 0] - luma).max() <= 1


def test_blur_rescale_and_compress_lose_detail_in_order() -> None:
    image = camera.noise(rgbx(4, 224), {"photon": 20.0, "read": 10.0, "seed": 1})

    def detail(photo: np.ndarray) -> float:
        return float(cv2.Laplacian(photo[..., 1], cv2.CV_64F).var())

    blurred = [detail(camera.blur(image, sigma)) for sigma in (0.5, 2.0, 5.0)]
    assert detail(image) > blurred[0] > blurred[1] > blurred[2]
    small = [detail(camera.rescale(image, factor)) for factor in (0.9, 0.5, 0.2)]
    assert small[0] > small[1] > small[2]
    error = [
        np.abs(camera.compress(image, quality)[..., :3].astype(int) - image[..., :3]).mean() for quality in (95, 60, 20)
    ]
    assert error[0] < error[1] < error[2]
    assert camera.rescale(image, 0.5).shape == camera.compress(image, 50).shape == image.shape


def test_tone_moves_the_histogram_towards_the_donor() -> None:
    image, donor = rgbx(5), rgbx(6)
    donor[..., :3] = np.clip(donor[..., :3] * 0.5 + [10, 20, 30], 0, 255)
    gap = [
        np.abs(ops.apply(image, {"tone": amount}, donor)[..., :3].mean((0, 1)) - donor[..., :3].mean((0, 1))).mean()
        for amount in (0.0, 0.4, 0.9)
    ]
    assert gap[0] > gap[1] > gap[2]
    assert gap[2] < 0.4 * gap[0]


def test_tone_curves_rise_and_never_steeply() -> None:
    flat = np.full((32, 32, 4), 100, np.uint8)
    for one, other in ((rgbx(7), rgbx(8)), (flat, rgbx(8)), (rgbx(7), flat), (np.zeros_like(flat), flat)):
        curves = ops.tone_curves(one, other, 0.9)
        assert (np.diff(curves, axis=1) >= -1e-9).all()
        assert np.diff(curves, axis=1).max() <= 2.1 / 255
        assert np.isfinite(curves).all()


@pytest.mark.parametrize("name", ["glasses", "hand"])
def test_occlusions_leave_the_mouth_free_and_cover_something(name: str) -> None:
    image = rgbx(9, 224)
    for seed in range(60):
        drawn = CATALOGUE[name].draw(Draws(seed), 1.0)[name]
        covered = (ops.SCENE[name](image, drawn)[..., :3] != image[..., :3]).any(axis=2)
        assert not covered[int(0.64 * 224) : int(0.86 * 224), int(0.3 * 224) : int(0.7 * 224)].any(), seed
        assert covered.mean() > 0.01


def test_a_shadow_darkens_one_side_only() -> None:
    image = np.full((64, 64, 4), 200, np.uint8)
    dark = scenery.shadow(image, {"angle": 0.0, "offset": 0.0, "soft": 0.15, "strength": 0.5})
    assert dark[:, -1, 0].max() <= 110
    assert dark[:, 0, 0].min() >= 195
    assert (dark <= image).all()


@pytest.mark.parametrize("shape", [(1, 1), (8, 300), (3, 5), (301, 17)])
def test_every_policy_takes_any_shape(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    for name, policy in CATALOGUE.items():
        for seed in range(3):
            made = ops.apply(image, policy.draw(Draws(seed), 1.0), rgbx(), face(), face())
            assert made.shape == image.shape, name
            assert made.dtype == np.uint8


def test_blur_at_full_severity_is_the_starting_kits() -> None:
    image = cv2.cvtColor(picture(1, 224), cv2.COLOR_RGB2RGBA)
    drawn = CATALOGUE["blur"].draw(Draws(0), 1.0)
    np.testing.assert_array_equal(camera.blur(image, drawn["blur"]), cv2.GaussianBlur(image, (5, 5), 1.0))

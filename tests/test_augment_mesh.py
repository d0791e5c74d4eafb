"""Faces bent and lit: known answers of the fields, and what each kernel must and must not change."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from augment.kernels import mesh, ops, people
from augment.kernels.mesh import GRID, Face
from manifests.core.face_mesh import CHIN, EARS, NOSE, OVAL, POINTS, angles, mean_face
from tests.support.faces import face, points
from tests.support.render_fixtures import picture

SAME = np.eye(3)


def rgbx(number: int, size: int = 128) -> np.ndarray:
    return cv2.cvtColor(picture(number, size), cv2.COLOR_RGB2RGBA)


def inside(where: Face, size: int, grow: float = 1.0) -> np.ndarray:
    """bool (size, size), within the face's outline."""
    outline = where.points[list(OVAL), :2]
    outline = outline.mean(axis=0) + grow * (outline - outline.mean(axis=0))
    mask = np.zeros((size, size), np.uint8)
    return cv2.fillPoly(mask, [np.rint(outline * size).astype(np.int32)], 1) > 0


def test_an_affine_function_of_the_place_is_interpolated_exactly() -> None:
    shape = mesh.framed(points()[:, :2].astype(float))
    values = np.stack([2 * shape[:, 0] - shape[:, 1] + 0.5, shape[:, 1]], axis=1)
    found = mesh.fields(shape, values, np.array([[2, -1, 0.5], [0, 1, 0]]))
    centres = (np.arange(GRID) + 0.5) / GRID
    np.testing.assert_allclose(found[..., 0], 2 * centres[None] - centres[:, None] + 0.5, atol=1e-5)
    np.testing.assert_allclose(found[..., 1], np.broadcast_to(centres[:, None], (GRID, GRID)), atol=1e-6)


def test_a_cell_takes_its_triangles_corners_and_the_nearest_of_several() -> None:
    shape = mesh.framed(points()[:, :2].astype(float))
    values = np.random.default_rng(1).uniform(size=(len(shape), 1))
    found = mesh.raster(shape)
    assert np.all(found.weights >= -1e-3) and np.allclose(found.weights.sum(axis=1), 1, atol=1e-5)
    place = (found.weights[..., None] * shape[found.corners]).sum(axis=1) * GRID - 0.5
    np.testing.assert_allclose(place @ [1, GRID], found.cells % GRID + GRID * (found.cells // GRID), atol=2e-2)
    folded, depth = shape.copy(), np.zeros(len(shape))
    folded[NOSE] += (0.2, 0)  # over the cheek
    depth[NOSE] = -1
    value = np.zeros((len(shape), 1))
    value[NOSE] = 1
    near = mesh.fields(folded, value, np.zeros((1, 3)), depth)
    far = mesh.fields(folded, value, np.zeros((1, 3)), -depth)
    assert near.sum() > 1.2 * far.sum() and values.size


def test_the_angles_are_those_that_the_mean_face_was_turned_by() -> None:
    yaw, pitch, roll = np.radians([14, -9, 6])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    assert angles(mean_face() * 50 + 7) == pytest.approx((0, 0, 0), abs=1e-4)
    for axis, turn, wanted in ((0, about_y, 14), (1, about_x, -9), (2, about_z, 6)):
        assert angles(mean_face() @ turn.T)[axis] == pytest.approx(wanted, abs=1e-3)


def test_a_photo_mixed_with_itself_or_not_at_all_stays_as_it_is() -> None:
    image, own, other = rgbx(1), face(), face(0.5, 0.55, 0.45)
    for donor, lent, amount in ((image, own, 0.5), (rgbx(2), other, 0.0)):
        made = people.morph(image, own, donor, lent, {"amount": amount}, SAME)
        change = np.abs(made[..., :3].astype(int) - image[..., :3])
        assert change.mean() < 1 and np.quantile(change, 0.99) <= 6


def test_a_mix_changes_the_face_and_leaves_the_surroundings() -> None:
    image = np.full((128, 128, 4), 120, np.uint8)
    image[48:80, 48:80, :3] = (150, 120, 110)
    donor = np.full((128, 128, 4), 120, np.uint8)
    donor[48:80, 48:80, :3] = (110, 125, 140)
    made = people.morph(image, face(), donor, face(), {"amount": 0.7}, SAME)
    change = np.abs(made[..., :3].astype(int) - image[..., :3]).max(axis=2)
    assert change[inside(face(), 128, 0.6)].max() >= 5
    assert change[~inside(face(), 128, 1.1)].max() <= 1


def test_the_shape_lies_between_both_by_the_amount() -> None:
    own, other = face(0.6), face(0.6)
    wider = other.points.copy()
    wider[:, 1] = 0.5 + (wider[:, 1] - 0.5) * 1.15  # a longer face
    dots = np.full((256, 256, 4), 90, np.uint8)
    chin = own.points[CHIN, :2] * 256 - 0.5
    cv2.circle(dots, np.rint(chin).astype(int).tolist(), 4, (250, 250, 250, 0), -1)
    made = people.morph(dots, own, dots, Face(wider), {"amount": 0.5}, SAME)
    rows, columns = np.nonzero(made[..., 0] > 170)
    theirs = people._onto(wider[:, :2].astype(float), own.points[:, :2].astype(float))[CHIN] * 256 - 0.5
    assert (columns.mean(), rows.mean()) == pytest.approx(tuple((chin + theirs) / 2), abs=1.0)


def test_geometry_is_fused_into_the_bend() -> None:
    image, own = rgbx(3, 160), face()
    drawn = {"flip": True, "angle": 9.0, "scale": 1.05, "shift": [0.02, -0.03]}
    apart = ops.warp(people.turn(image, own, {"yaw": 8.0, "pitch": 2.0}, SAME), drawn)
    fused = ops.apply(image, drawn | {"turn": {"yaw": 8.0, "pitch": 2.0}}, face=own)
    assert np.abs(apart.astype(int) - fused)[..., :3].mean() < 1.5


def test_a_turned_head_moves_its_nose_and_keeps_its_ears() -> None:
    own = face(0.6)
    image = np.full((256, 256, 4), 60, np.uint8)
    for point in (NOSE, *EARS):
        cv2.circle(image, np.rint(own.points[point, :2] * 256 - 0.5).astype(int).tolist(), 4, (255, 255, 255, 0), -1)
    made = people.turn(image, own, {"yaw": 12.0, "pitch": 0.0}, SAME)
    _, _, _, centres = cv2.connectedComponentsWithStats((made[..., 0] > 150).astype(np.uint8))
    left, nose, right = sorted(centres[1:].tolist())
    assert nose[0] > own.points[NOSE, 0] * 256 + 8
    assert abs(left[0] - own.points[EARS[0], 0] * 256) < 6 and abs(right[0] - own.points[EARS[1], 0] * 256) < 6


def test_no_head_is_turned_beyond_what_is_seen_of_it() -> None:
    assert people._limited(15, 20) == 5 and people._limited(15, 40) == 0 and people._limited(-15, 40) == -15
    assert people._limited(-10, -20) == -5 and people._limited(10, 0) == 10


def test_the_lamps_side_is_brighter_and_nothing_burns_out() -> None:
    image, own = np.full((128, 128, 4), 120, np.uint8), face()
    made = ops.apply(image, {"relight": {"angle": 0.0, "height": 20.0, "strength": 1.0}}, face=own)[..., 0].astype(int)
    mask = inside(own, 128, 0.8)
    right, left = (made[mask & half].mean() for half in (np.arange(128)[None] > 64, np.arange(128)[None] < 64))
    assert right > 1.3 * left and made.max() < 190
    assert (
        ops.apply(np.zeros_like(image), {"relight": {"angle": 0.0, "height": 20.0, "strength": 1.0}}, face=own).max()
        == 0
    )


def test_another_background_leaves_the_person() -> None:
    image, donor = rgbx(4), rgbx(5)
    own = face(0.5)
    for drawn in ({"plain": [200.0, 30.0, 30.0], "light": [0.1, 0.0]}, {}):
        made = ops.apply(image, {"background": drawn}, donor, own, face(0.4))
        np.testing.assert_array_equal(made[50:78, 50:78], image[50:78, 50:78])
        assert np.abs(made[:12, :, :3].astype(int) - image[:12, :, :3]).mean() > 15
    assert made[..., 0].max() <= 255 and own.person is not None
    plain = ops.apply(image, {"background": {"plain": [200.0, 30.0, 30.0], "light": [0.0, 0.0]}}, donor, own, own)
    np.testing.assert_allclose(plain[2, 2, :3], [200, 30, 30], atol=1)


def test_without_a_mask_the_head_has_room_for_hair() -> None:
    image = rgbx(6)
    made = ops.apply(image, {"background": {}}, rgbx(7), Face(points(0.4)), face())
    head = inside(Face(points(0.4)), 128, 1.15)
    np.testing.assert_array_equal(made[head], image[head])


def test_glasses_lie_on_the_eyes_wherever_the_face_is() -> None:
    drawn = {"centre": [0.5, 0.41], "apart": 0.33, "lens": [0.25, 0.2], "square": 2.0, "thick": 0.012, "angle": 0.0}
    drawn |= {"tint": 0.0, "colour": [0, 0, 0]}
    image = np.full((256, 256, 4), 200, np.uint8)
    for wide, x, y in ((0.4, 0.35, 0.6), (0.7, 0.55, 0.4)):
        own = face(wide, x, y)
        made = ops.apply(image, {"glasses": drawn}, face=own)[..., 0]
        _, columns = np.nonzero(made < 120)
        eyes = own.points[[33, 133, 362, 263], :2].mean(axis=0) * 256
        assert abs(columns.mean() - eyes[0]) < 6
        assert (columns.max() - columns.min()) / 256 == pytest.approx(1.14 * wide, rel=0.1)


def test_the_mesh_has_its_points_and_a_soft_edge() -> None:
    topology = mesh.topology()
    assert mean_face().shape == (POINTS, 3) and len(set(OVAL)) == 36
    assert topology.inside[list(OVAL)].max() == 0 and topology.inside[NOSE] == 1
    assert topology.triangles.max() < POINTS + 18 and 300 < len(topology.triangles) < 700


def test_a_mask_that_lost_the_person_is_not_believed() -> None:
    image, own = rgbx(6), face(0.4)
    lost = Face(own.points, np.zeros((64, 64), np.uint8))
    made = ops.apply(image, {"background": {}}, rgbx(7), lost, face())
    head = inside(own, 128, 1.15)
    np.testing.assert_array_equal(made[head], image[head])


@pytest.mark.parametrize("shape", [(20, 1200), (4000, 64), (224, 224), (57, 100), (30, 30)])
def test_a_donor_is_reduced_once_whatever_its_shape(shape: tuple[int, int]) -> None:
    once = people.reduced(np.zeros((*shape, 4), np.uint8))
    assert min(once.shape[:2]) >= 1 and max(once.shape[:2]) < 1.5 * people.COARSE
    assert people.reduced(once).shape == once.shape

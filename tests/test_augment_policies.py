"""The catalogue: what is drawn, recorded, documented, and the same through albumentations."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from augment.cache import keys
from augment.kernels import ops
from augment.kernels.draws import Draws
from augment.kernels.policies import CATALOGUE
from manifests.core.cells import Cells
from manifests.core.seeds import derive
from manifests.sections.policies import ON_FACES, needs_donor, share
from tests.support.faces import face
from tests.support.render_fixtures import picture

ROOT = Path(__file__).resolve().parent.parent
NUDGE = ("angle", "scale", "shift")  # a little of it is in every policy, whatever the severity
KNOWN = {*ops.GEOMETRY, *ops.TONES, *ops.AROUND, *ops.SCENE, *ops.BENT, *ops.CAMERA}
FACES = (face(), face(0.55, 0.52, 0.47))


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_drawn_survives_json_and_depends_on_the_seed_alone(name: str) -> None:
    draw = CATALOGUE[name].draw
    for severity in (0.0, 0.37, 1.0):
        for seed in (0, 1, 2**64 - 1):
            drawn = draw(Draws(seed), severity)
            assert json.loads(keys.replay(drawn)) == drawn
            assert draw(Draws(seed), severity) == drawn
            assert set(drawn) <= KNOWN


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_replayed_record_gives_the_same_pixels(name: str) -> None:
    image, donor = (cv2.cvtColor(picture(number), cv2.COLOR_RGB2RGBA) for number in (1, 2))
    drawn = CATALOGUE[name].draw(Draws(11), 0.8)
    again = json.loads(keys.replay(drawn))
    made = ops.apply(image, drawn, donor, *FACES)
    np.testing.assert_array_equal(made, ops.apply(image, again, donor, *FACES))


@pytest.mark.parametrize(
    "name", sorted(set(CATALOGUE) - {"copy", "flip", "grey", "glasses", "hand", "morph", "background"})
)
def test_severity_nought_is_next_to_nothing(name: str) -> None:
    image, donor = (cv2.cvtColor(picture(number, 96), cv2.COLOR_RGB2RGBA) for number in (1, 2))
    for seed in range(20):
        drawn = CATALOGUE[name].draw(Draws(seed), 0.0)
        drawn = {key: value for key, value in drawn.items() if key not in ("flip", "grey", *NUDGE)}
        change = np.abs(ops.apply(image, drawn, donor, *FACES)[..., :3].astype(int) - image[..., :3])
        assert change.mean() < 2.5


@pytest.mark.parametrize(
    "name", ["pose", "light", "mixed", "blur", "shadow", "noise", "compression", "tone", "turn", "relight"]
)
def test_more_severity_changes_more(name: str) -> None:
    image, donor = (cv2.cvtColor(picture(number, 224), cv2.COLOR_RGB2RGBA) for number in (1, 2))
    means = []
    for severity in (0.1, 0.5, 1.0):
        changes = []
        for seed in range(30):
            drawn = CATALOGUE[name].draw(Draws(seed), severity)
            left_out = ("flip", "grey", *(() if name == "pose" else NUDGE))
            made = ops.apply(image, {key: value for key, value in drawn.items() if key not in left_out}, donor, *FACES)
            changes.append(np.abs(made[..., :3].astype(int) - image[..., :3]).mean())
        means.append(np.mean(changes))
    assert means[0] < means[1] < means[2]


def test_mixed_is_the_recipe_that_is_known_to_work() -> None:
    drawn = [CATALOGUE["mixed"].draw(Draws(derive(7, "a", n, 0)), 1.0) for n in range(2000)]
    for key, low, high in (("angle", -12, 12), ("scale", 0.92, 1.12), ("gamma", 0.8, 1.25), ("contrast", 0.85, 1.15)):
        values = np.array([one[key] for one in drawn])
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high
    assert np.abs([one["shift"] for one in drawn]).max() == pytest.approx(0.05, rel=0.01)
    assert np.mean(["grey" in one for one in drawn]) == pytest.approx(0.2, abs=0.03)
    assert np.mean(["flip" in one for one in drawn]) == pytest.approx(0.5, abs=0.04)


def test_the_published_recipes_are_there() -> None:
    assert np.abs([CATALOGUE["rotate90"].draw(Draws(n), 1.0)["angle"] for n in range(500)]).max() > 88
    assert {tuple(CATALOGUE["flip"].draw(Draws(n), 1.0)) for n in range(9)} == {("flip",)}
    assert set(CATALOGUE["blur"].draw(Draws(1), 1.0)) <= {"flip", "blur"}
    assert CATALOGUE["copy"].draw(Draws(1), 1.0) == {}


def test_who_takes_a_donor_and_who_needs_a_face() -> None:
    for name, policy in CATALOGUE.items():
        drawn = policy.draw(Draws(3), 1.0)
        assert needs_donor(name) == (not {"tone", "morph", "background"}.isdisjoint(drawn))
        assert (name in ON_FACES) == (not {*ops.AROUND, *ops.BENT}.isdisjoint(drawn))


def test_a_policy_on_landmarks_without_a_face_is_an_error() -> None:
    image = cv2.cvtColor(picture(1), cv2.COLOR_RGB2RGBA)
    for name in ON_FACES:
        with pytest.raises(ValueError, match="no face was found in it, or in its donor"):
            ops.apply(image, CATALOGUE[name].draw(Draws(1), 1.0), image)


def test_the_mixed_share_belongs_to_the_task_not_to_the_attempt() -> None:
    shares = [CATALOGUE["morph"].draw(Draws(seed, 11), 1.0)["morph"]["amount"] for seed in range(50)]
    assert set(shares) == {share(11)}
    many = np.array([share(seed) for seed in range(2000)])
    assert 0.3 <= many.min() < 0.31 and 0.69 < many.max() <= 0.7 and abs(many.mean() - 0.5) < 0.01


def test_the_documentation_lists_the_catalogue_as_it_is() -> None:
    axes = Cells.of({"age": [20], "gender": ["a"], "ethnicity": ["a"], "expression": ["a"]}).names
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$", (ROOT / "docs/policies.md").read_text(), re.M)
    assert [row[0] for row in rows] == list(CATALOGUE)
    for name, imitates, endangers, text in rows:
        policy = CATALOGUE[name]
        assert policy.imitates == imitates
        assert (", ".join(policy.endangers) or "none known") == endangers
        assert set(policy.endangers) <= set(axes)
        assert " ".join((inspect.getdoc(policy.draw) or "").split()) == text


@pytest.mark.parametrize("name", CATALOGUE)
def test_albumentations_gives_the_same_pixels(name: str) -> None:
    from augment.transforms import Policy, albumentations

    image, donor = picture(1), picture(2)
    seed = derive(7, "0123456789abcdef", 3, 0)
    compose = albumentations.Compose([Policy(name, severity=0.7)])
    made = compose(image=image, seed=seed, donor=donor, face=FACES[0], donor_face=FACES[1])["image"]
    drawn = CATALOGUE[name].draw(Draws(seed), 0.7)
    ours = ops.apply(
        *(cv2.cvtColor(one, cv2.COLOR_RGB2RGBA) if one is image else drawn for one in (image, drawn)),
        cv2.cvtColor(donor, cv2.COLOR_RGB2RGBA),
        *FACES,
    )
    np.testing.assert_array_equal(made, ours[..., :3])


def test_albumentations_draws_its_own_seed_and_replays() -> None:
    from augment.transforms import Policy, albumentations

    image = picture(1)
    composes = [albumentations.Compose([Policy("mixed", severity=1.0)], seed=5) for _ in range(2)]
    first, second = (compose(image=image)["image"] for compose in composes)
    np.testing.assert_array_equal(first, second)
    assert (composes[0](image=image)["image"] != first).any()
    recorded = albumentations.ReplayCompose([Policy("pose", severity=1.0)])
    made = recorded(image=image)
    again = albumentations.ReplayCompose.replay(made["replay"], image=image)
    np.testing.assert_array_equal(made["image"], again["image"])

"""The key of an image covers all that its bytes depend on, and nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from augment.cache import keys
from augment.kernels import ops, policies
from augment.kernels.policies import CATALOGUE, Draws

BASE: dict[str, Any] = {
    "image_id": "0" * 16,
    "policy": "light",
    "drawn": {"gamma": 1.1},
    "recorded": '{"gamma":1.1}',
    "donor": None,
    "quality": 95,
}


@pytest.fixture(autouse=True)
def fresh() -> None:
    for cached in (keys.versions, keys.definition, keys._print_definition, keys._syntax):
        cached.cache_clear()


@pytest.mark.parametrize(
    "change",
    [{"image_id": "1" * 16}, {"recorded": '{"gamma":1.2}'}, {"donor": "2" * 16}, {"quality": 94}, {"policy": "pose"}],
)
def test_each_part_counts(change: dict[str, Any]) -> None:
    assert keys.image_key(**BASE) == keys.image_key(**BASE)
    assert keys.image_key(**{**BASE, **change}) != keys.image_key(**BASE)


def test_library_versions_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys.image_key(**BASE), keys.print_key("0" * 16)
    monkeypatch.setattr(keys, "version", lambda name: "99" if name == "simplejpeg" else "1")
    keys.versions.cache_clear()
    assert keys.image_key(**BASE) != before[0]
    assert keys.print_key("0" * 16) != before[1]


def test_a_changed_op_changes_the_images_that_use_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    blurred = {**BASE, "policy": "blur", "drawn": {"blur": 1.0}}
    noisy = {**BASE, "policy": "noise", "drawn": {"noise": {"seed": 1}}}
    before = keys.image_key(**blurred), keys.image_key(**noisy)

    def blur(image: Any, sigma: float) -> Any:
        return image + sigma

    monkeypatch.setattr(ops, "CAMERA", {**ops.CAMERA, "blur": blur})
    keys.definition.cache_clear()
    assert keys.image_key(**blurred) != before[0]
    assert keys.image_key(**noisy) == before[1]


def test_a_changed_policy_changes_its_images_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    light, pose = BASE, {**BASE, "policy": "pose", "drawn": {"angle": 3.0}}
    before = keys.image_key(**light), keys.image_key(**pose)

    def dusk(draws: Draws, severity: float) -> dict[str, Any]:
        return {"gamma": draws.factor(1, 1.5, severity)}

    changed = dataclasses.replace(CATALOGUE["light"], draw=dusk)
    monkeypatch.setattr(keys, "CATALOGUE", {**CATALOGUE, "light": changed})
    keys.definition.cache_clear()
    assert keys.image_key(**light) != before[0]
    assert keys.image_key(**pose) == before[1]


def test_a_shared_draw_and_a_constant_count() -> None:
    reached = keys._syntax(policies.pose)[1]
    assert policies._moved in reached
    assert policies._flipped in reached
    assert '"_QUANTILES"' in keys._syntax(ops._quantiles)[0] or "_QUANTILES" in keys._syntax(ops._quantiles)[0]


def test_docstrings_and_comments_do_not_count() -> None:
    import ast

    one = ast.dump(keys._bare(ast.parse('def f(x):\n    """Doc."""\n    return x')))
    other = ast.dump(keys._bare(ast.parse("def f(x):  # why\n    return x")))
    assert one == other

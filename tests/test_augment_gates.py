"""What the gates turn down, what they let pass, and the bounded redraw."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from augment.kernels import camera, ops
from augment.kernels.draws import Draws
from augment.kernels.gates import PRINT, Print, Scored, judge
from augment.kernels.policies import CATALOGUE
from manifests.core.seeds import derive
from manifests.sections.render import Gates, Render
from manifests.tables import tasks
from tests.support.render_fixtures import CELLS, picture, project

GATES = Gates()


def print_of(image: np.ndarray) -> Print:
    return Print.of(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA) if image.shape[2] == 3 else image)


PARENT = print_of(picture(1, 224))


def test_a_print_survives_its_bytes() -> None:
    content = PARENT.to_bytes()
    again = Print.from_bytes(content)
    assert len(content) == PRINT
    assert (again.mean, again.deviation) == (PARENT.mean, PARENT.deviation)
    np.testing.assert_array_equal(again.levels, PARENT.levels)


def test_nearly_equal_levels_in_another_pattern_are_no_duplicate() -> None:
    rising = np.tile(np.arange(9) % 2, (8, 1)).astype(np.int16) + 100
    one, other = Print(rising, 100, 30), Print(201 - rising, 100, 30)
    assert np.abs(one.levels - other.levels).max() < GATES.near
    assert judge(GATES, one, other, []) is None
    assert judge(GATES, one, one, []) == "near_parent"
    assert judge(GATES, one, other, [one]) == "near_sibling"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda image: image // 16, "dark"),
        (lambda image: 255 - image // 20, "bright"),
        (lambda image: image // 32 + 120, "flat"),
        (lambda image: image, "near_parent"),
        (lambda image: np.clip(image.astype(int) + 1, 0, 255).astype(np.uint8), "near_parent"),
        (lambda image: image[:, ::-1].copy(), None),
    ],
)
def test_each_gate(change, reason: str | None) -> None:  # type: ignore[no-untyped-def]
    assert judge(GATES, print_of(change(picture(1, 224))), PARENT, []) == reason


def test_a_dark_parent_may_have_dark_copies() -> None:
    dark = picture(1, 224) // 16
    assert judge(GATES, print_of(np.ascontiguousarray(dark[:, ::-1])), print_of(dark), []) != "dark"


def test_a_sibling_drawn_twice_is_turned_down() -> None:
    flipped = print_of(np.ascontiguousarray(picture(1, 224)[:, ::-1]))
    assert judge(GATES, flipped, PARENT, []) is None
    assert judge(GATES, flipped, PARENT, [flipped]) == "near_sibling"


def test_jpeg_and_a_little_noise_are_nearly_identical_but_another_photo_is_not() -> None:
    image = cv2.cvtColor(picture(1, 224), cv2.COLOR_RGB2RGBA)
    assert judge(GATES, print_of(camera.compress(image, 60)), PARENT, []) == "near_parent"
    assert all(judge(GATES, print_of(picture(number, 224)), PARENT, []) is None for number in range(2, 40))


def test_ordinary_copies_pass() -> None:
    image = cv2.cvtColor(picture(1, 224), cv2.COLOR_RGB2RGBA)
    made = [print_of(ops.apply(image, CATALOGUE["mixed"].draw(Draws(seed), 1.0))) for seed in range(100)]
    assert sum(judge(GATES, one, PARENT, []) is None for one in made) >= 97


def test_a_copy_nearer_to_a_scored_photo_than_its_parent_is_turned_down() -> None:
    scored = print_of(picture(2, 224))
    many = [scored, *(print_of(picture(number, 224)) for number in range(50, 80))]
    prints = Scored(np.frombuffer(b"".join(one.to_bytes() for one in many), np.uint8).reshape(-1, PRINT))
    assert judge(GATES, scored, PARENT, [], prints) == "near_scored"
    close = print_of(np.clip(picture(2, 224).astype(int) + 3, 0, 255).astype(np.uint8))
    assert judge(GATES, close, PARENT, [], prints) == "near_scored"
    assert not prints.nears(close, scored)  # its parent is nearer
    assert not prints.nears(print_of(picture(3, 224)), PARENT)


def test_nearest_is_that_of_all_pairs() -> None:
    many = [print_of(picture(number, 64)) for number in range(60)]
    prints = Scored(np.frombuffer(b"".join(one.to_bytes() for one in many), np.uint8).reshape(-1, PRINT))
    for number in range(60, 90):
        own = print_of(picture(number, 64))
        brute = min(float(np.sqrt(((own.levels - one.levels) ** 2).mean())) for one in many)
        assert prints._nearest(own, 255.0) == pytest.approx(brute, rel=1e-6)
    empty = Scored(np.zeros((0, PRINT), np.uint8))
    assert not empty.nears(PARENT, PARENT)


def test_the_stage_counts_redraws_and_keeps_the_last(tmp_path: Path) -> None:
    made = project(tmp_path, train=8, copies=4)
    text = "render: {quality: 90, max_attempts: 2, gates: {dark: 255}}"
    made.params(text)
    made.render()
    copies = [row for row in made.table().to_pylist() if row["copy"]]
    report = json.loads((tmp_path / "manifests/built/render.json").read_text())["policies"].values()
    redrawn, kept_anyway = (
        sum(sum(one["redrawn"].values()) for one in report),
        sum(one["kept_anyway"] for one in report),
    )
    assert all(row["attempt"] <= 1 for row in copies)
    assert redrawn == sum(row["attempt"] for row in copies) + kept_anyway
    assert 0 < kept_anyway < redrawn
    assert all(row["seed"] == derive(7, row["image_id"], row["copy"], row["attempt"]) for row in copies)
    made.params("render: {quality: 90, gates: false}")
    made.render()
    assert set(made.table()["attempt"].to_pylist()) == {0}


def test_a_policy_with_one_outcome_is_drawn_once(tmp_path: Path) -> None:
    made = project(tmp_path, train=3, copies=4)
    params = (tmp_path / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(params.replace("  pose:", "  flip: {weight: 0}\n  pose:"))
    path = tmp_path / "manifests/built/tasks.parquet"
    table, _ = tasks.read(path)
    names = ["original" if copy == 0 else "flip" for copy in table["copy"].to_pylist()]
    table = table.set_column(5, "policy", pa.array(names).dictionary_encode().cast(table.schema.field("policy").type))
    tasks.write(table.set_column(7, "donor", pa.nulls(len(names), pa.string())), path, CELLS)
    made.render()
    report = json.loads((tmp_path / "manifests/built/render.json").read_text())
    assert report["policies"]["flip"] == {"copies": 12, "redrawn": {"near_sibling": 9}, "kept_anyway": 9}


@pytest.mark.parametrize("gates", [True, False])
def test_gates_can_be_switched(gates: bool) -> None:
    assert (Render(gates=gates).gate is not None) == gates

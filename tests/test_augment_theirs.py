"""Policies that are pipelines of albumentations: seeded per image, recorded, replayed, and nothing but that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from augment import verify
from augment.kernels import ops, theirs
from augment.rendering import faces
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.policies import Policies
from manifests.sections.theirs import MOVING, STILL
from tests.support.render_fixtures import PARAMS, Project, picture, project

DUSK = {
    "__class_fullname__": "Compose",
    "transforms": [
        {"__class_fullname__": "RandomGamma", "gamma_limit": [110, 150], "p": 1.0},
        {
            "__class_fullname__": "OneOf",
            "p": 0.8,
            "transforms": [
                {"__class_fullname__": "MotionBlur", "blur_limit": [3, 5], "p": 1.0},
                {"__class_fullname__": "ISONoise", "p": 1.0},
            ],
        },
    ],
}


def rgbx(number: int, size: int = 64) -> np.ndarray:
    return cv2.cvtColor(picture(number, size), cv2.COLOR_RGB2RGBA)


@pytest.mark.parametrize("name", sorted(MOVING | STILL))
def test_every_allowed_transform_is_replayed_from_its_record(name: str) -> None:
    spec, image = json.dumps({"__class_fullname__": name, "p": 1.0}), rgbx(1)
    for seed in (0, 2**64 - 1):
        drawn = theirs.draw(spec, seed, image)
        assert drawn["version"] and theirs.draw(spec, seed, image) == drawn
        pipeline = theirs._pipeline(spec)
        pipeline.set_random_seed(seed)
        expected = pipeline(image=image[..., :3].copy())["image"]
        again = ops.apply(image, {"albumentations": json.loads(json.dumps(drawn))})
        np.testing.assert_array_equal(again[..., :3], expected)


def write(made: Project, **policies: Any) -> None:
    text = PARAMS.partition("policies:")[0] + "policies: " + json.dumps(policies) + "\nrender: {quality: 90}\n"
    (made.folder / "params.yaml").write_text(text)


@pytest.fixture
def dusk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr("tests.support.render_fixtures.POLICIES", ("dusk", "swayed"))
    made = project(tmp_path, train=12)
    sway = {"__class_fullname__": "Affine", "rotate": [-5, 5], "p": 1.0}
    write(
        made,
        dusk={"weight": 1, "albumentations": DUSK},
        swayed={"weight": 1, "severity": 1, "after": "light", "endangers": [], "albumentations": sway},
    )
    return made


def test_workers_write_the_same_bytes_and_each_row_is_replayed(dusk: Project, tmp_path: Path) -> None:
    dusk.render(jobs=1)
    first, table = dusk.hashes(), dusk.table()
    for jobs in (2, 3):
        dusk.render(jobs=jobs)
        assert dusk.hashes() == first
    folders = verify.Folders(dusk.folder / "raw", dusk.shards, tmp_path, 1 << 20)
    assert verify.verify(verify.sample(table, 0), table, folders, 1, lambda _: None) == []
    drawn = {row["policy"]: json.loads(row["replay"]) for row in table.to_pylist() if row["copy"]}
    assert set(drawn["dusk"]) == {"albumentations"} and {"gamma", "albumentations"} <= set(drawn["swayed"])
    assert not faces.Faces(tmp_path).of("0" * 16)[0]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"albumentations": {"__class_fullname__": "Lambda"}}, "policies.own: expected transforms of .*, not Lambda"),
        ({"albumentations": {"transforms": []}}, "expected transforms in albumentations' serialised form"),
        ({"albumentations": {"__class_fullname__": "Compose", "transforms": []}}, "a list of transforms in Compose"),
        ({"albumentations": {"__class_fullname__": "Affine"}}, r"`endangers`, the axes \(or none: \[\]\) whose labels"),
        ({"after": "pose"}, "`after` and `endangers` beside `albumentations` only"),
    ],
)
def test_what_is_not_allowed_is_an_error_of_the_section(tmp_path: Path, policy: dict, message: str) -> None:
    (tmp_path / "params.yaml").write_text(f"policies: {json.dumps({'own': policy})}\n")
    with pytest.raises(UserError, match=message):
        params.section(tmp_path / "params.yaml", Policies)


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ({"pose": {"albumentations": DUSK}}, r"policies.pose: expected a name that no policy of ours has"),
        ({"own": {"albumentations": DUSK, "after": "tone"}}, r"own.after: expected one of our policies that needs"),
        (
            {"own": {"albumentations": {"__class_fullname__": "RandomGamma", "strength": 3}}},
            r"own.albumentations: expected arguments that albumentations takes. Received .*strength",
        ),
    ],
)
def test_what_can_not_be_built_is_an_error_before_anything_is_rendered(
    tmp_path: Path, policies: dict, message: str
) -> None:
    made = project(tmp_path, train=4)
    write(made, **policies)
    with pytest.raises(UserError, match=message):
        made.render()
    assert not made.shards.exists()


def test_a_pipeline_that_draws_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a transform draws \d+ numbers; at most 4096 are recorded"):
        theirs._plain({"noise": np.zeros((64, 65))})

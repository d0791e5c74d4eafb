"""Policies that are pipelines of albumentations: seeded per image, recorded, replayed, and nothing but that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import albumentations
import cv2
import numpy as np
import pytest

from augment import verify
from augment.kernels import ops, theirs
from augment.rendering import faces
from experiments import projects
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.policies import Policies
from manifests.sections.theirs import FOLDER, MOVING, STILL, inlined
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
    assert (
        verify.verify(
            verify.with_donors(table, table), int(table.schema.metadata[b"quality"]), folders, 1, lambda _: None
        )
        == []
    )
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


def saved(folder: Path, name: str, content: str | dict) -> str:
    """Write a pipeline's file below `folder`; returns its path as a policy names it."""
    path = folder / FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return f"{FOLDER}/{name}"


@pytest.mark.parametrize("data_format", ["json", "yaml"])
def test_a_file_that_the_library_saves_is_the_pipeline_that_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_format: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    still = [getattr(albumentations, name)(p=0.5) for name in sorted(STILL)]
    pipeline = albumentations.Compose([albumentations.SomeOf(still, n=2), albumentations.CLAHE(tile_grid_size=(4, 8))])
    path = saved(tmp_path, f"own.{data_format}", "")
    albumentations.save(pipeline, path, data_format=data_format)
    (tmp_path / "params.yaml").write_text(f"policies: {{own: {{weight: 1, albumentations: {path}}}}}\n")
    use = params.section(tmp_path / "params.yaml", Policies).root["own"]
    assert use.albumentations == json.loads(json.dumps(pipeline.to_dict())) and use.pipeline
    theirs.check(use.pipeline)
    assert theirs.draw(use.pipeline, 5, rgbx(1)) == theirs.draw(json.dumps(pipeline.to_dict()), 5, rgbx(1))


def test_a_changed_file_is_rendered_anew_and_the_same_content_is_the_same_set(tmp_path: Path, dusk: Project) -> None:
    dusk.render()
    inline = dusk.hashes()
    sway = {"__class_fullname__": "Affine", "rotate": [-5, 5], "p": 1.0}
    swayed = {"weight": 1, "severity": 1, "after": "light", "endangers": [], "albumentations": sway}
    path = saved(dusk.folder, "evening/dusk.json", DUSK)
    write(dusk, dusk={"weight": 1, "albumentations": path}, swayed=swayed)
    dusk.render()
    assert dusk.hashes() == inline
    before = dict(zip(dusk.table()["task_id"].to_pylist(), dusk.table()["sha256"].to_pylist(), strict=True))
    saved(dusk.folder, "evening/dusk.json", json.loads(json.dumps(DUSK).replace("[110, 150]", "[60, 80]")))
    dusk.render()
    for row in dusk.table().to_pylist():
        assert (row["sha256"] != before[row["task_id"]]) == (row["policy"] == "dusk")


def test_a_project_in_another_folder_has_the_pipeline_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path, "dusk.json", DUSK)
    policies = {"pose": {"weight": 1}, "dusk": {"weight": 1, "albumentations": path}}
    content = {"source": {"root": "raw"}, "train": {"runs": {}}, "policies": policies}
    made = projects.absolute(content)["policies"]
    assert made == {"pose": {"weight": 1}, "dusk": {"weight": 1, "albumentations": DUSK}}
    assert inlined({"seed": 1}) == {"seed": 1}
    policies["dusk"]["albumentations"] = "dusk.json"
    with pytest.raises(UserError, match=r"\.policies\.dusk\.albumentations: expected .* in manifests/pipelines"):
        inlined(content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.json", None, "manifests/pipelines/none.json: expected a pipeline as albumentations.save writes it. "
         "Received no such file. Put the file there, or correct `albumentations` in section policies."),
        ("none.yaml", None, "manifests/pipelines/none.yaml: expected a pipeline as albumentations.save writes it. "
         "Received no such file. Put the file there, or correct `albumentations` in section policies."),
        ("a.json", "{'p': 1}", "manifests/pipelines/a.json: expected valid JSON. Received Expecting property name "
         "enclosed in double quotes: line 1 column 2 (char 1). Correct the file, or save the pipeline again."),
        ("a.json", '{"p": NaN}', "manifests/pipelines/a.json: expected valid JSON. Received NaN is no number of JSON. "
         "Correct the file, or save the pipeline again."),
        ("a.json", "[1]", "manifests/pipelines/a.json: expected a pipeline as albumentations.save writes it. "
         "Received a list. Save the pipeline again."),
        ("a.yaml", "a: [1", "manifests/pipelines/a.yaml: expected valid YAML 1.2. Received while parsing a flow "),
        ("a.yml", "when: 2024-01-01", "manifests/pipelines/a.yml: expected numbers, words, lists and maps. Received "
         "Object of type date is not JSON serializable. Save the pipeline again."),
        ("a.yaml", "!!python/object/apply:os.system [ls]", "manifests/pipelines/a.yaml: expected valid YAML 1.2. "
         "Received could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a.json", '{"__class_fullname__": "Lambda"}', "params.yaml: policies.own: expected transforms of Adv"),
        ("a.json", '{"__class_fullname__": "Affine"}', "params.yaml: policies.own: expected `endangers`, the axes"),
        ("a.txt", "{}", "params.yaml: policies.own.albumentations: expected a pipeline, or a file .json, .yaml or .yml "
         "in manifests/pipelines. Received 'manifests/pipelines/a.txt'. Correct the value."),
        ("../a.json", "{}", "params.yaml: policies.own.albumentations: expected a pipeline, or a file .json, .yaml or "
         ".yml in manifests/pipelines. Received 'manifests/pipelines/../a.json'. Correct the value."),
    ],
)  # fmt: skip
def test_a_file_that_is_no_pipeline_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | None, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = f"{FOLDER}/{name}" if content is None else saved(tmp_path, name, content)
    Path("params.yaml").write_text(f"policies: {{own: {{albumentations: {path}}}}}\n")
    with pytest.raises(UserError) as error:
        params.section(Path("params.yaml"), Policies)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)
    assert not str(error.value).startswith("params.yaml: policies.own: expected t") or "not Lambda" in str(error.value)


def test_a_pipeline_in_a_file_that_can_not_be_built_is_an_error_before_anything_is_rendered(tmp_path: Path) -> None:
    made = project(tmp_path, train=4)
    path = saved(made.folder, "own.json", {"__class_fullname__": "RandomGamma", "strength": 3})
    write(made, own={"albumentations": path})
    with pytest.raises(UserError, match=r"own.albumentations: expected arguments that albumentations takes.*strength"):
        made.render()

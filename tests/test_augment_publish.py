"""The published folder: everything in it, valid Croissant metadata, and nothing of the user's replaced."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from manifests.tables import index, plan_report
from tests.support import plan_sample
from tests.support.render_fixtures import Project, project
from tests.support.stages import run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("publish"), train=8, copies=2, shard=10)
    made.render()
    plan_sample.write(made.folder / "manifests/built/plan.json", gender={"male": (None, 0.4), "female": (None, 0.6)})
    done = run(made.folder, "augment.publish", "--to", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("Nothing was uploaded.")
    return made


def test_the_folder_holds_every_file_with_its_hash(made: Project) -> None:
    out, tree = made.folder / "out", json.loads((made.folder / "out/croissant.json").read_text())
    shards = {path.name for path in made.shards.glob("*.tar")}
    assert {path.name for path in out.iterdir()} == {*shards, "index.parquet", "README.md", "croissant.json", ".stage"}
    assert {file["name"] for file in tree["distribution"]} == {*shards, "index.parquet"}
    for file in tree["distribution"]:
        content = (out / file["contentUrl"]).read_bytes()
        assert (sha256(content).hexdigest(), f"{len(content)} B") == (file["sha256"], file["contentSize"])
    table, _ = index.read(out / "index.parquet")
    assert [field["name"] for field in tree["recordSet"][0]["field"]] == table.column_names


def test_the_card_and_the_rai_fields_say_the_shares(made: Project) -> None:
    plan = plan_report.read(made.folder / "manifests/built/plan.json")
    tree = json.loads((made.folder / "out/croissant.json").read_text())
    axis, values = next(iter(plan.marginals.items()))
    assert f"{axis}: {values[0].value} {values[0].before_share:.1%}" in tree["rai:dataBiases"]
    card = (made.folder / "out/README.md").read_text()
    assert "license: apache-2.0" in card and "path: train-*.tar" in card
    assert f"{values[0].reached:,} |" in card


def test_a_folder_of_the_users_is_not_replaced(made: Project) -> None:
    (made.folder / "theirs").mkdir()
    (made.folder / "theirs/file").write_text("mine")
    done = run(made.folder, "augment.publish", "--to", "theirs")
    assert done.returncode == 1
    assert "expected an empty folder, or one that augment.publish made" in done.stderr
    assert [path.name for path in (made.folder / "theirs").iterdir()] == ["file"]


@pytest.mark.readers
def test_mlcroissant_finds_no_error_and_reads_the_index(made: Project) -> None:
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=made.folder / "out/croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    records = list(dataset.records("images"))
    assert len(records) == made.table().num_rows

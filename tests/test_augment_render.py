"""The stage as a whole: the same bytes whatever the workers, the order and what the store holds."""

from __future__ import annotations

import json
import tarfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from augment.cache import packs
from augment.rendering import renderer, task_rows
from manifests.core.errors import UserError
from manifests.core.shards import Shards
from tests.support.render_fixtures import Project, empty, images, project
from tests.support.stages import run


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    made = project(tmp_path_factory.mktemp("rendered"))
    made.render()
    return made, made.hashes()


@pytest.mark.parametrize(
    ("jobs", "backend"), [(2, "loky"), (3, "threading"), (16, "threading"), (2, "multiprocessing")]
)
def test_workers_and_backends_give_the_same_bytes(
    rendered: tuple[Project, dict[str, str]], jobs: int, backend: str
) -> None:
    made, expected = rendered
    empty(made)
    made.render(jobs, backend)
    assert made.hashes() == expected


def test_the_order_of_the_tasks_does_not_matter(rendered: tuple[Project, dict[str, str]]) -> None:
    made, expected = rendered
    empty(made)
    made.write_tasks(order=np.random.default_rng(1).permutation(20 * 4 + 6))
    made.render()
    made.write_tasks()
    assert made.hashes() == expected


def test_small_waves_give_the_same_images(
    rendered: tuple[Project, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Photos cut by a wave's border are judged against their earlier siblings all the same."""
    made, expected = rendered
    empty(made)
    monkeypatch.setattr(task_rows, "WAVE", 1)
    monkeypatch.setattr(renderer, "CALL", 2)
    made.render()
    tars = {name: digest for name, digest in expected.items() if name.endswith(".tar")}
    assert {name: digest for name, digest in made.hashes().items() if name.endswith(".tar")} == tars


def test_what_was_rendered_once_is_not_rendered_again(tmp_path: Path) -> None:
    made = project(tmp_path, copies=2)
    assert images(made.render()) >= 40
    before = made.hashes()
    assert images(made.render()) == 0
    assert made.hashes() == before
    made.write_tasks(copies=3)
    grown = images(made.render())
    assert 20 <= grown <= 30  # one more copy of each of 20 photos, and what the gates redraw
    grown_hashes = made.hashes()
    empty(made)
    made.render()
    assert made.hashes() == grown_hashes


def test_another_quality_renders_every_copy_anew(tmp_path: Path) -> None:
    made = project(tmp_path, train=6, copies=2)
    first = images(made.render())
    made.params("render: {quality: 80}")
    assert images(made.render()) == first


@pytest.mark.parametrize("damage", ["truncate", "flip", "garbage", "zeros"])
def test_a_damaged_store_is_rendered_anew(rendered: tuple[Project, dict[str, str]], damage: str) -> None:
    made, expected = rendered
    made.render()
    found = sorted(made.folder.glob(".cache/render/??/*.pack"))
    for pack in found:
        content = bytearray(pack.read_bytes())
        images_end = int(packs.entries(pack)["size"].sum())
        if damage == "truncate":
            content = content[: len(content) // 2]
        elif damage == "flip":
            content[images_end // 2] ^= 1
        elif damage == "garbage":
            content = bytearray(b"no pack at all")
        else:
            content[:images_end] = bytes(images_end)
        pack.write_bytes(content)
    assert found
    assert images(made.render()) > 0
    assert made.hashes() == expected
    assert images(made.render()) == 0


def test_index_and_shards_agree_with_the_files(rendered: tuple[Project, dict[str, str]]) -> None:
    made, _ = rendered
    table = made.table().to_pylist()
    assert len(table) == 20 * 4 + 6
    with Shards(made.shards) as shards:
        for row in table:
            content = shards.read(row["shard"], row["offset"], row["size"])
            assert sha256(content).hexdigest() == row["sha256"]
            assert sha256((made.folder / "raw" / row["path"]).read_bytes()).hexdigest()[:16] == row["image_id"]
            if row["copy"] == 0:
                assert content == (made.folder / "raw" / row["path"]).read_bytes()
            else:
                assert row["split"] == "train"
                assert row["kept"]
                assert json.loads(row["replay"])
            with tarfile.open(made.shards / row["shard"]) as tar:
                beside = json.load(tar.extractfile(f"{row['task_id']}.json"))  # type: ignore[arg-type]
                assert tar.getmember(f"{row['task_id']}.jpg").offset_data == row["offset"]
            for name in ("image_id", "policy", "replay", "attempt", "cell", "age", "gender"):
                assert beside[name] == row[name]
            assert beside["seed"] == str(row["seed"])
    assert {path.name for path in made.shards.glob("*.tar")} == {row["shard"] for row in table}
    assert {row["shard"].partition("-")[0] for row in table if not row["kept"]} == {"dropped"}


def test_shards_of_an_older_plan_go(rendered: tuple[Project, dict[str, str]]) -> None:
    made, expected = rendered
    (made.shards / "train-00099.tar").write_bytes(b"old")
    (made.shards / ".train-00000.tar.x.part").write_bytes(b"half")
    made.render()
    assert made.hashes() == expected


def test_unknown_policies_are_an_error(tmp_path: Path) -> None:
    made = project(tmp_path, train=2)
    (tmp_path / "params.yaml").write_text((tmp_path / "params.yaml").read_text().replace("  pose:", "  posse:"))
    with pytest.raises(UserError, match=r"params.yaml: policies.posse: expected one of the policies copy, flip, pose"):
        made.render()


def test_the_command_opens_no_socket_and_loads_no_tensorflow(tmp_path: Path) -> None:
    made = project(tmp_path, train=3, copies=2)
    done = run(made.folder, "augment.render", jobs=1)
    assert done.returncode == 0, done.stderr
    assert "copies" in done.stdout
    listed = run(made.folder, "augment.store", "list")
    assert listed.stdout.splitlines()[-1].startswith("2 packs, 6 images, ")
    assert run(made.folder, "augment.verify", "--sample", "0").stdout.endswith("images verified, 0 mismatches\n")

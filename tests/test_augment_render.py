"""The stage as a whole: the same bytes whatever the workers, the order and what the store holds."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from augment.cache import packs
from augment.rendering import renderer, task_rows
from manifests.core import files
from manifests.core.errors import UserError
from manifests.core.shards import Shards
from tests.support.render_fixtures import Project, project
from tests.support.stages import ROOT, run


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    made = project(tmp_path_factory.mktemp("rendered"))
    made.render()
    return made, made.hashes()


def empty(made: Project) -> None:
    for pack in made.folder.glob(".cache/render/??/*.pack"):
        pack.unlink()


def images(printed: str) -> int:
    """How many images a run says that it rendered."""
    return int(printed.partition("(")[2].partition(" images")[0].replace(",", ""))


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


def test_a_failed_photo_is_an_error_that_names_it(tmp_path: Path) -> None:
    made = project(tmp_path, train=8)
    made.render()
    (tmp_path / "raw/train/0003.jpg").unlink()
    with pytest.raises(UserError) as error:
        made.render()
    assert str(error.value) == (
        f"{tmp_path}/raw/train/0003.jpg: expected a photo that can be rendered (render.max_failures: 0)."
        " Received no such file or directory; 1 failed so far."
        " Run `python -m manifests.scan` again, or raise render.max_failures."
    )
    assert not (made.shards / "index.parquet").exists()


def test_a_failed_photo_has_its_places_filled_from_its_cell(tmp_path: Path) -> None:
    made = project(tmp_path, train=24, copies=3)
    made.params("render: {quality: 90, max_failures: 1}")
    made.render()
    whole = made.table().to_pylist()
    path = "train/0003.jpg"
    content = bytearray((tmp_path / "raw" / path).read_bytes())
    content[-40] ^= 255
    (tmp_path / "raw" / path).write_bytes(content)
    printed = made.render()
    report = json.loads((tmp_path / "manifests/built/render.json").read_text())
    assert report["failures"] == [{"path": path, "reason": "its bytes have changed since the scan"}]
    assert f"failed: {path}: its bytes have changed since the scan" in printed
    table = {row["task_id"]: row for row in made.table().to_pylist()}
    lost = {row["task_id"]: row for row in whole if row["task_id"] not in table}
    tones = {row["task_id"] for row in whole if row["donor"] == lost[min(lost)]["image_id"]}
    assert len(table) == len(whole)
    assert {one["task_id"] for one in report["filled"]} == set(lost)
    assert {row["task_id"] for row in lost.values() if row["path"] != path} == tones
    for filled in report["filled"]:
        assert filled["by"] in printed
        new = table[filled["by"]]
        assert new["cell"] == lost[filled["task_id"]]["cell"]
        assert new["shard"] == lost[filled["task_id"]]["shard"]
        assert new["path"] != path
        assert new["kept"]
        assert new["copy"] > 3
    expected = made.hashes()
    empty(made)
    made.render(3, "threading")
    assert made.hashes() == expected


def test_a_failed_photo_of_valid_is_left_out_and_reported(tmp_path: Path) -> None:
    made = project(tmp_path, train=4, scored=4)
    made.params("render: {quality: 90, max_failures: 2}")
    lost = next((tmp_path / "raw/valid").iterdir())
    lost.unlink()
    made.render()
    assert f"valid/{lost.name}" not in made.table()["path"].to_pylist()
    report = json.loads((tmp_path / "manifests/built/render.json").read_text())
    assert report["failures"] == [{"path": f"valid/{lost.name}", "reason": "no such file or directory"}]
    assert report["filled"] == []


@pytest.mark.parametrize("place", ["os.fsync", "augment.cache.packs.Pack.publish"])
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    made = project(tmp_path, train=20)
    made.render()
    expected = made.hashes()
    empty(made)
    calls = []

    def full(_: int) -> None:
        calls.append(1)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(renderer, "CALL", 4)
        patch.setattr(place, full)
        with pytest.raises(OSError, match="No space left"):
            made.render()
    assert not (made.shards / "index.parquet").exists()
    assert not list(made.shards.glob(".*.part"))
    assert not list(made.folder.glob(".cache/render/??/.*"))
    made.render()
    assert made.hashes() == expected


def assert_the_same_bytes_after_kills(made: Project, expected: dict[str, str], kills: int, jobs: int) -> None:
    """Kill the stage with SIGKILL `kills` times at moments spread over a run; then let it complete."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "N_JOBS": str(jobs)}
    rng = np.random.default_rng(kills)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "augment.render"], cwd=made.folder, env=environment, check=True, capture_output=True
    )
    length = time.monotonic() - began
    for number in range(kills):
        if number % 5 == 0:
            empty(made)
        process = subprocess.Popen(
            [sys.executable, "-m", "augment.render"],
            cwd=made.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(float(rng.uniform(0.3, 1.05)) * length)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if number % 3 == 2 or number == kills - 1:
            made.render()
            assert made.hashes() == expected
            ids = made.table()["task_id"].to_pylist()
            assert len(ids) == len(set(ids))


def test_a_folder_of_the_users_is_never_touched(tmp_path: Path) -> None:
    made = project(tmp_path, train=10)
    made.shards.mkdir(parents=True)
    (made.shards / "thesis.tar").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"or one that augment\.render made\. Received a folder that holds thesis\.tar"):
        made.render()
    assert [path.name for path in made.shards.iterdir()] == ["thesis.tar"]


def test_what_the_user_puts_beside_the_shards_stays(tmp_path: Path) -> None:
    made = project(tmp_path, train=10)
    made.render()
    (made.shards / "mine.tar").write_bytes(b"mine")
    made.render()
    assert (made.shards / "mine.tar").read_bytes() == b"mine"


def test_two_renders_with_two_stores_do_not_share_an_output(tmp_path: Path) -> None:
    made = project(tmp_path, train=10)
    made.render()
    expected = made.hashes()
    with files.locked(made.shards), pytest.raises(UserError, match="expected a folder that no other command uses"):
        made.render()
    made.render()
    assert made.hashes() == expected


def test_killed_runs_complete_to_the_same_bytes(tmp_path: Path) -> None:
    made = project(tmp_path, train=40, copies=3)
    made.render()
    assert_the_same_bytes_after_kills(made, made.hashes(), kills=3, jobs=1)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_hundred_kills(tmp_path: Path, jobs: int) -> None:
    made = project(tmp_path, train=150, copies=8)
    made.render()
    assert_the_same_bytes_after_kills(made, made.hashes(), kills=50, jobs=jobs)


def test_an_interrupted_run_loses_one_call_of_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(tmp_path, train=20, copies=3)
    monkeypatch.setattr(renderer, "CALL", 4)
    whole = images(made.render())
    empty(made)
    published = []
    publish = packs.Pack.publish

    def die(pack: packs.Pack) -> None:
        publish(pack)
        published.append(pack.name)
        if len(published) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packs.Pack, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            made.render()
    assert images(made.render()) < whole * 0.6


def test_unknown_policies_are_an_error(tmp_path: Path) -> None:
    made = project(tmp_path, train=2)
    (tmp_path / "params.yaml").write_text((tmp_path / "params.yaml").read_text().replace("  pose:", "  posse:"))
    with pytest.raises(UserError, match=r"params.yaml: policies.posse: expected one of the policies copy, flip, pose"):
        made.render()


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    made = project(tmp_path, train=2)
    made.render()
    with (
        files.locked(tmp_path / ".cache/render"),
        pytest.raises(UserError, match="a folder that no other command uses"),
    ):
        made.render()


def test_the_command_opens_no_socket_and_loads_no_tensorflow(tmp_path: Path) -> None:
    made = project(tmp_path, train=3, copies=2)
    done = run(made.folder, "augment.render", jobs=1)
    assert done.returncode == 0, done.stderr
    assert "copies" in done.stdout
    listed = run(made.folder, "augment.store", "list")
    assert listed.stdout.splitlines()[-1].startswith("2 packs, 6 images, ")
    assert run(made.folder, "augment.verify", "--sample", "0").stdout.endswith("images verified, 0 mismatches\n")

"""What goes wrong while rendering: failed photos, a full disk, kills, two writers, a folder of the user's."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from augment.cache import packs
from augment.rendering import renderer
from manifests.core import files
from manifests.core.errors import UserError
from tests.support.render_fixtures import Project, empty, images, project
from tests.support.stages import ROOT


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


@pytest.mark.parametrize("copies", [3, 8])  # it lends tones; and a face and surroundings
def test_a_failed_photo_has_its_places_filled_from_its_cell(tmp_path: Path, copies: int) -> None:
    made = project(tmp_path, train=24, copies=copies)
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
    lent = {row["task_id"] for row in whole if row["donor"] == lost[min(lost)]["image_id"]}
    assert len(table) == len(whole)
    assert {one["task_id"] for one in report["filled"]} == set(lost)
    assert {row["task_id"] for row in lost.values() if row["path"] != path} == lent
    for filled in report["filled"]:
        assert filled["by"] in printed
        new = table[filled["by"]]
        assert new["cell"] == lost[filled["task_id"]]["cell"]
        assert new["shard"] == lost[filled["task_id"]]["shard"]
        assert new["path"] != path
        assert new["kept"]
        assert new["copy"] > copies
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


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    made = project(tmp_path, train=2)
    made.render()
    with (
        files.locked(tmp_path / ".cache/render"),
        pytest.raises(UserError, match="a folder that no other command uses"),
    ):
        made.render()

"""What surrounds a command is bad: a full disk, a folder without permission, wrong options."""

# ruff: noqa: F811 - pytest passes the fixture by its name

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.tables import base
from tests.test_bad_input import folder, run  # noqa: F401 - a fixture


def test_no_disk_space_is_said_and_keeps_the_older_table(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys)[0] == 0
    before = Path("manifests/built/source.parquet").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "source.parquet")

    monkeypatch.setattr(base.pq, "write_table", full)
    assert run(capsys) == (
        1,
        "source.parquet: expected a path that can be read and written. Received No space left on device. "
        "Free some space and run the command again.\n",
    )
    assert Path("manifests/built/source.parquet").read_bytes() == before
    assert not list(folder.rglob("*.part"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_an_output_folder_without_permission_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("manifests").mkdir(mode=0o500)
    assert "expected a folder that can be written. Received Permission denied." in run(capsys)[1]


def test_a_wrong_worker_count_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N_JOBS", "many")
    assert run(capsys) == (
        1,
        "environment: N_JOBS: expected a whole number of 1 or more. Received 'many'. Correct it, or unset it.\n",
    )


def test_a_wrong_option_exits_with_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "--sources", "a.parquet")
    assert code == 2
    assert "unrecognized arguments: --sources a.parquet" in text


def test_as_a_command_there_is_no_traceback(folder: Path) -> None:
    Path("params.yaml").unlink()
    repository = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "manifests.scan"],
        env=os.environ | {"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "params.yaml: expected a parameter file. Received no such file. Name one with --params.\n"

"""Write whole, then publish: a reader never sees a part, whatever happens while writing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from manifests.core import files
from manifests.core.errors import UserError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_is_made_and_the_file_is_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "out.txt"
    files.write_text(path, "faces ä")
    assert path.read_bytes() == "faces ä".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert names(path.parent) == ["out.txt"]


@pytest.mark.parametrize("failure", [ValueError("bad"), KeyboardInterrupt(), OSError(errno.ENOSPC, "no space")])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "out.txt"
    files.write_text(path, "old")
    with pytest.raises(type(failure)), files.publish(path) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
        raise failure
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.txt"]


def test_the_new_file_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with files.publish(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
        assert not path.exists()
    assert path.read_text() == "new"


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("I am a file")
    path = tmp_path / "folder" / "out.txt"
    with pytest.raises(UserError) as error:
        files.write_text(path, "x")
    assert str(error.value) == (
        f"{path}: expected a folder that can be written. Received File exists. "
        "Check its permissions, or choose another output path."
    )


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.mkdir()
    with pytest.raises(UserError) as error:
        files.write_text(path, "x")
    assert str(error.value) == (
        f"{path}: expected a file's path. Received a directory. Remove it or choose another path."
    )
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=r"expected a folder that can be written. Received Permission denied"):
        files.write_text(tmp_path / "out.txt", "x")


def test_a_file_in_place_of_the_folder_stays_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("mine")
    for path, message in {
        "pages": "expected a folder's path. Received a file.",
        "pages/plan": "expected a folder that can be written. Received Not a directory.",
    }.items():
        with pytest.raises(UserError) as said, files.publish_folder(tmp_path / path):
            pass
        assert str(said.value).startswith(f"{tmp_path / path}: {message}")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("pages", "mine")]


def test_a_full_disk_names_the_file_that_did_not_fit(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as said, files.publish(tmp_path / "table"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert said.value.filename == str(tmp_path / "table")
    assert not list(tmp_path.iterdir())

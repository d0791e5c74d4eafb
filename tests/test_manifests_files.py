"""Write whole, then publish: a reader never sees a part, whatever happens while writing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from manifests.core import files, plain
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
        "pages/plan": "expected a folder that can be written. Received File exists.",
    }.items():
        with pytest.raises(UserError) as said, files.publish_folder(tmp_path / path, "balance.page"):
            pass
        assert str(said.value).startswith(f"{tmp_path / path}: {message}")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("pages", "mine")]


def test_a_folder_that_holds_the_users_files_is_never_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "d"
    mine.mkdir()
    (mine / "thesis.tex").write_text("mine")
    with pytest.raises(UserError) as said, files.publish_folder(mine, "balance.page"):
        pass
    assert str(said.value) == (
        f"{mine}: expected an empty folder, or one that balance.page made. Received a folder that holds thesis.tex. "
        "Choose another path, or remove the folder if nothing in it is needed."
    )
    assert names(mine) == ["thesis.tex"] and names(tmp_path) == ["d"]


def test_a_folder_is_replaced_whole_by_the_next_run(tmp_path: Path) -> None:
    for content in ("one", "two"):
        with files.publish_folder(tmp_path / "page", "balance.page") as folder:
            (folder / content).write_text(content)
    assert sorted(names(tmp_path / "page")) == [files.MARKER, "two"] and names(tmp_path) == ["page"]


def test_what_a_killed_writer_left_is_removed_and_another_writers_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / ".page.abc.part").mkdir()
    with files.publish_folder(tmp_path / "page", "balance.page") as first:
        (first / "a").write_text("first")
        with files.publish_folder(tmp_path / "page", "balance.page") as second:
            (second / "a").write_text("second")
        assert (first / "a").exists()
    assert (tmp_path / "page/a").read_text() == "first" and names(tmp_path) == ["page"]


def test_a_folder_is_held_by_one_command(tmp_path: Path) -> None:
    with files.locked(tmp_path), pytest.raises(UserError, match="expected a folder that no other command uses"):
        files.locked(tmp_path).__enter__()
    with files.locked(tmp_path):
        pass


@pytest.mark.parametrize("kind", ["pipe", "directory", "large", "empty"])
def test_only_a_plain_file_of_a_sane_size_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_bytes(b"x" * (11 if kind == "large" else 0))
    with pytest.raises(plain.NotReadable) as said:
        plain.read_plain(str(path), 10)
    assert said.value.reason == {"large": "too_large", "empty": "empty_file"}.get(kind, "not_a_file")


def test_a_full_disk_names_the_file_that_did_not_fit(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as said, files.publish(tmp_path / "table"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert said.value.filename == str(tmp_path / "table")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_part_stays(tmp_path: Path) -> None:
    (tmp_path / ".table.killed.part").write_text("half")
    with files.publish(tmp_path / "table") as first:
        first.write_text("1")
        with files.publish(tmp_path / "table") as second:
            second.write_text("2")
        assert first.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["table"] and (tmp_path / "table").read_text() == "1"

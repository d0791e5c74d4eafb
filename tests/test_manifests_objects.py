"""What is written to an address: each object whole and once, a page's index last, a file fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from manifests.core import files, places
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import index


def test_an_object_is_written_once_and_replaced_only_where_it_may_be(tmp_path: Path) -> None:
    target, kept = places.place(f"file://{tmp_path}/folder/file"), tmp_path / "folder/file"
    files.write_bytes(target, b"one")
    before = kept.stat().st_ino, kept.stat().st_mtime_ns
    with files.publish(target, replace=False) as temporary:
        temporary.write_bytes(b"one")
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == before
    with pytest.raises(UserError) as clash, files.publish(target, replace=False) as temporary:
        temporary.write_bytes(b"two")
    assert str(clash.value) == (
        f"file://{tmp_path}/folder/file: expected no file, or the same one. Received one with other bytes. Another "
        "command wrote it meanwhile. Let one command at a time write there, and run this one again."
    )
    assert kept.read_bytes() == b"one"
    files.write_bytes(target, b"two")
    assert kept.read_bytes() == b"two"


def test_an_index_that_another_command_wrote_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = places.place(f"file://{tmp_path}/index.parquet")
    cells = Cells.of({"age": [30]})
    with pytest.raises(UserError, match="Another command wrote it meanwhile"), index.writing(path, cells, {}):
        (tmp_path / "index.parquet").write_bytes(b"theirs")
    assert (tmp_path / "index.parquet").read_bytes() == b"theirs"


def test_an_exclusive_write_that_comes_second_leaves_the_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the file system knows exclusive writes, nothing fits between the question and the write."""
    asked: list[str] = []

    def exclusive(self: object, local: str, path: str, callback: object = None, mode: str = "overwrite") -> None:
        asked.append(mode)
        if mode == "create" and Path(path).exists():
            raise FileExistsError(17, "an object", path)
        shutil.copyfile(local, path)

    target, here = places.place(f"file://{tmp_path}/object"), tmp_path / "here"
    monkeypatch.setattr(type(target.fs), "put_file", exclusive)  # type: ignore[attr-defined]
    monkeypatch.setattr(type(target), "exists", lambda self: False)  # asked before the other wrote it
    here.write_bytes(b"ours")
    (tmp_path / "object").write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        places.put(here, target, replace=False)
    assert asked == ["create"] and (tmp_path / "object").read_bytes() == b"theirs"
    (tmp_path / "object").write_bytes(b"ours")
    places.put(here, target, replace=False)
    assert asked == ["create", "create"]


def test_a_page_whose_upload_is_cut_short_has_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, target = tmp_path / "bucket", places.place(f"file://{tmp_path}/bucket")
    with files.publish_folder(target, "a.stage") as folder:
        for name in ("index.html", "a.js", "z.js"):
            (folder / name).write_text("old")
    put = places.put

    def failing(local: Path, path: Path, replace: bool = True) -> None:
        if path.name == "z.js":
            raise OSError(5, "the line was cut")
        put(local, path, replace)

    monkeypatch.setattr(places, "put", failing)
    with pytest.raises(UserError, match="Received the line was cut"), files.publish_folder(target, "a.stage") as folder:
        for name in ("index.html", "a.js", "z.js"):
            (folder / name).write_text("new")
    assert sorted(path.name for path in bucket.iterdir()) == [files.MARKER, "a.js", "z.js"]
    monkeypatch.setattr(places, "put", put)
    with files.publish_folder(target, "a.stage") as folder:
        (folder / "index.html").write_text("new")
    assert sorted(path.name for path in bucket.iterdir()) == [files.MARKER, "index.html"]


def test_a_file_that_a_parameter_names_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.weights.h5").write_bytes(b"weights")
    assert places.local(f"{tmp_path}/a.weights.h5") == tmp_path / "a.weights.h5"
    found = places.local(f"file://{tmp_path}/a.weights.h5")
    assert found.read_bytes() == b"weights" and found.name.endswith("a.weights.h5") and found.parent != tmp_path
    with pytest.raises(UserError) as none:
        places.local(f"file://{tmp_path}/b.weights.h5")
    assert str(none.value) == (
        f"file://{tmp_path}/b.weights.h5: expected a file. Received none at this address. Correct the address, or put "
        "the file there."
    )

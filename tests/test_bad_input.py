"""Bad input to the first command: each a clear error or a quarantine row, nothing lost, no traceback."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from manifests import scan
from manifests.core import command
from manifests.tables import quarantine, source

PARAMS = """\
source: {layout: table, root: photos, max_quarantine: 0.9}
cells: {age: [20, 40], gender: [male, female]}
"""


def photo(seed: int = 0, kind: str = "JPEG", size: tuple[int, int] = (40, 40)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (5, 5, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(out, kind)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one good photo, and room for one bad row."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/good.jpg").write_bytes(photo(99))
    (tmp_path / "params.yaml").write_text(PARAMS)
    label("bad.jpg,train,30,male")
    return tmp_path


def label(row: str | bytes) -> None:
    """Write the label file: the good photo's row, and the one given."""
    row = row if isinstance(row, bytes) else row.encode("utf-8", "surrogateescape")
    Path("photos/labels.csv").write_bytes(b"path,split,age,gender\ngood.jpg,train,30,male\n" + row + b"\n")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of the command, run in this process."""
    try:
        command.run(lambda: scan.main(arguments))
    except SystemExit as left:
        return int(left.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


def write(content: bytes) -> Callable[[], object]:
    return lambda: Path("photos/bad.jpg").write_bytes(content)


def link_out() -> None:
    Path("outside.jpg").write_bytes(photo())
    Path("photos/bad.jpg").symlink_to(Path("outside.jpg").resolve())


LONG = "x" * 300 + ".jpg"
ROWS: dict[str, tuple[Callable[[], object], str, str, str]] = {
    "missing file": (lambda: None, "bad.jpg", "missing_file", "no such file or directory"),
    "truncated JPEG": (write(photo()[:-200]), "bad.jpg", "undecodable", "JPEG: the JPEG ends before its end marker"),
    "JPEG cut in its header": (write(photo()[:90]), "bad.jpg", "undecodable", "its header is cut or damaged"),
    "truncated PNG": (write(photo(0, "PNG")[:-60]), "bad.jpg", "undecodable", "PNG: OpenCV can't decode the pixels"),
    "60,000 x 60,000 pixel header": (
        write(bomb(60_000, 60_000)),
        "bad.jpg",
        "too_many_pixels",
        "60000 x 60000, source.max_pixels is 50000000",
    ),
    "text in place of a photo": (
        write(b"hello"),
        "bad.jpg",
        "unknown_format",
        "no header of JPEG, PNG, WEBP, BMP, TIFF",
    ),
    "empty photo": (write(b""), "bad.jpg", "empty_file", "0 bytes"),
    "directory in place of a photo": (lambda: Path("photos/bad.jpg").mkdir(), "bad.jpg", "not_a_file", "a directory"),
    "named pipe": (lambda: os.mkfifo("photos/bad.jpg"), "bad.jpg", "not_a_file", "a device, pipe or socket"),
    "link out of the root": (link_out, "bad.jpg", "outside_root", "a link that leads out of the root"),
    "path with ..": (
        lambda: label("../bad.jpg,train,30,male"),
        "../bad.jpg",
        "outside_root",
        "an absolute path, or one with ..",
    ),
    "absolute path": (
        lambda: label("/etc/passwd,train,30,male"),
        "/etc/passwd",
        "outside_root",
        "an absolute path, or one with ..",
    ),
    "name too long": (lambda: label(f"{LONG},train,30,male"), LONG, "malformed_name", "file name too long"),
    "name with a control character": (
        lambda: label("b\x07d.jpg,train,30,male"),
        "b\x07d.jpg",
        "malformed_name",
        "an empty name, a control character, or bytes that are no UTF-8",
    ),
    "no name": (lambda: label(",train,30,male"), "labels.csv:3", "malformed_row", "no path"),
    "unknown label": (
        lambda: label("bad.jpg,train,30,robot"),
        "bad.jpg",
        "unknown_label",
        "gender: 'robot' is none of male, female",
    ),
    "missing label": (lambda: label("bad.jpg,train,30,"), "bad.jpg", "missing_label", "gender"),
    "missing age": (lambda: label("bad.jpg,train,,male"), "bad.jpg", "missing_label", "age"),
    "negative age": (
        lambda: label("bad.jpg,train,-3,male"),
        "bad.jpg",
        "age_out_of_range",
        "-3 is not in 0 to 120",
    ),
    "age of a tortoise": (
        lambda: label("bad.jpg,train,190,male"),
        "bad.jpg",
        "age_out_of_range",
        "190 is not in 0 to 120",
    ),
    "age in words": (lambda: label("bad.jpg,train,old,male"), "bad.jpg", "malformed_row", "no age: 'old'"),
    "age range backwards": (
        lambda: label('bad.jpg,train,"(25, 23)",male'),
        "bad.jpg",
        "age_range_backwards",
        "25 to 23",
    ),
    "age range across two bins": (
        lambda: label("bad.jpg,train,15-25,male"),
        "bad.jpg",
        "age_range_straddles",
        "15 to 25 lies in <20 and above",
    ),
    "unknown split": (lambda: label("bad.jpg,holdout,30,male"), "bad.jpg", "unknown_split", "'holdout'"),
    "too few fields": (
        lambda: label("bad.jpg,train"),
        "labels.csv:3",
        "malformed_row",
        "more or fewer fields than the header has",
    ),
    "row twice": (
        lambda: label("good.jpg,train,30,male"),
        "good.jpg",
        "duplicate_row",
        "the same labels in another row, which was taken",
    ),
    "row twice with other labels": (
        lambda: label("good.jpg,train,31,male"),
        "good.jpg",
        "duplicate_row",
        "other labels in another row, which was taken",
    ),
    "same bytes twice": (write(photo(99)), "good.jpg", "duplicate_in_split", "same bytes as bad.jpg"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_bad_row_is_in_quarantine_and_the_rest_is_used(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    spoil, path, reason, detail = ROWS[kind]
    spoil()
    code, told = run(capsys)
    assert code == 0
    assert [line for line in told.splitlines() if not line.startswith("scan: ")] == [], "no word but what it cost"
    out, _ = quarantine.read(Path("manifests/built/quarantine.parquet"))
    assert out.to_pylist() == [{"path": path, "reason": reason, "detail": detail}]
    used, _ = source.read(Path("manifests/built/source.parquet"))
    assert used.num_rows == 1


def rewrite(old: str, new: str) -> Callable[[], object]:
    return lambda: Path("params.yaml").write_text(PARAMS.replace(old, new))


def labels_as(content: bytes) -> Callable[[], object]:
    return lambda: Path("photos/labels.csv").write_bytes(content)


def no_photo_left() -> None:
    Path("photos/good.jpg").unlink()


def folder_as_labels() -> None:
    Path("photos/labels.csv").unlink()
    Path("photos/labels.csv").mkdir()


HEADER = b"path,split,age,gender\n"
CHECK = "Check source.layout and source.root in params.yaml."
ERRORS: dict[str, tuple[Callable[[], object], str]] = {
    "no parameter file": (
        lambda: Path("params.yaml").unlink(),
        "params.yaml: expected a parameter file. Received no such file. Name one with --params.",
    ),
    "parameter file without this section": (
        lambda: Path("params.yaml").write_text("seed: 1\n"),
        "params.yaml: source: expected a section of that name. Received none. "
        "Add it, as in params.yaml of the repository.",
    ),
    "unknown section": (
        rewrite("cells:", "sells:"),
        "params.yaml: sells: expected one of the sections seed, task, source, cells, plan, policies, render, train, "
        "score, audit. Received 'sells' (did you mean cells?). Correct or remove the key.",
    ),
    "unknown key": (
        rewrite("root: photos", "root: photos, roots: b"),
        "params.yaml: source.roots: expected a key that exists. Received 'roots'. Correct or remove the key.",
    ),
    "wrong type": (
        rewrite("0.9", "most"),
        "params.yaml: source.max_quarantine: expected a valid number. Received 'most'. Correct the value.",
    ),
    "out of range": (
        rewrite("0.9", "-1"),
        "params.yaml: source.max_quarantine: expected greater than or equal to 0. Received -1. Correct the value.",
    ),
    "edges that do not ascend": (
        rewrite("[20, 40]", "[40, 20]"),
        "params.yaml: cells.age: expected bin edges above 0 that ascend. Received [40, 20]. "
        "Sort the edges and drop doubles.",
    ),
    "no axis that the layout has": (
        rewrite("age: [20, 40], gender: [male, female]", "mood: [calm]"),
        "params.yaml: cells: expected an axis that the layout table has (age, gender). Received mood. "
        "Name one of its axes.",
    ),
    "rename to an unknown value": (
        rewrite("root: photos", "root: photos, rename: {gender: {m: man}}"),
        "params.yaml: source.rename.gender.m: expected a value of gender (male, female). Received 'man'. Correct it.",
    ),
    "rename of an unknown axis": (
        rewrite("root: photos", "root: photos, rename: {sex: {m: male}}"),
        "params.yaml: source.rename.sex: expected an axis of cells (age, gender). Received 'sex'. Rename it.",
    ),
    "no root": (
        rewrite("root: photos", "root: fotos"),
        "params.yaml: source.root: expected a folder with photos, relative to the working directory. "
        "Received 'fotos', which does not exist. Put or link the photos there.",
    ),
    "file in place of the root": (
        rewrite("root: photos", "root: params.yaml"),
        "params.yaml: source.root: expected a folder with photos, relative to the working directory. "
        "Received 'params.yaml', which is no folder. Put or link the photos there.",
    ),
    "no label file": (
        lambda: Path("photos/labels.csv").unlink(),
        f"photos/labels.csv: expected a label file. Received no such file or directory. {CHECK}",
    ),
    "directory in place of a label file": (
        folder_as_labels,
        f"photos/labels.csv: expected a label file. Received no regular file. {CHECK}",
    ),
    "empty label file": (
        labels_as(b""),
        "photos/labels.csv:1: expected a column path. Received an empty file. Name it in source.columns.path.",
    ),
    "label file with a header alone": (
        labels_as(HEADER),
        "params.yaml: source: expected at least one usable photo. Received no row. "
        "Check source.layout and source.root.",
    ),
    "wrong column": (
        labels_as(b"file,split,age,gender\ngood.jpg,train,30,male\n"),
        "photos/labels.csv:1: expected a column path. Received file, split, age, gender. "
        "Name it in source.columns.path.",
    ),
    "mapped column that is not there": (
        rewrite("root: photos", "root: photos, columns: {age: years}"),
        "params.yaml: source.columns.age: expected a column of labels.csv (path, split, age, gender). "
        "Received 'years'. Correct the name.",
    ),
    "column twice": (
        labels_as(b"path,age,age,gender\n"),
        "photos/labels.csv:1: expected each column once. Received path, age, age, gender. "
        "Rename or remove one column 'age'.",
    ),
    "label file in another encoding": (
        labels_as(HEADER + b"good.jpg,train,30,m\xe2le\n"),
        "photos/labels.csv:2: expected text in UTF-8. Received byte 0xe2. Save the file as UTF-8.",
    ),
    "quote that never ends": (
        labels_as(HEADER + b'"good.jpg,train,30,male\nb.jpg,train,3,male\n'),
        "photos/labels.csv:3: expected a row of delimited text. Received unexpected end of data. "
        "Correct the row's quotes.",
    ),
    "nothing usable": (
        no_photo_left,
        "params.yaml: source: expected at least one usable photo. Received none of 2 rows (missing_file 2). "
        "manifests/built/quarantine.parquet says why for each row.",
    ),
    "more out than is allowed": (
        rewrite("0.9", "0.1"),
        "params.yaml: source.max_quarantine: expected at most 10.0% of the rows to fall out. "
        "Received 1 of 2, 50.0% (missing_file 1). manifests/built/quarantine.parquet says why for each row: "
        "correct them, or raise source.max_quarantine.",
    ),
    "output folder that is a file": (
        lambda: Path("manifests").write_text("x"),
        "manifests/built/quarantine.parquet: expected a folder that can be written. Received Not a directory. "
        "Check its permissions, or choose another output path.",
    ),
    "directory in place of the output": (
        lambda: Path("manifests/built/quarantine.parquet").mkdir(parents=True),
        "manifests/built/quarantine.parquet: expected a file's path. Received a directory. "
        "Remove it or choose another path.",
    ),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_a_mistake_is_one_clear_error_and_leaves_no_table(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    spoil, expected = ERRORS[kind]
    spoil()
    assert run(capsys) == (1, f"{expected}\n")
    assert not Path("manifests/built/source.parquet").exists()
    assert not list(folder.rglob("*.part"))

"""The list of rejected copies: what is read, and what is said of a line that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.core.errors import UserError
from manifests.tables import rejects
from tests.support.stages import ROOT

ONE = "0123456789abcdef_0003"


def write(folder: Path, text: str) -> Path:
    (folder / "rejects.csv").write_text(text)
    return folder / "rejects.csv"


def test_the_committed_list_is_empty() -> None:
    assert rejects.read(ROOT / "manifests/rejects.csv") == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("task_id,reason\n", {}),
        (f"task_id,reason\n{ONE},\n", {ONE: ""}),
        (f'task_id,reason\r\n{ONE},"too dark, ""very"""\r\n\r\n', {ONE: 'too dark, "very"'}),
        (f"\ufefftask_id,reason\n{ONE}\n{ONE},again\n", {ONE: ""}),
    ],
)
def test_lines_as_the_gallery_and_a_spreadsheet_write_them(tmp_path: Path, text: str, wanted: dict) -> None:
    assert rejects.read(write(tmp_path, text)) == wanted


@pytest.mark.parametrize("line", ["0123456789abcdef_0000,", "photo.jpg,", f"{ONE},a,b", ",why"])
def test_a_line_that_names_no_copy_is_an_error(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, f"task_id,reason\n{line}\n")
    with pytest.raises(UserError) as error:
        rejects.read(path)
    assert str(error.value) == (
        f"{path}: line 2: expected a copy's task_id such as 0123456789abcdef_0003, and a reason or none. "
        f"Received {line!r}. Correct or remove the line."
    )


@pytest.mark.parametrize(("text", "received"), [("", "an empty file"), ("id,why\n", "id,why")])
def test_another_header_is_an_error(tmp_path: Path, text: str, received: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError) as error:
        rejects.read(path)
    wanted = (
        f"{path}: line 1: expected the header task_id,reason. Received {received}. Export it from the gallery again."
    )
    assert str(error.value) == wanted

"""Shards rendered in parts, by several commands at once, come out as from one run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from augment import verify
from augment.rendering import parts
from augment.rendering.report import Report
from tests.support.render_fixtures import Project, empty, images, project
from tests.support.stages import ROOT, run


@pytest.fixture
def rendered(tmp_path: Path) -> tuple[Project, dict[str, str]]:
    made = project(tmp_path)
    made.render(2)
    return made, made.hashes()


def clear(made: Project) -> None:
    for path in made.shards.iterdir():
        path.unlink()
    (made.folder / "manifests/built/render.json").unlink()


@pytest.mark.parametrize("count", [1, 3, 9])
def test_parts_at_once_then_joined_give_the_same_bytes(rendered: tuple[Project, dict[str, str]], count: int) -> None:
    made, expected = rendered
    empty(made)
    clear(made)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "N_JOBS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "augment.render", "--part", f"{number}/{count}"],
            cwd=made.folder,
            env=environment,
            stdout=-1,
            stderr=-1,
            text=True,
        )
        for number in range(1, count + 1)
    ]
    for part in running:
        _, said = part.communicate()
        assert part.returncode == 0, said
    assert not (made.shards / "index.parquet").exists()
    joined = run(made.folder, "augment.render", "--join")
    assert joined.returncode == 0, joined.stderr
    assert made.hashes() == expected


def test_a_second_run_with_the_same_store_renders_nothing(rendered: tuple[Project, dict[str, str]]) -> None:
    made, _ = rendered
    clear(made)
    done = run(made.folder, "augment.render", "--part", "1/2")
    assert images(done.stdout) == 0


def test_a_missing_part_and_one_of_another_plan_are_errors(rendered: tuple[Project, dict[str, str]]) -> None:
    made, _ = rendered
    clear(made)
    assert run(made.folder, "augment.render", "--part", "2/2").returncode == 0
    said = run(made.folder, "augment.render", "--join").stderr
    assert said == (
        f"{made.shards}: expected every part of one number of parts. Received none of part 1/2. "
        "Run it again: python -m augment.render --part.\n"
    )
    made.write_tasks(copies=2)
    assert run(made.folder, "augment.render", "--part", "1/2").returncode == 0
    assert (
        "expected a part of this plan. Received one of another." in run(made.folder, "augment.render", "--join").stderr
    )
    assert not (made.shards / "index.parquet").exists()


def test_a_photo_that_fails_ends_a_part(rendered: tuple[Project, dict[str, str]]) -> None:
    made, _ = rendered
    made.params("render: {quality: 90, max_failures: 5}")
    (made.folder / "raw/train/0000.jpg").unlink()
    said = run(made.folder, "augment.render", "--part", "1/1").stderr
    assert "expected a photo that can be rendered (render.max_failures: 0)" in said


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b"])
def test_no_part(rendered: tuple[Project, dict[str, str]], text: str) -> None:
    done = run(rendered[0].folder, "augment.render", "--part", text)
    assert done.returncode == 2 and f"'{text}' is no part such as 3/16" in done.stderr


@pytest.mark.parametrize("sizes", [[10], [1, 2, 3, 4], [4, 6]])
def test_rows_come_in_the_sizes_asked_for_whatever_the_parts_hold(tmp_path: Path, sizes: list[int]) -> None:
    held = ([[0, 1, 2], [3]], [], [[4, 5, 6, 7, 8], [9]])
    for number, numbers in enumerate(held, start=1):
        tables = (pa.table({"row": pa.array(rows).dictionary_encode()}) for rows in numbers)
        parts.write(parts.Part(number, 3).path(tmp_path), tables, Report(), "this plan")
    _, found = parts.read(tmp_path, "this plan")
    taken = [table["row"].to_pylist() for table in parts.rows_of(found, sizes)]
    assert [len(rows) for rows in taken] == sizes and [int(one) for rows in taken for one in rows] == list(range(10))


def test_the_rows_to_verify_are_picked_from_a_table_that_comes_in_parts() -> None:
    tables = [pa.table({"row": rows}) for rows in ([0, 1, 2], pa.array([], pa.int64()), [3, 4, 5, 6], [7])]
    for count in (0, 1, 3, 8, 9):
        chosen = verify.spread(8, count)
        assert [row for one in verify.picked(tables, chosen) for row in one["row"].to_pylist()] == chosen.tolist()
        assert len(set(chosen.tolist())) == (count if 0 < count < 8 else 8)

"""The stage that draws the embedded default: the folder it publishes, and that scan can read it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from manifests import draw, scan
from manifests.core.errors import UserError
from manifests.core.files import MARKER
from manifests.tables import quarantine, source
from tests.support.stages import hashes

CELLS = """cells:
  age: [20, 40, 60]
  gender: [male, female]
  ethnicity: [caucasian, asian, afroamerican]
  expression: [neutral, slightly happy, happy, other]
"""
HEADER = "path,split,age,age_std,gender,ethnicity,expression"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one worker drew 100 faces; tests that change it take `project`."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        enter(folder, patch)
        draw.main([])
    return folder


@pytest.fixture
def drawn(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Work in `home`; the hash of every drawn file."""
    monkeypatch.chdir(home)
    return written()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with one worker and 100 faces asked for."""
    enter(tmp_path, monkeypatch)


def enter(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(folder)
    patch.setenv("N_JOBS", "1")
    write_params()


def write_params(layout: str = "drawn", drawn: int = 100, seed: int = 7) -> None:
    section = f"source:\n  layout: {layout}\n  root: datasets/raw/drawn\n  drawn: {drawn}\n"
    Path("params.yaml").write_text(f"seed: {seed}\n{section}{CELLS}")


def drawn_files() -> dict[str, str]:
    draw.main([])
    return written()


def written() -> dict[str, str]:
    return {name: digest for name, digest in hashes(Path("datasets/raw/drawn")).items() if not name.endswith(MARKER)}


def labels() -> list[dict[str, str]]:
    with Path("datasets/raw/drawn/labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_three_workers_draw_the_same_bytes_as_one(
    drawn: dict[str, str], project: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N_JOBS", "3")
    assert drawn_files() == drawn
    assert len(set(drawn.values())) == 102  # no two faces alike, the labels and the landmarks


def test_another_seed_draws_other_people(drawn: dict[str, str], project: None) -> None:
    write_params(seed=8)
    others = drawn_files()
    assert others.keys() == drawn.keys()
    assert not set(others.values()) & set(drawn.values())


def test_every_label_row_has_its_face_and_every_face_its_row(drawn: dict[str, str]) -> None:
    rows = labels()
    faces = {str(path.relative_to("datasets/raw/drawn")) for path in Path("datasets/raw/drawn").rglob("*.jpg")}
    assert {row["path"] for row in rows} == faces
    assert all(row["path"].startswith(f"{row['split']}/") for row in rows)
    assert Path("datasets/raw/drawn/labels.csv").read_text().splitlines()[0] == HEADER


def test_a_face_is_a_colour_jpeg_of_96_pixels(drawn: dict[str, str]) -> None:
    for path in sorted(Path("datasets/raw/drawn/train").iterdir())[:10]:
        image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        assert image.shape == (96, 96, 3)
        assert np.abs(image[..., 0].astype(int) - image[..., 2]).mean() > 1
        assert path.read_bytes()[:3] == b"\xff\xd8\xff"


def test_scan_uses_every_drawn_face(drawn: dict[str, str]) -> None:
    scan.main([])
    used, cells = source.read(Path("manifests/built/source.parquet"))
    out, _ = quarantine.read(Path("manifests/built/quarantine.parquet"))
    assert out.num_rows == 0
    assert used.num_rows == 100
    assert cells.names == ("age", "gender", "ethnicity", "expression")
    by_path = {row["path"]: row for row in used.to_pylist()}
    for row in labels():
        scanned = by_path[row["path"]]
        assert scanned["age"] == pytest.approx(float(row["age"]))
        assert scanned["age_std"] == pytest.approx(float(row["age_std"]))
        assert all(scanned[name] == row[name] for name in ("split", "gender", "ethnicity", "expression"))
        assert scanned["age_bin"] == cells["age"].values[np.digitize(float(row["age"]), (20, 40, 60))]
    assert used.column("near_of").null_count == 100


def test_another_layout_draws_nothing_but_the_header(project: None, capsys: pytest.CaptureFixture[str]) -> None:
    write_params(layout="utkface")
    assert list(drawn_files()) == ["drawn/labels.csv"]
    assert Path("datasets/raw/drawn/labels.csv").read_text() == HEADER + "\n"
    assert capsys.readouterr().out == "drawn         nothing, since the layout is utkface\n"


def test_a_stale_folder_is_replaced(project: None) -> None:
    write_params(layout="utkface")
    stale = Path("datasets/raw/drawn/train/999999.jpg")
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"an older face")
    (stale.parents[1] / MARKER).write_text("manifests.draw\n")
    assert list(drawn_files()) == ["drawn/labels.csv"]
    assert [path.name for path in Path("datasets/raw").iterdir()] == ["drawn"]


def test_what_was_there_stays_when_drawing_is_stopped(
    home: Path, drawn: dict[str, str], project: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home / "datasets", "datasets")

    def stop(number: int, batch: list, folder: Path) -> int:
        (folder / "train/000000.jpg").write_bytes(b"half a face")
        raise KeyboardInterrupt

    monkeypatch.setattr(draw, "draw", stop)
    with pytest.raises(KeyboardInterrupt):
        draw.main([])
    assert written() == drawn
    assert [path.name for path in Path("datasets/raw").iterdir()] == ["drawn"]


def test_the_summary_counts_the_faces(
    project: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(draw.faces, "render", lambda *_: np.zeros((96, 96, 3), np.uint8))
    write_params(drawn=1000)
    draw.main([])
    assert capsys.readouterr().out == "drawn             1,000  faces\n"
    assert sum(1 for _ in Path("datasets/raw/drawn").rglob("*.jpg")) == 1000


def test_fewer_than_a_hundred_faces_are_a_mistake(project: None) -> None:
    write_params(drawn=99)
    with pytest.raises(UserError, match=r"params\.yaml: source\.drawn: expected .*100.*\. Received 99\."):
        draw.main([])

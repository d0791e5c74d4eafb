"""The whole pipeline on a small slice of real photos: the 160 of APPA-REAL's original release."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.stages import ROOT, prepare, run, run_all

PHOTOS = ROOT.parent / "shared" / "data" / "appa_real_release"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"no real photos at {PHOTOS}"),
]

PARAMS = f"""
seed: 7
source: {{layout: appa_real_release, root: '{PHOTOS}'}}
cells:
  age: [20, 40, 60]
  gender: [male, female]
  ethnicity: [caucasian, asian, afroamerican]
  expression: [neutral, slightly happy, happy, other]
plan: {{total: 160, shares: {{age: uniform, gender: uniform}}, max_copies: 8}}
policies: {{pose: {{weight: 2}}, light: {{weight: 1}}, tone: {{weight: 1}}}}
render: {{quality: 95}}
train:
  backbone: small_cnn
  max_steps: 4
  runs: {{original: {{images: original}}, balanced: {{images: balanced}}}}
score: {{resamples: 200, permutations: 200}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = prepare(tmp_path_factory.mktemp("slice") / "house", PARAMS)
    run_all(
        made, "manifests.scan", "augment.landmarks", "balance.plan", "balance.page", "augment.render", "augment.gallery"
    )
    for name in ("original", "balanced"):
        done = run(made, "train.fit", "--run", name, guarded=False)
        assert done.returncode == 0, done.stderr
        run_all(made, f"train.score --run {name}")
    run_all(made, "train.compare", "train.page", "pages.quarantine", "pages.home")
    return made


def test_every_photo_is_used_or_in_quarantine(folder: Path) -> None:
    used = pq.read_table(folder / "manifests/built/source.parquet").num_rows
    out = pq.read_table(folder / "manifests/built/quarantine.parquet").num_rows
    assert (used, out) == (159, 2)


def test_the_shards_hold_exactly_the_planned_train_images(folder: Path) -> None:
    index = pq.read_table(folder / "datasets/shards/index.parquet").to_pandas()
    assert ((index["split"] == "train") & index["kept"]).sum() == 160


def test_originals_pass_through_byte_for_byte(folder: Path) -> None:
    index = pq.read_table(folder / "datasets/shards/index.parquet").to_pandas()
    for row in index[index["copy"] == 0].itertuples():
        tar = (folder / "datasets/shards" / str(row.shard)).read_bytes()
        assert tar[row.offset : row.offset + row.size] == (PHOTOS / str(row.path)).read_bytes()


def test_both_runs_are_compared(folder: Path) -> None:
    compared = json.loads((folder / "datasets/comparison.json").read_text())
    rows = compared["splits"][compared["split"]]["rows"]
    assert {row["name"] for row in rows if row["kind"] == "run"} == {"original", "balanced"}


def test_the_pages_are_there(folder: Path) -> None:
    assert all((folder / "datasets/pages" / page / "index.html").is_file() for page in ("plan", "gallery", "results"))
    assert "2 of 161 photos" in (folder / "datasets/pages/quarantine/index.html").read_text()
    assert (folder / "datasets/pages/index.html").read_text().count('<section class="card"') == 3

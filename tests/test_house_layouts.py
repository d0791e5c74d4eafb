"""Adience and CelebA, whole, on the photos that are here: scan, plan, render, train and score their gender. Slow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.stages import ROOT, prepare, run, run_all

DATA = ROOT.parent / "shared" / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (DATA / "adience").is_dir(), reason=f"no real photos at {DATA}"),
]
PARAMS = """
seed: 7
task: {{target: gender}}
source: {{layout: {layout}, root: '{root}', max_quarantine: 1, near_duplicates: keep{more}}}
cells: {cells}
plan: {{total: {total}, shares: {{gender: uniform}}, independent: [gender], max_copies: 8, keep: 0}}
policies: {{gender_study: {{weight: 1, severity: 1}}}}
render: {{quality: 95}}
train:
  size: 64
  recipes:
    hassner: {{base: E-hassner, head: [16, 0.5], stages: [{{layers: all, steps: 2, rate: 1.0e-4}}]}}
    quick: {{base: classes, head: [8], stages: [{{layers: all, steps: 4}}]}}
  batch: 8
  runs:
    original: {{images: original, recipe: quick}}
    balanced: {{images: balanced, recipe: quick}}
    hassner: {{images: original, recipe: hassner, network: {{backbone: levi_hassner}}}}
score: {{resamples: 200, permutations: 200, min_group: 5}}
"""
ADIENCE = "{age: [4, 8, 15, 25, 38, 48, 60], gender: [male, female]}"
CELEBA = "{gender: [male, female], expression: [smiling, not smiling]}"


def whole(folder: Path, layout: str, root: Path, cells: str, total: int, more: str = "") -> Path:
    text = PARAMS.format(layout=layout, root=root, cells=cells, total=total, more=more)
    made = prepare(folder, text)
    run_all(made, "manifests.scan", "balance.plan", "augment.render")
    for name in ("original", "balanced", "hassner"):
        done = run(made, "train.fit", "--run", name, guarded=False, jobs=2)
        assert done.returncode == 0, done.stderr
        run_all(made, f"train.score --run {name}")
    run_all(made, "train.compare")
    return made


def compared(folder: Path) -> dict:
    found = json.loads((folder / "datasets/comparison.json").read_text())
    return found["splits"][found["split"]]


def test_celeba(tmp_path: Path) -> None:
    folder = whole(tmp_path / "house", "celeba", DATA / "celeba", CELEBA, 24, ", split: {valid: 0.3, test: 0.3}")
    assert pq.read_table(folder / "manifests/built/source.parquet").num_rows == 32
    assert [row["name"] for row in compared(folder)["rows"]] == ["original", "balanced", "hassner"]


def test_adience_with_the_studys_rows_beside_it(tmp_path: Path) -> None:
    folder = whole(tmp_path / "house", "adience", DATA / "adience", ADIENCE, 60)
    rows = compared(folder)["rows"]
    assert sum(row["kind"] == "published" for row in rows) == 13
    assert next(row for row in rows if row["name"] == "E-hassner")["more"]["accuracy"]["value"] == 0.8766


def test_without_the_age_axis_rows_without_an_age_are_used(tmp_path: Path) -> None:
    counts = []
    for number, cells in enumerate((ADIENCE, "{gender: [male, female]}")):
        text = PARAMS.format(layout="adience", root=DATA / "adience_labels", cells=cells, total=60, more="")
        made = prepare(tmp_path / str(number), text)
        run(made, "manifests.scan")  # it fails: the photos are not here, which the quarantine says of each row
        reasons = pq.read_table(made / "manifests/built/quarantine.parquet").to_pandas()
        counts.append(int(((reasons["reason"] == "missing_label") & (reasons["detail"] == "age")).sum()))
    assert counts[0] > 100 and counts[1] == 0


def test_adiences_folds(tmp_path: Path) -> None:
    """The photos here are of one fold: its subjects are given folds of their own."""
    root, fold = tmp_path / "adience", 2
    root.mkdir()
    shutil.copytree(DATA / "adience/faces", root / "faces")
    head, *lines = (DATA / "adience/fold_0_data.txt").read_text().splitlines()
    subjects = sorted({line.split("\t")[0] for line in lines})
    for number, subject in enumerate(subjects):
        own = [head, *(line for line in lines if line.startswith(subject))]
        (root / f"fold_{number}_data.txt").write_text("\n".join(own) + "\n")
    folder = whole(tmp_path / "house", "adience", root, "{gender: [male, female]}", 60, f", fold: {fold}")
    rows = pq.read_table(folder / "manifests/built/source.parquet")
    split, subject = rows["split"].cast(pa.string()).to_pylist(), rows["subject"].to_pylist()
    assert {s for s, name in zip(subject, split, strict=True) if name == "test"} == {subjects[fold]}
    shutil.rmtree(folder)

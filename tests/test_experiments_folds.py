"""Cross-validation by fold: every photo is tested on once; pooled figures are of all. Mostly slow: it trains."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments import folds, projects
from manifests.core import codec, params
from tests.support.results_sample import command

PARAMS = """
seed: 7
task: {target: gender}
source: {layout: table, root: photos, fold: 0, folds: 3, max_quarantine: 0, near_duplicates: keep}
cells: {age: [30], gender: [male, female]}
plan: {total: 60, shares: {gender: uniform}, max_copies: 4}
policies: {flip: {weight: 1}}
render: {quality: 95}
train:
  size: 32
  batch: 8
  recipes: {quick: {base: default, head: [8], stages: [{steps: 6, rate: 2.0e-3}]}}
  runs: {original: {recipe: quick}}
score: {resamples: 200, permutations: 200, min_group: 5}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Women are red discs, men blue ones; three folds of ten subjects, of two photos each."""
    made, rng = tmp_path_factory.mktemp("folds"), np.random.default_rng(1)
    (made / "photos").mkdir()
    lines = ["path,age,gender,subject,fold"]
    for number in range(60):
        image = rng.integers(0, 60, (32, 32, 3), np.uint8)
        image[8:24, 8:24, 0 if number % 2 else 2] += 150
        (made / "photos" / f"{number:02d}.jpg").write_bytes(codec.encode(image, 95))
        gender = "female" if number % 2 else "male"
        lines.append(f"{number:02d}.jpg,{20 + number % 30},{gender},{number // 2},{number // 20}")
    (made / "photos/labels.csv").write_text("\n".join(lines) + "\n")
    (made / "params.yaml").write_text(PARAMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        command(folds.main, "--params", "params.yaml", "--output", "folds.md")
    return made


@pytest.mark.slow
def test_every_photo_is_tested_on_once_by_networks_of_other_subjects(folder: Path) -> None:
    tested: list[str] = []
    for fold in range(3):
        work = folder / f".cache/experiments/folds/params-{fold}"
        rows = pq.read_table(work / "manifests/built/source.parquet")
        split, subject = rows["split"].cast(pa.string()).to_pylist(), rows["subject"].to_pylist()
        test = {s for s, name in zip(subject, split, strict=True) if name == "test"}
        assert test.isdisjoint(s for s, name in zip(subject, split, strict=True) if name != "test")
        tested += [p for p, name in zip(rows["path"].to_pylist(), split, strict=True) if name == "test"]
    assert sorted(tested) == [f"{number:02d}.jpg" for number in range(60)]


@pytest.mark.slow
def test_pooled_figures_and_the_mean_of_the_folds_are_on_the_page(folder: Path) -> None:
    page = (folder / "folds.md").read_text()
    wrong, each = 0, []
    for fold in range(3):
        work = folder / f".cache/experiments/folds/params-{fold}"
        rows = pq.read_table(work / "datasets/runs/original/predictions.parquet").to_pandas()
        rows = rows[rows["split"] == "test"]
        miss = rows["gender"].astype(str) != rows["gender_pred"].astype(str)
        wrong += int(miss.sum())
        each.append(100 * miss.mean())
    row = next(line for line in page.splitlines() if line.startswith("| original | 60 |"))
    assert float(re.findall(r"\| 60 \| ([\d.]+)", row)[0]) == pytest.approx(100 * wrong / 60, abs=0.006)
    assert f"{np.mean(each):.2f} ± {np.std(each, ddof=1):.2f}" in row
    assert "3-fold cross-validation of params.yaml" in page and "## original" in page


@pytest.mark.slow
def test_what_is_there_is_not_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(projects, "_call", lambda *_: pytest.fail("a stage ran again"))
    before = (folder / "folds.md").read_bytes()
    command(folds.main, "--params", "params.yaml", "--output", "folds.md")
    assert (folder / "folds.md").read_bytes() == before


def test_paths_become_absolute_and_nothing_else_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    content = params.read(tmp_path / "params.yaml")
    made = projects.absolute({**content, "train": {**content["train"], "weights": "w.h5"}})
    assert (made["source"]["root"], made["train"]["weights"]) == (f"{tmp_path}/photos", f"{tmp_path}/w.h5")
    assert {k: v for k, v in made.items() if k not in ("source", "train")} == {
        k: v for k, v in content.items() if k not in ("source", "train")
    }

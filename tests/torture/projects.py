"""The tiny project that is tortured: 34 drawn faces and what the stages made of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from tests.support.stages import ROOT, prepare

PARAMS = """\
seed: 7
source: {layout: table, root: raw, drawn: 100, near_duplicates: keep, max_quarantine: 0.5}
cells: {age: [20, 40, 60], gender: [male, female]}
plan:
  total: 45
  shares: {age: uniform, gender: natural}
  max_copies: {default: 9, age: {60+: 12}}
  floors: {"40-60|*": 4}
  ceilings: {gender: {male: 40}}
  price: {copies: [2, 9], totals: [0.9, 1]}
policies:
  pose: {weight: 2, severity: 0.5}
  tone: {weight: 1, by: {age: {60+: {weight: 2}}}}
  noise: {weight: 1, severity: 1}
render: {quality: 90, max_failures: 100}
train:
  backbone: small_cnn
  size: 32
  max_steps: 8
  recipes: {}
  runs: {original: {images: original}}
score: {resamples: 200, permutations: 200, min_group: 5, worst: 2}
audit: {photos: 20, severities: [1]}
"""
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a folder in memory: waiting for a disk tests nothing
STAGES = {
    "scan": ("manifests.scan",),
    "landmarks": ("augment.landmarks",),
    "plan": ("balance.plan",),
    "render": ("augment.render",),
}
TRAINED = {
    "fit": ("train.fit", "--run", "original"),
    "score": ("train.score", "--run", "original"),
    "compare": ("train.compare",),
}
OUTPUTS = {
    "scan": ("manifests/built/source.parquet", "manifests/built/quarantine.parquet"),
    "render": ("datasets/shards", "manifests/built/render.json"),
    "fit": ("datasets/runs/original/predictions.parquet",),
    "dvc repro": ("datasets/shards", "manifests/built"),
}
# Train once more and keep the checkpoints, which are removed at the end as a rule.
KEEPING = """
import runpy, shutil, sys
shutil.rmtree = lambda *_, **__: None
sys.argv = ["train.fit", "--run", "original"]
runpy.run_module("train.fit", run_name="__main__", alter_sys=True)
"""


def environment(**more: str) -> dict[str, str]:
    """The variables of a stage that runs in another folder than the repository."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "DVC_NO_ANALYTICS": "1"}
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    return {**os.environ, **quiet, "PATH": path, "PYTHONPATH": str(ROOT), "N_JOBS": "2", **more}


def stage(folder: Path, *command: str) -> None:
    """Run a stage that must succeed."""
    _run(folder, "-m", *command)


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def make(folder: Path, trained: bool) -> Path:
    """Draw the faces and run the stages; `trained` adds a run of two epochs, its score and the comparison."""
    prepare(folder, PARAMS.replace("layout: table", "layout: drawn"))
    stage(folder, "manifests.draw", "--root", "raw")
    (folder / "params.yaml").write_text(PARAMS)
    _thin(folder / "raw")
    for command in (STAGES | (TRAINED if trained else {})).values():
        stage(folder, *command)
    if trained:
        _run(folder, "-c", KEEPING)
    labels = pyarrow.csv.read_csv(folder / "raw/labels.csv")
    pyarrow.parquet.write_table(labels, folder / "raw/labels.parquet")
    (folder / "parquet.yaml").write_text(PARAMS.replace("root: raw", "root: raw, labels: labels.parquet"))
    return folder


def _thin(raw: Path) -> None:
    """Keep every third face, as `manifests.draw` draws no fewer than 100."""
    head, *rows = (raw / "labels.csv").read_text().splitlines(keepends=True)
    for row in set(rows) - set(rows[1::3]):
        (raw / row.partition(",")[0]).unlink()
    (raw / "labels.csv").write_text("".join([head, *rows[1::3]]))

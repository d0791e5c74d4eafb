"""A small table of experiments, and a checkout in which DVC runs its sets within seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from experiments import table
from experiments.sets import ExperimentTable

ROOT = Path(__file__).parents[2]
TABLE = """
title: A table
against: plain.first
best: copies.second
seeds: 2
recipes: {wide: {base: linear, head: [512]}}
parts:
  - title: Part one
    sets:
      plain:
        about: as it is
        runs: {first: {recipe: linear, images: original}}
  - title: Part two
    sets:
      copies:
        plan: {total: 9}
        policies: {copy: {weight: 1}}
        runs: {second: {recipe: wide, images: balanced}, third: {recipe: linear, images: balanced}}
"""

DVC_YAML = """
stages:
  score:
    cmd: sh train/score.sh
    params: [plan, policies, train]
    deps: [manifests/emphasis.json, train]
    outs: [datasets/out.yaml]
"""

# Stands in for the whole pipeline: its only output is a copy of its parameters.
SCRIPT = """
grep -q second: params.yaml && name=copies || name=plain
echo $name >> calls
test ! -e dvc.lock || exit 4
test ! -e fails || exit 3
test ! -e slow || sleep 2
cp params.yaml datasets/out.yaml
"""


def read(folder: Path, text: str = TABLE) -> ExperimentTable:
    """Write the table into `folder` and read it."""
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "table.yaml").write_text(text)
    return table.read(folder / "mine" / "table.yaml")


def environment() -> dict[str, str]:
    """DVC of this Python on the PATH, and the author that git asks for."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    author = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {"PATH": path, "DVC_NO_ANALYTICS": "true", "PYTHONPATH": str(ROOT), **author}


def checkout(folder: Path) -> Path:
    """Make a repository of git and DVC with one quick stage, `score`, and the table."""
    for name in ("manifests", "train", "datasets/raw/appa_real", "datasets/weights"):
        (folder / name).mkdir(parents=True)
    (folder / "datasets/weights/mobilenet_face_notop.weights.h5").touch()
    (folder / "params.yaml").write_text("mine: 1\n")
    (folder / "manifests/emphasis.json").write_text("{}\n")
    (folder / "train/score.sh").write_text(SCRIPT)
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / ".gitignore").write_text("/calls\n/fails\n/slow\n/datasets/\n")
    shutil.copyfile(ROOT / "params.appa_real.yaml", folder / "base.yaml")
    read(folder)
    call(folder, "git", "init", "-q")
    call(folder, "dvc", "init", "-q")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything that git does not ignore."""
    call(folder, "git", "add", "-A")
    call(folder, "git", "commit", "-qm", "x")


def call(folder: Path, *command: str) -> None:
    """Run a program in the checkout; it must succeed."""
    subprocess.run(command, cwd=folder, env={**os.environ, **environment()}, check=True)


def calls(folder: Path) -> list[str]:
    """The sets whose stage ran, in order."""
    return (folder / "calls").read_text().split() if (folder / "calls").exists() else []

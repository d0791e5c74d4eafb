"""Run a whole parameter file in a folder of its own: scan, plan, render, train, score, compare.

It does what `dvc repro` does in a checkout, for parameter sets that differ in their photos or splits, so that nothing
but the caches could be shared. What is there for the same parameters and code is not made again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from manifests.core.errors import UserError
from manifests.core.files import write_text
from manifests.sections import theirs

ROOT = Path(__file__).resolve().parents[1]
BEFORE = ("manifests.draw", "manifests.scan", "balance.plan", "augment.render")
DONE = "done"  # written last


def run(content: Mapping[str, Any], folder: Path, shared: Path) -> Path:
    """Run every stage.

    Args:
        content: a parameter file, parsed.
        folder: where its tables, shards and runs go; emptied where they are of other parameters or code.
        shared: the cache of features and checkpoints, for all projects.
    Returns:
        the folder, absolute.
    Raises:
        UserError: a stage failed; its message is the stage's.
    """
    content, folder = absolute(content), folder.resolve()
    text = json.dumps(content, indent=1)
    marker = sha256(f"{text}\n{_code()}".encode()).hexdigest()
    if _read(folder / DONE) == marker:
        return folder
    if _read(folder / "params.yaml") != text:
        shutil.rmtree(folder, ignore_errors=True)
    write_text(folder / "params.yaml", text)  # JSON is YAML
    write_text(folder / "manifests/emphasis.json", "{}\n")
    write_text(folder / "manifests/rejects.csv", "task_id,reason\n")
    for module in BEFORE:
        _call(folder, module)
    for name in content["train"]["runs"]:
        _call(folder, "train.fit", "--run", name, "--cache", str(shared.resolve()))
        _call(folder, "train.score", "--run", name)
    _call(folder, "train.compare")
    write_text(folder / DONE, marker)
    return folder


def absolute(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the paths of photos and weights absolute, as they are relative to the working directory.

    Pipelines of policies are written out.
    """
    source, train = dict(content["source"]), dict(content["train"])
    source["root"] = str(Path(source["root"]).absolute())
    if train.get("weights", "none") not in ("none", "imagenet"):
        train["weights"] = str(Path(train["weights"]).absolute())
    train["runs"] = {name: _absolute_run(run) for name, run in train["runs"].items()}
    return theirs.inlined({**content, "source": source, "train": train})


def _absolute_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run with the file that it starts from, and that of its network's weights, absolute."""
    made, network = dict(run), dict(run.get("network", {}))
    if Path(made.get("start", "")).suffix == ".h5":
        made["start"] = str(Path(made["start"]).absolute())
    if network.get("weights", "none") not in ("none", "imagenet"):
        network["weights"] = str(Path(network["weights"]).absolute())
    return {**made, "network": network} if network else made


def _call(folder: Path, module: str, *options: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", module, *options]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{folder.name}: {module}", "exit code 0", done.stderr.strip(), "See the message")


@cache
def _code() -> str:
    """A hash of the code of all stages."""
    made = sha256()
    for room in ("manifests", "balance", "augment", "train"):
        for path in sorted((ROOT / room).rglob("*.py")):
            made.update(path.read_bytes())
    return made.hexdigest()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""

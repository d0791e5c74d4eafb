"""Run stages as a user does, in a folder of their own; shared by the tests of the house."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from manifests.core.files import MARKER

ROOT = Path(__file__).resolve().parents[2]

# A stage that reaches for the network or for TensorFlow fails at that line.
GUARD = """
import runpy, sys
def guard(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        raise SystemExit(f"opened a socket: {args}")
    if event == "import" and args[0].partition(".")[0] in ("tensorflow", "keras"):
        raise SystemExit(f"imported {args[0]}")
sys.addaudithook(guard)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def prepare(folder: Path, params: str) -> Path:
    """Make a folder look like a checkout to the stages: params.yaml and the user's own inputs."""
    (folder / "manifests").mkdir(parents=True)
    (folder / "params.yaml").write_text(params)
    for name in ("manifests/emphasis.json", "manifests/rejects.csv"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def run(folder: Path, *command: str, jobs: int = 1, guarded: bool = True) -> subprocess.CompletedProcess[str]:
    """`python -m <command>` in `folder`, with the network and TensorFlow forbidden if `guarded`."""
    start = [sys.executable, "-c", GUARD] if guarded else [sys.executable, "-m"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "N_JOBS": str(jobs), "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.run([*start, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def run_all(folder: Path, *commands: str, jobs: int = 1) -> None:
    """Run several guarded stages; each must exit 0."""
    for command in commands:
        done = run(folder, *command.split(), jobs=jobs)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def hashes(*folders: Path) -> dict[str, str]:
    """SHA-256 of every file below the folders but the folders' markers, by path relative to the folder."""
    files = [
        (folder, path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARKER
    ]
    return {
        f"{folder.name}/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for folder, path in files
    }

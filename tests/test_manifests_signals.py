"""Signals while a command is imported, and processes whose parent is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.stages import ROOT

STARTING = "from manifests.core import early\n\nearly.while_importing()\n"
SLOW = "import time\n\nprint('importing', flush=True)\ntime.sleep(60)\n"
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=sys.stdout)
child.wait()
"""
STAGE = """
import os, time
from manifests.core import command

def main():
    print(os.getpid(), flush=True)
    time.sleep(60)

command.run(main)
"""
POOL = """
import os, time
from manifests.core import pool

def call(number):
    os.write(1, f"{os.getpid()}\\n".encode())  # at once: print writes the line's end apart, and the two take turns
    time.sleep(60)

if __name__ == "__main__":
    list(pool.each(2, call, [(0,), (1,)]))
"""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def gone(process: int) -> bool:
    """Whether a process has ended, within ten seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_during_the_imports_is_one_line(tmp_path: Path, number: int, said: str) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room/__init__.py").write_text(STARTING)
    (tmp_path / "room/stage.py").write_text(SLOW)
    words = [sys.executable, "-m", "room.stage"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, cwd=tmp_path, env=environment(), text=True, **pipes) as process:
        assert process.stdout is not None and process.stdout.readline() == "importing\n"
        process.send_signal(number)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert error == f"Stopped by {said} before the end. Run the command again.\n"


def test_importing_a_room_leaves_the_signals_of_other_programs_alone() -> None:
    code = "import signal, augment, train; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_stage_ends_with_its_dvc_and_without_dvc_it_does_not() -> None:
    for dvc, ends in (({"DVC_STAGE": "render"}, True), ({}, False)):
        words = [sys.executable, "-c", PARENT, STAGE]
        with subprocess.Popen(
            words, env=environment(**dvc), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as parent:
            assert parent.stdout is not None
            stage = int(parent.stdout.readline())
            parent.kill()
        if ends:
            assert gone(stage)
        else:
            time.sleep(2)
            os.kill(stage, signal.SIGKILL)  # it was there


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    (tmp_path / "pooled.py").write_text(POOL)
    words = [sys.executable, str(tmp_path / "pooled.py")]
    with subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    assert len(set(workers)) == 2 and all(map(gone, workers))

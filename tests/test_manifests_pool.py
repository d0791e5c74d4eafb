"""The pool says why workers do not start or do not live, and a closed pipe is told from a reader that left."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from manifests.core import command, pool
from manifests.core.errors import UserError

ROOT = Path(__file__).parents[1]
GHOST = """
import sys, types
from manifests.core import command, pool
ghost = types.ModuleType("ghost")
exec("def call(x): return x", ghost.__dict__)
sys.modules["ghost"] = ghost
command.run(lambda: print(sum(pool.each(2, ghost.call, ((i,) for i in range(9)), "render"))))
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_worker_that_cannot_import_the_call_is_said() -> None:
    done = python(GHOST)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("render: expected workers that start. Received ModuleNotFoundError: No module named")


def test_a_system_that_refuses_a_worker_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(joblib, "Parallel", lambda **_: refuse)
    with pytest.raises(UserError) as said:
        list(pool.each(2, abs, ((i,) for i in range(9))))
    assert str(said.value) == (
        "render: expected workers that start. Received Resource temporarily unavailable. "
        "Raise the limits (ulimit -n, ulimit -u), or set N_JOBS=1."
    )


def end(number: int) -> None:
    os.kill(os.getpid(), number)


def test_a_worker_that_was_killed_is_said_with_its_signal() -> None:
    with pytest.raises(UserError, match=r"^render: .* a worker that ended with SIGKILL\(-9\).*memory"):
        list(pool.each(2, end, ((signal.SIGKILL,) for _ in range(3))))


def test_a_reader_that_left_is_said() -> None:
    code = "from manifests.core import command\ncommand.run(lambda: print('x' * 1_000_000))"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=-1, stderr=-1, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert said == (
        "standard output: expected a reader to the end. Received a closed pipe. "
        "Read all that is printed, or send it to a file.\n"
    )


def test_a_pipe_to_another_process_is_not_taken_for_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(SystemExit) as left:
        command.run(main)
    assert left.value.code == 1
    assert capsys.readouterr().err == (
        "another process: expected a process that reads to the end. Received a closed pipe. Run the command again.\n"
    )

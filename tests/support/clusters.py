"""Clusters of real processes on this machine: a Dask scheduler with workers in folders of their own, a Ray head."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.stages import ROOT

# In a mount namespace of its own: an empty folder over the first word, the second made in it anew, then the command.
HIDE = 'mount -t tmpfs none "$0" && mkdir -p "$1" && cd "$1" && shift && exec "$@"'


@dataclass
class Dask:
    """A scheduler's address, and its workers."""

    address: str
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(
        self, path: Path = ROOT, threads: int = 1, hidden: Path | None = None, **more: str
    ) -> subprocess.Popen[bytes]:
        """Start a worker in a folder of its own, on the project at `path`; a `hidden` folder is empty to it (Linux)."""
        where = self.folder / f"worker{len(self.workers)}"
        where.mkdir()
        options = ["--nthreads", str(threads), "--no-dashboard", "--no-nanny", "--local-directory", str(where)]
        before = ["unshare", "--mount", "sh", "-c", HIDE, str(hidden), str(where)] if hidden else []
        words = ["distributed.cli.dask_worker", f"tcp://{self.address}", *options]
        started = spawn(*words, cwd=where, path=path, before=before, **more)
        self.workers.append(started)
        return started


def spawn(
    module: str, *options: str, cwd: Path, path: Path, before: Sequence[str] = (), **more: str
) -> subprocess.Popen[bytes]:
    """A module as a process of its own, with the project at `path` importable, started by the words `before`."""
    environment = {**os.environ, "PYTHONPATH": str(path), "NO_ALBUMENTATIONS_UPDATE": "1", **more}
    environment.pop("POOL", None)
    with (cwd / "log").open("wb") as log:
        return subprocess.Popen(
            [*before, sys.executable, "-m", module, *options], cwd=cwd, env=environment, stdout=log, stderr=log
        )


@contextmanager
def dask(folder: Path, workers: int = 2, **scheduler: str) -> Iterator[Dask]:
    """A scheduler on a free port, and workers."""
    port = free_port()
    (folder / "scheduler").mkdir(parents=True)
    options = ["--port", str(port), "--no-dashboard", "--host", "127.0.0.1"]
    with ExitStack() as stack:
        head = spawn("distributed.cli.dask_scheduler", *options, cwd=folder / "scheduler", path=ROOT, **scheduler)
        stack.callback(end, head)
        listening(port)
        made = Dask(f"127.0.0.1:{port}", folder)
        stack.callback(lambda: [end(one) for one in made.workers])
        for _ in range(workers):
            made.worker()
        yield made


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that may have ended."""
    process.kill()
    process.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def listening(port: int, host: str = "127.0.0.1") -> None:
    """Wait until somebody does."""
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex((host, port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(port)

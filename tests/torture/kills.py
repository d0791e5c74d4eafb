"""Kill stages at random moments: the next run gives the same bytes, and nothing is left behind.

python -m tests.torture.kills --count 1000 --seed 1 --only render,SIGTERM
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.stages import hashes
from tests.torture import projects

START = 0.3  # seconds until Python itself, before any line of ours, has surely started
GONE = 10.0  # seconds after which no worker may live
REMOVED = {  # what is written anew, so that there is something to do
    "render": ("datasets/shards", ".cache/render"),
    "fit": ("datasets/runs", ".cache/training"),
    "dvc repro": ("datasets/shards", ".cache/render"),
}
STAGES = {"scan": 6, "render": 10, "fit": 1, "dvc repro": 2}  # stage -> how often, against the others
MARK = "TORTURE_MARK"
DVC = """\
stages:
  scan:
    cmd: python -m manifests.scan
    deps: [raw]
    params: [source, cells]
    outs: [manifests/built/source.parquet, manifests/built/quarantine.parquet]
  plan:
    cmd: python -m balance.plan
    deps: [manifests/built/source.parquet]
    params: [cells, plan, policies]
    outs: [manifests/built/plan.parquet, manifests/built/plan.json, manifests/built/tasks.parquet]
  render:
    cmd: python -m augment.render
    deps: [manifests/built/tasks.parquet, manifests/built/source.parquet]
    params: [render, policies]
    outs: [datasets/shards, manifests/built/render.json]
"""


@dataclass
class Running:
    """A stage that runs, all of whose processes carry a mark of their own in their environment."""

    process: subprocess.Popen[str]
    mark: str

    def processes(self) -> list[int]:
        """The stage's living processes, however they were started."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                marked = f"{MARK}={self.mark}".encode() in (place / "environ").read_bytes().split(b"\0")
                if marked and (place / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    found.append(int(place.name))
            except OSError:  # it has ended meanwhile
                continue
        return found

    def kill_worker(self) -> None:
        """Kill one process other than the first, where there is one; not a helper that counts semaphores."""
        workers = [one for one in self.processes() if one != self.process.pid and not _helper(one)]
        if workers:
            os.kill(random.choice(workers), signal.SIGKILL)


def _helper(process: int) -> bool:
    try:
        return b"resource_tracker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return True


WAYS: dict[str, Callable[[Running], None]] = {
    "group": lambda run: os.killpg(run.process.pid, signal.SIGKILL),
    "parent": lambda run: os.kill(run.process.pid, signal.SIGKILL),
    "worker": Running.kill_worker,
    "SIGTERM": lambda run: os.kill(run.process.pid, signal.SIGTERM),
    "SIGINT": lambda run: os.killpg(run.process.pid, signal.SIGINT),
}


@dataclass
class Torture:
    """One project, the length of each stage and the hashes of what it writes, and what was counted."""

    folder: Path
    length: dict[str, float] = field(default_factory=dict)
    expected: dict[str, dict[str, str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def start(self, stage: str) -> Running:
        """Start a stage in a process group of its own."""
        modules = {**projects.STAGES, **projects.TRAINED}
        command = ["dvc", "repro", "-q"] if stage == "dvc repro" else [sys.executable, "-m", *modules[stage]]
        mark = f"{os.getpid()}-{time.monotonic_ns()}"
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=projects.environment(**{MARK: mark}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        return Running(process, mark)

    def written(self, stage: str) -> dict[str, str]:
        """The hashes of a stage's outputs."""
        found = {}
        for path in (self.folder / name for name in projects.OUTPUTS[stage]):
            whole = hashes(path.parent if path.is_file() else path)
            found |= {name: digest for name, digest in whole.items() if path.is_dir() or name.endswith(f"/{path.name}")}
        return found

    def whole(self, stage: str) -> str:
        """Run a stage to its end; what went wrong, or nothing."""
        began = time.monotonic()
        process = self.start(stage).process
        printed, said = process.communicate(timeout=300)
        self.length.setdefault(stage, time.monotonic() - began)
        self.expected.setdefault(stage, self.written(stage))
        if process.returncode:
            return f"the next run exits with {process.returncode}: {(printed + said)[-600:]}"
        if self.written(stage) != self.expected[stage]:
            return "the next run writes other bytes"
        return ""

    def parts(self) -> list[Path]:
        """Files and folders that were begun and not published."""
        return sorted(self.folder.rglob("*.part"))

    def kill(self, stage: str, way: str, moment: float) -> list[str]:
        """Kill a fresh run of a stage after a share of its length; say what went wrong."""
        for name in REMOVED.get(stage, ()):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        before = self.parts()
        running = self.start(stage)
        time.sleep(max(moment * self.length[stage], START))
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            WAYS[way](running)
        _, said = running.process.communicate(timeout=300)
        self.counts[f"{stage}, {way}: exit {running.process.returncode}"] += 1
        wrong = [f"traceback: {said[-1500:]}"] if "Traceback" in said else []
        if way in ("SIGTERM", "SIGINT") and (parts := sorted({*self.parts()} - {*before})):
            wrong.append(f"left: {parts[0]}")
        until = time.monotonic() + GONE
        while (living := running.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        if living:
            wrong.append(f"{len(living)} processes live after {GONE:g} s")
            for one in living:
                os.kill(one, signal.SIGKILL)
        return wrong


def main() -> None:
    """Make the project, kill, print the counts."""
    options = _options()
    only = [word.strip() for word in options.only.split(",") if word.strip()]
    stages = [stage for stage in STAGES if stage in only] or list(STAGES)
    ways = [way for way in WAYS if way in only] or list(WAYS)
    with tempfile.TemporaryDirectory(dir=projects.FAST) as folder:
        torture = Torture(projects.make(Path(folder) / "project", "fit" in stages))
        if "dvc repro" in stages:
            (torture.folder / "dvc.yaml").write_text(DVC)
            subprocess.run(
                ["dvc", "init", "-q", "--no-scm"], cwd=torture.folder, check=True, env=projects.environment()
            )
        for stage in stages:
            assert not (wrong := torture.whole(stage)), f"{stage}: {wrong}"
        _kill(torture, stages, ways, options)
    for name, count in sorted(torture.counts.items()):
        print(f"{name:<30} {count:>6}")
    print(f"{torture.counts.total()} kills (seed {options.seed}), {len(torture.failures)} failures")
    sys.exit(bool(torture.failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="after which it ends, whatever --count says")
    parser.add_argument("--settle", type=int, default=1, help="kills after which a run goes on to its end")
    parser.add_argument("--only", default="", help=f"of {', '.join((*STAGES, *WAYS))}, joined by commas")
    return parser.parse_args()


def _kill(torture: Torture, stages: list[str], ways: list[str], options: argparse.Namespace) -> None:
    rng = random.Random(options.seed)
    random.seed(options.seed)
    killed: set[str] = set()
    until = time.monotonic() + 60 * options.minutes
    for number in range(options.count):
        if time.monotonic() > until:
            break
        stage = rng.choices(stages, [STAGES[name] for name in stages])[0]
        way, moment = rng.choice(ways), rng.uniform(0.02, 1.05)
        wrong = torture.kill(stage, way, moment)
        killed.add(stage)
        if (number + 1) % options.settle == 0 or number + 1 == options.count or stage == "dvc repro":
            wrong += [f"{one}: {again}" for one in STAGES if one in killed and (again := torture.whole(one))]
            wrong += [f"left: {part}" for part in torture.parts()]
            killed.clear()
        found = [f"{number}: {stage}, {way}, at {moment:.3f}: {each}" for each in wrong]
        torture.failures += found
        print(*found, sep="\n", end="\n" if found else "", flush=True)


if __name__ == "__main__":
    main()

"""Feed damaged files to the commands: each says in a line what is wrong, in time, and within its memory.

python -m tests.torture.mutations --count 10000 --seed 1 --only photos,plan.json

Each input is read by a forked worker that has imported every command, in a copy of the project made of hard
links, of which one file is damaged.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from manifests.core import command
from tests.torture import inputs, projects
from tests.torture.inputs import Kind

HANG = 10  # seconds of the processor
WAIT = 60.0  # seconds by the clock: other programs may hold the processor
MEMORY = 1 << 30  # bytes above the empty run
SPACE = 6 << 30  # bytes of addresses above what the parent has: before the machine is in danger
TRACEBACK = 99  # exit code of what no command may raise
_LOOK = 0.005  # seconds between two looks at a worker


@dataclass(frozen=True)
class Outcome:
    """What became of a command: its exit code (below 0: a signal), bytes of memory, seconds, what it said."""

    code: int
    memory: int
    seconds: float
    said: str

    def wrong(self, usual: int) -> str:
        """What must not be, or nothing; `usual` is the memory of the same command on undamaged files."""
        if self.seconds > WAIT or self.code in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"hangs: {self.seconds:.1f} s"
        if self.code == TRACEBACK or "Traceback" in self.said:
            return f"traceback: {self.said[-2000:]}"
        if self.code not in (0, 1):
            return f"exit code {self.code}: {self.said[-500:]}"
        if self.code and not self.said.strip():
            return "exits with 1 and says nothing"
        return f"{self.memory >> 20} MiB, {usual >> 20} MiB as a rule" if self.memory > usual + MEMORY else ""


def run(folder: Path, words: Sequence[str]) -> Outcome:
    """Run a command in a forked worker, in a folder."""
    said, began = folder / "said.txt", time.monotonic()
    worker = os.fork()
    if worker == 0:
        _work(folder, words, said)
    while True:
        ended, status, used = os.wait4(worker, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - began > WAIT:
            os.kill(worker, signal.SIGKILL)
            _, status, used = os.wait4(worker, 0)
            break
        time.sleep(_LOOK)
    text = said.read_text(errors="replace") if said.exists() else ""
    return Outcome(os.waitstatus_to_exitcode(status), used.ru_maxrss << 10, time.monotonic() - began, text)


def _work(folder: Path, words: Sequence[str], said: Path) -> NoReturn:
    """Be the worker: never return."""
    code = TRACEBACK
    try:
        os.chdir(folder)
        out = os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + SPACE, held + SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (HANG, HANG + 5))
        sys.argv = list(words)
        command.run(importlib.import_module(words[0]).main)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def case(project: Path, place: Path, kind: Kind, rng: random.Random) -> tuple[str, str, Outcome]:
    """Damage one file of a copy of the project; returns the command, what was done, and what became of it."""
    shutil.copytree(project, place, copy_function=os.link)
    try:
        path = rng.choice([path for pattern in kind.files for path in sorted(place.glob(pattern))])
        content = path.read_bytes()
        path.unlink()  # or the damage would reach the project through the link
        path.write_bytes(content)
        done = f"{path.relative_to(place)}: {kind.damage(path, rng)}"
        words = rng.choice(kind.commands)
        return words, done, run(place, words.split())
    finally:
        shutil.rmtree(place)


def usual(project: Path, place: Path, kinds: Sequence[Kind]) -> dict[str, int]:
    """The memory of each command on undamaged files, in bytes."""
    found = {}
    for words in sorted({words for kind in kinds for words in kind.commands}):
        shutil.copytree(project, place)
        outcome = run(place, words.split())
        shutil.rmtree(place)
        assert outcome.code == 0, f"{words}: {outcome}"
        found[words] = outcome.memory
    return found


def main() -> None:
    """Make the project, damage, print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="after which it ends, whatever --count says")
    parser.add_argument(
        "--only", default="", help="kinds joined by commas, of: " + ", ".join(k.name for k in inputs.KINDS)
    )
    options = parser.parse_args()
    only = [word.strip() for word in options.only.split(",") if word.strip()]
    kinds = [kind for kind in inputs.KINDS if not only or kind.name in only]
    os.environ.update(projects.environment(N_JOBS="1"))
    counts: Counter[str] = Counter()
    failures = 0
    with tempfile.TemporaryDirectory(dir=projects.FAST) as folder:
        project, place = (
            projects.make(Path(folder) / "project", any(kind.trained for kind in kinds)),
            Path(folder) / "case",
        )
        inputs.load(kinds)
        memory = usual(project, place, kinds)
        chooser = random.Random(options.seed)
        until = time.monotonic() + 60 * options.minutes
        for number in range(options.count):
            if time.monotonic() > until:
                break
            kind = chooser.choices(kinds, [kind.often for kind in kinds])[0]
            words, done, outcome = case(project, place, kind, random.Random(f"{options.seed}/{number}/{kind.name}"))
            wrong = outcome.wrong(memory[words])
            counts[f"{kind.name}: {'FAILURE' if wrong else 'error' if outcome.code else 'used'}"] += 1
            if wrong:
                failures += 1
                print(f"{number}: {words}: {done}: {wrong}", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{name:<28} {count:>6}")
    print(f"{counts.total()} damaged inputs (seed {options.seed}), {failures} failures")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

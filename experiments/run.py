"""Run a table of experiments: each of its sets as a DVC experiment, unless that experiment exists.

    python -m experiments.run --table experiments/appa_real/studies.yaml --params params.appa_real.yaml

It works in this checkout, as `dvc exp run` does: it writes `params.yaml`, the emphasis and `dvc.lock` of each set
in turn, and restores the user's at the end; after a SIGKILL, at the next start. It then continues at the same set,
run and epoch.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from experiments import results, rounds, sets, table
from experiments.results import EMPHASIS, PARAMS
from experiments.sets import ExperimentTable
from manifests.core import command, params, places, signals
from manifests.core.errors import UserError
from manifests.core.files import write_bytes, write_text
from manifests.sections.source import Source
from manifests.sections.train import Train

LOCK = Path("dvc.lock")
KEPT = Path(".cache/experiments/kept")  # the user's files while the sets are run
WHOLE = "whole"  # written last: KEPT is complete


def main() -> None:
    """Check every set, then run those whose experiment does not exist."""
    parser = command.parser(__doc__, table="experiments/appa_real/studies.yaml")
    parser.set_defaults(params=Path("params.appa_real.yaml"))
    parser.add_argument("--only", nargs="+", metavar="SET", help="these sets alone; those they depend on must be there")
    options = parser.parse_args()
    wanted = table.read(options.table)
    with tempfile.TemporaryDirectory() as folder:
        table.check(wanted, options.params, Path(folder))
    _check_sources(options.params)
    chosen = options.only or list(wanted.sets)
    for name in chosen:
        if name not in wanted.sets:
            raise UserError("--only", f"sets of the table ({', '.join(wanted.sets)})", repr(name), "Correct the name")
    with tempfile.TemporaryDirectory() as folder, _restored(PARAMS, EMPHASIS, LOCK):
        base = Path(folder) / options.params.name  # a copy: it may be the very file that each set overwrites
        base.write_bytes(options.params.read_bytes())
        for number, name in enumerate(chosen, start=1):
            print(f"[{number}/{len(chosen)}] {name}: {wanted.sets[name].about}", flush=True)
            wanted = rounds.drawn(wanted, name, base, options.table)
            _run_set(wanted, name, base, options.table)


def _check_sources(base: Path) -> None:
    """Check that the photos and the weights exist; DVC would find out only in the first stage that needs them.

    Raises:
        UserError: no photos, or no weights file.
    """
    source, train = params.section(base, Source), params.section(base, Train)
    weights = [] if train.weights in ("none", "imagenet") else [("train.weights", train.weights)]
    for key, path in [("source.root", source.root), *weights]:
        if not places.reached(path).exists():
            raise UserError(
                f"{base}: {key}", "a path that exists", repr(path), "Put or link it there, as the README says"
            )


def _run_set(wanted: ExperimentTable, name: str, base: Path, path: Path) -> None:
    one = wanted.sets[name]
    text = table.composed(wanted, one, base)
    factors = _factors(wanted, one.emphasis, base, path) if one.emphasis else "{}\n"
    experiment = results.experiment_of(path, name)
    if results.revision_of(experiment, {PARAMS: text, EMPHASIS: factors}):
        return
    write_text(PARAMS, text)
    write_text(EMPHASIS, factors)
    LOCK.unlink(missing_ok=True)  # it would keep the runs of all earlier sets, and DVC rewrites it after each stage
    _unstage(PARAMS, EMPHASIS, LOCK)
    results.forget(experiment)  # --force would also run the stages again that are in DVC's cache
    _call(["dvc", "exp", "run", "--name", experiment, "score"], name)


def _factors(wanted: ExperimentTable, row: str, base: Path, path: Path) -> str:
    """The emphasis that follows from an earlier row's errors and from the one that it was planned with."""
    one, run = sets.row_of(row)
    experiment = results.experiment_of(path, one)
    with tempfile.TemporaryDirectory() as folder:
        card, before, after = f"datasets/runs/{run}/scorecard.json", str(EMPHASIS), Path(folder) / "after.json"
        results.fetch(
            experiment, {PARAMS: table.composed(wanted, wanted.sets[one], base)}, [card, before], Path(folder)
        )
        options = ["--params", str(base), "--output", str(after)]
        options += ["--scorecard", f"{folder}/{card}", "--after", f"{folder}/{before}"]
        _call([sys.executable, "-m", "balance.emphasise", *options], row)
        return after.read_text(encoding="utf-8")


def _unstage(*paths: Path) -> None:
    """Take from git's index what a killed `dvc exp run` left there, which the next one refuses to begin with."""
    for path in paths:  # one by one: a path that git does not know stops a reset of all
        subprocess.run(["git", "reset", "--quiet", "--", str(path)], check=False, stderr=subprocess.DEVNULL)


def _call(words: list[str], name: str) -> None:
    with subprocess.Popen(words, env=_environment()) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt as stop:  # DVC received a Ctrl-C too, and still has to clean up; a SIGTERM it did not
            if isinstance(stop, signals.Stopped) and stop.number == signal.SIGTERM:
                process.terminate()
            process.wait()
            raise
    if code:
        raise UserError(
            f"{name}: {' '.join(words[:3])}",
            "exit code 0",
            code,
            "See above; run the command again to go on",
        )


def _environment() -> dict[str, str]:
    """Our environment, and an author for DVC's commits of experiments where git has none configured."""
    known = subprocess.run(["git", "config", "user.email"], check=False, capture_output=True).stdout.strip()
    parts = {"NAME": "experiments", "EMAIL": "experiments@localhost"}
    named = {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in parts.items()}
    return {**({} if known else named), **os.environ}


@contextmanager
def _restored(*paths: Path) -> Iterator[None]:
    """Restore the files at the end: their contents, or their absence.

    A copy lies in KEPT meanwhile, so that the next start restores what a SIGKILL prevented.
    """
    if KEPT.exists():
        _restore(paths)
    KEPT.mkdir(parents=True)
    for path in paths:
        if path.exists():
            write_bytes(KEPT / path.name, path.read_bytes())
    write_text(KEPT / WHOLE, "")
    try:
        yield
    finally:
        _restore(paths)


def _restore(paths: Sequence[Path]) -> None:
    for path in paths if (KEPT / WHOLE).exists() else ():
        if (KEPT / path.name).exists():
            write_bytes(path, (KEPT / path.name).read_bytes())
        else:
            path.unlink(missing_ok=True)
    shutil.rmtree(KEPT)


if __name__ == "__main__":
    command.run(main)

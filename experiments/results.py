"""The results of a table's experiments: files of a DVC experiment, read from DVC's cache."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dvc.api import DVCFileSystem

from manifests.core.errors import UserError

PARAMS, EMPHASIS = Path("params.yaml"), Path("manifests/emphasis.json")
CODE = ("manifests", "balance", "augment", "train", "dvc.yaml", "requirements-cpu.lock", f":(exclude){EMPHASIS}")

Contents = Mapping[Path, str]  # of tracked files


def experiment_of(table: Path, name: str) -> str:
    """The experiment's name: the table's folder and name, and the set's."""
    parts = [table.resolve().parent.name, *([] if table.stem == "table" else [table.stem]), name]
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(parts)).strip("-")


def revision_of(experiment: str, contents: Contents) -> str | None:
    """The newest experiment of that name with the code that is checked out, and with these contents of these files.

    It may belong to an earlier commit, if no code that matters has changed since.
    """
    listed = _git("for-each-ref", "--sort=-committerdate", "--format=%(objectname)", f"refs/exps/*/*/{experiment}")
    return next((revision for revision in listed.split() if _holds(revision, contents)), None)


def forget(experiment: str) -> None:
    """Remove this commit's experiment of that name, which DVC would replace only with --force."""
    head = _git("rev-parse", "HEAD").strip()
    _git("update-ref", "-d", f"refs/exps/{head[:2]}/{head[2:]}/{experiment}")


def fetch(experiment: str, contents: Contents, paths: Sequence[str], folder: Path) -> None:
    """Copy files as the experiment left them, each under its own path, into `folder`.

    Raises:
        UserError: no such experiment, as `revision_of` says, or no such file in it.
    """
    revision, remedy = revision_of(experiment, contents), "Run `python -m experiments.run` first"
    if revision is None:
        raise UserError(experiment, "a DVC experiment with this code and these parameters", "none", remedy)
    files = DVCFileSystem(rev=revision)
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.write_bytes(files.read_bytes(path))
        except FileNotFoundError as error:
            raise UserError(f"{experiment}: {path}", "a file that the experiment wrote", "none", remedy) from error


def _holds(revision: str, contents: Contents) -> bool:
    if subprocess.run(["git", "diff", "--quiet", revision, "--", *CODE], check=False).returncode:
        return False
    return all(_git("show", f"{revision}:./{path.as_posix()}") == text for path, text in contents.items())


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        received = " ".join(done.stderr.split()).rstrip(".")
        raise UserError(
            "git", "a repository with a commit, which DVC's experiments rest on", received, "Clone it, or commit"
        )
    return done.stdout

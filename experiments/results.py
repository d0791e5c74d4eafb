"""What the experiments of a table left: files of a DVC experiment, read out of DVC's own cache."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from dvc.api import DVCFileSystem

from manifests.errors import UserError


def experiment_of(table: Path, name: str) -> str:
    """The experiment's name: the table's folder and name, and the set's."""
    return "-".join([table.parent.name.replace("_", "-"), *([] if table.stem == "table" else [table.stem]), name])


def is_there(experiment: str, files: dict[Path, str]) -> bool:
    """Whether the experiment was run from this commit, with these contents of these files."""
    revision = _revisions().get(experiment)
    return revision is not None and all(
        _git("show", f"{revision}:{path.as_posix()}") == text for path, text in files.items()
    )


def fetch(experiment: str, paths: Sequence[str], folder: Path) -> None:
    """Copy files as the experiment left them, each under its own path, into `folder`.

    Raises:
        UserError: no such experiment from this commit, or no such file in it.
    """
    revision = _revisions().get(experiment)
    remedy = "Run `python -m experiments.run` first"
    if revision is None:
        raise UserError(experiment, "a DVC experiment of this commit", "none of that name", remedy)
    files = DVCFileSystem(rev=revision)
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.write_bytes(files.read_bytes(path))
        except FileNotFoundError as error:
            raise UserError(f"{experiment}: {path}", "a file that the experiment wrote", "none", remedy) from error


def _revisions() -> dict[str, str]:
    """Experiment -> revision, of the commit that is checked out; DVC keeps them as git references."""
    head = _git("rev-parse", "HEAD").strip()
    listed = _git("for-each-ref", "--format=%(refname:lstrip=4) %(objectname)", f"refs/exps/{head[:2]}/{head[2:]}/")
    return dict(line.split() for line in listed.splitlines())  # type: ignore[misc]


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout

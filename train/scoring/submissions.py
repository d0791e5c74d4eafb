"""Read submissions in the challenge's form: one headerless column of predictions, by any program."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from manifests.core.errors import UserError
from train.scoring.published import ROWS
from train.targets import YEARS, Target


def read(given: Sequence[tuple[str, Path]], runs: Collection[str], target: Target = YEARS) -> dict[str, np.ndarray]:
    """Read submissions, name -> predictions, as the target numbers them.

    Raises:
        UserError: a name that a run, a published row or another submission has, or a file that is none.
    """
    made: dict[str, np.ndarray] = {}
    for name, path in given:
        if name in {*runs, *made, *(row.name for row in ROWS)}:
            raise UserError(
                f"--predictions {name}={path}",
                "a name of its own",
                f"{name!r}, which another row of the comparison has",
                "Choose another name",
            )
        made[name] = read_one(path, target)
    return made


def read_one(path: Path, target: Target) -> np.ndarray:
    """Read a submission: one headerless column of predictions, float64 (photos,).

    Raises:
        UserError: no such file, or a line that is no prediction.
    """
    remedy = f"Give one headerless column, each line {target.rule}"
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise UserError(str(path), "a predictions.csv", reason, remedy) from error
    numbers = np.empty(len(lines))
    for at, line in enumerate(lines):
        try:
            numbers[at] = target.parse(line)
        except ValueError as error:
            raise UserError(f"{path}: line {at + 1}", target.rule, repr(line), remedy) from error
    return numbers

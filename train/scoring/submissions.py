"""Read submissions in the challenge's form: one headerless column of ages, for any program's predictions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from manifests.core.errors import UserError
from train.scoring.published import ROWS


def read(given: Sequence[tuple[str, Path]], runs: Collection[str]) -> dict[str, np.ndarray]:
    """Read submissions, name -> ages in years.

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
        made[name] = read_ages(path)
    return made


def read_ages(path: Path) -> np.ndarray:
    """Read a submission: one headerless column of ages in years, float64 (photos,).

    Raises:
        UserError: no such file, or a line that is no finite number.
    """
    remedy = "Give one headerless column of ages in years"
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise UserError(str(path), "a predictions.csv", reason, remedy) from error
    for number, line in enumerate(lines, start=1):
        try:
            finite = np.isfinite(float(line))
        except ValueError:
            finite = False
        if not finite:
            raise UserError(f"{path}: line {number}", "an age in years", repr(line), remedy)
    return np.array([float(line) for line in lines])

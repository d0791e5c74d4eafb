"""Learning curves through DVCLive: one folder per run, in files that DVC plots; no commits.

A record is an epoch, and its `step` the gradient steps taken until then, so that runs on few and on many images
compare. `stage` counts from 0; `best` is 1 where validation was the best of the stage so far: its last such epoch is
the one whose weights are kept.
"""

from __future__ import annotations

import os
from itertools import accumulate
from pathlib import Path
from types import TracebackType

os.environ.setdefault("DVC_NO_ANALYTICS", "true")

from dvclive import Live
from scmrepo.exceptions import SCMError

from manifests.core.errors import UserError

CURVES = ("loss", "rate", "valid_loss", "valid_bias", "stage", "best")


class Curves:
    """Write the records of each repeat as they are made; those of a resumed run first.

    Args:
        folder: where they go; emptied first.
        error: what the records call the error on valid.
    Raises:
        UserError: Git has no commit here, which DVCLive asks for.
    """

    def __init__(self, folder: Path, error: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._live = Live(
                str(folder), resume=False, report=None, save_dvc_exp=False, dvcyaml=None, cache_images=False
            )
        except SCMError as wrong:
            rule = "a Git repository with a commit, or none at all"
            raise UserError(str(Path.cwd()), rule, str(wrong), "Run `git add -A && git commit -m first`") from wrong
        self._written: dict[int, int] = {}
        self._curves = (*CURVES, error)

    def __call__(self, repeat: int, history: list[dict[str, float]]) -> None:
        """Add the records that are new."""
        steps = list(accumulate(int(record["steps"]) for record in history))
        for epoch in range(self._written.get(repeat, 0), len(history)):
            self._live.step = steps[epoch]
            for name in self._curves:
                if name in history[epoch]:
                    self._live.log_metric(f"repeat_{repeat + 1}/{name}", history[epoch][name])
            self._live.make_summary()
        self._written[repeat] = len(history)

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.end()

"""Save training after each epoch, so that a killed run continues to the same result.

Keras' own BackupAndRestore forgets the counters of early stopping and of the plateau. Here they
are part of the checkpoint, with every variable of the network (the dropout's generators too) and of
the optimiser. Nothing else matters: an epoch's order follows from its number.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from manifests.core.files import write_bytes


@dataclass(frozen=True)
class Counters:
    """How far training has come.

    Attributes:
        stage: the stage being trained; the number of stages once all are done.
        epoch: epochs of it that are done.
        best: the best value so far of the validation metric.
        since: epochs since then.
        cuts: how often the plateau has halved the rate.
        history: one record per epoch, of every stage so far; `best` in it is 1 where it was the best so far, else 0.
    """

    stage: int = 0
    epoch: int = 0
    best: float = float("inf")
    since: int = 0
    cuts: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def after(self, metric: float, record: dict[str, float]) -> Counters:
        """Count one more epoch."""
        better = metric < self.best
        return replace(
            self,
            epoch=self.epoch + 1,
            best=min(metric, self.best),
            since=0 if better else self.since + 1,
            history=[*self.history, {**record, "best": int(better)}],
        )

    def next_stage(self) -> Counters:
        """Begin the next stage."""
        return Counters(self.stage + 1, history=self.history)


@dataclass(frozen=True)
class Checkpoint:
    """Counters, and named lists of arrays: `network`, `optimiser`, and `best` (the best epoch's network)."""

    counters: Counters
    arrays: dict[str, list[np.ndarray]]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Publish the checkpoint as one file without pickle."""
    content = {f"{name}/{i:04d}": array for name, arrays in checkpoint.arrays.items() for i, array in enumerate(arrays)}
    memory = io.BytesIO()
    np.savez(memory, counters=np.array(json.dumps(asdict(checkpoint.counters))), **content)  # type: ignore[arg-type]
    write_bytes(path, memory.getvalue())


def load(path: Path) -> Checkpoint | None:
    """Read the checkpoint saved last; None where there is none, or, with a warning, where it is damaged."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            counters = Counters(**json.loads(str(content["counters"])))
            arrays: dict[str, list[np.ndarray]] = {}
            for name in sorted(set(content.files) - {"counters"}):
                arrays.setdefault(name.partition("/")[0], []).append(content[name])
            return Checkpoint(counters, arrays)
    except Exception as error:  # NumPy, zipfile and zlib raise many kinds for damaged bytes
        reason = " ".join(str(error).split())[:200]
        print(f"Warning: {path}: the checkpoint is damaged ({reason}); training begins anew.", file=sys.stderr)
        return None


def values(variables: list[Any]) -> list[np.ndarray]:
    """The variables' values."""
    return [variable.numpy() for variable in variables]


def assign(variables: list[Any], arrays: list[np.ndarray]) -> None:
    """Set the variables."""
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)

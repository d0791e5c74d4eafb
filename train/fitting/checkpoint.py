"""Where a training run stands, saved after each epoch, so that a killed one goes on with the same result.

Keras' own BackupAndRestore forgets the counters of early stopping and of the plateau. Here they
are part of the state, with every variable of the network (the dropout's generators too) and of
the optimiser. Nothing else matters: an epoch's order follows from its number.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from manifests.core.files import write_bytes


@dataclass(frozen=True)
class Counters:
    """How far training is.

    Attributes:
        stage: the stage being trained; the number of stages once all are done.
        epoch: epochs of it that are done.
        best: the monitor's best value so far.
        since: epochs since then.
        cuts: how often the plateau has halved the rate.
        history: one record an epoch of every stage so far.
    """

    stage: int = 0
    epoch: int = 0
    best: float = float("inf")
    since: int = 0
    cuts: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def after(self, monitor: float, record: dict[str, float]) -> Counters:
        """Count one more epoch."""
        better = monitor < self.best
        return replace(
            self,
            epoch=self.epoch + 1,
            best=min(monitor, self.best),
            since=0 if better else self.since + 1,
            history=[*self.history, record],
        )

    def next_stage(self) -> Counters:
        """Begin the next stage."""
        return Counters(self.stage + 1, history=self.history)


@dataclass(frozen=True)
class State:
    """Counters, and named lists of arrays: `network`, `optimiser`, and `best` (the best epoch's network)."""

    counters: Counters
    arrays: dict[str, list[np.ndarray]]


def save(path: Path, state: State) -> None:
    """Publish the state as one file without pickle."""
    content = {f"{name}/{i:04d}": array for name, arrays in state.arrays.items() for i, array in enumerate(arrays)}
    memory = io.BytesIO()
    np.savez(memory, counters=np.array(json.dumps(asdict(state.counters))), **content)  # type: ignore[arg-type]
    write_bytes(path, memory.getvalue())


def load(path: Path) -> State | None:
    """The state saved last, or None where there is none or it can't be read."""
    try:
        with np.load(path, allow_pickle=False) as content:
            counters = Counters(**json.loads(str(content["counters"])))
            arrays: dict[str, list[np.ndarray]] = {}
            for name in sorted(set(content.files) - {"counters"}):
                arrays.setdefault(name.partition("/")[0], []).append(content[name])
            return State(counters, arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def values(variables: list[Any]) -> list[np.ndarray]:
    """The variables' values."""
    return [variable.numpy() for variable in variables]


def assign(variables: list[Any], arrays: list[np.ndarray]) -> None:
    """Set the variables."""
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)

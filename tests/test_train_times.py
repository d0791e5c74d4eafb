"""How long an image takes: measured by a run, and shown where the networks of a comparison differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from manifests.core.errors import UserError
from manifests.tables import times
from manifests.tables.times import Times
from train.fitting import timing
from train.fitting.timing import Clock
from train.fitting.timing import times as measured
from train.model.runtime import keras


class Ticking:
    """A clock that shows what it is told: each call is so many seconds after the one before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)


def test_the_first_epoch_which_compiles_counts_only_where_it_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ticking = Clock(), Ticking(monkeypatch)
    assert clock.train is None
    with clock.timing(10, first=True):
        ticking.now += 0.05
    assert clock.train == pytest.approx(5)
    clock.later += [1.0, 3.0, 2.0]
    assert clock.train == 2.0


def test_prediction_is_timed_by_the_exported_model_on_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []
    ticking = Ticking(monkeypatch)

    class Slow(keras.Model):
        def predict_on_batch(self, x: np.ndarray) -> np.ndarray:
            calls.append(x.shape)
            ticking.now += (0.8, 0.048, 0.032)[len(calls) - 1]  # the first call builds the graph
            return x

    made = measured([Clock(later=[2.0]), Clock(later=[4.0]), Clock()], Slow(), 24, ("CPU:0",))
    assert set(calls) == {(16, 24, 24, 3)} and len(calls) == 3
    assert made.train == 3.0 and made.test == pytest.approx(2) and made.devices == ("CPU:0",)


def test_times_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert times.read(tmp_path / "time.json") is None
    times.write(Times(train=None, test=1.5, devices=("CPU:0",)), tmp_path / "time.json")
    assert times.read(tmp_path / "time.json") == Times(train=None, test=1.5, devices=("CPU:0",))
    (tmp_path / "time.json").write_text('{"train": "long"}')
    with pytest.raises(UserError, match=r"time\.json: expected milliseconds per image\. Received .+ Run `python -m tr"):
        times.read(tmp_path / "time.json")

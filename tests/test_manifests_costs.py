"""A stage says what it cost, and long work how long the rest will take; standard output stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.core import command, costs
from tests.support.stages import prepare, run


def test_durations_and_sizes_in_words() -> None:
    assert [costs.duration(s) for s in (0.2, 59, 130, 3900)] == ["1 s", "59 s", "2 min 10 s", "1 h 5 min"]
    assert [costs.size(n) for n in (512, 3_400, 340_000, 3_400_000, 1_200_000_000)] == [
        "512 B",
        "3.4 kB",
        "340 kB",
        "3.4 MB",
        "1.2 GB",
    ]


def test_the_end_names_photos_time_and_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.tar").write_bytes(bytes(3_000_000))
    (tmp_path / "out/b.tar").write_bytes(bytes(400_000))
    costs.say("render", 1200, tmp_path / "out", unit="image")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("render: 1,200 images, ") and err.endswith(f" s, 3.4 MB in {tmp_path / 'out'}\n")


def test_long_work_is_estimated_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0, 1, 5, 11, 12])  # it begins, then four updates
    monkeypatch.setattr("manifests.core.costs.time.monotonic", lambda: next(clock))
    with command.progress(1100, "render") as bar:
        for _ in range(4):
            bar.update(100)
    assert capsys.readouterr() == ("", "render: 300 of 1,100 images done, about 40 s more\n")


def test_what_was_done_before_took_no_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0, 0, 20])
    monkeypatch.setattr("manifests.core.costs.time.monotonic", lambda: next(clock))
    with command.progress(100, "original", "epoch") as bar:
        bar.update(80)
        bar.update(10)
    assert "90 of 100 epochs done, about 20 s more" in capsys.readouterr().err


def test_the_first_epoch_is_no_measure_of_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It waits for the graph to be compiled: 12 s here, where the others take 1 s."""
    clock = iter([0, 0, 12, 13])
    monkeypatch.setattr("manifests.core.costs.time.monotonic", lambda: next(clock))
    with command.progress(72, "original", "epoch") as bar:
        bar.update(0)
        bar.update(1)
        bar.update(1)
    assert capsys.readouterr().err == "original: 2 of 72 epochs done, about 1 min 10 s more\n"


def test_a_stage_ends_with_what_it_cost(tmp_path: Path) -> None:
    text = "seed: 7\nsource: {layout: drawn, root: datasets/raw/drawn, drawn: 100}\n"
    done = run(prepare(tmp_path / "project", text), "manifests.draw")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("draw: 100 photos, ") and done.stderr.endswith(" kB in datasets/raw/drawn\n")
    assert "draw: " not in done.stdout

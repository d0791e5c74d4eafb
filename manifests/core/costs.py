"""What a stage costs: an estimate once its work has begun, and what it took at its end.

Both go to standard error, as times differ from run to run: standard output stays the same for the same inputs.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

EARLY = 10  # seconds of work after which the rest is estimated
_STARTED = time.monotonic()


class Bar(tqdm):  # type: ignore[type-arg]
    """A progress bar on a terminal; elsewhere, as in a log file, one line that says how long the rest will take."""

    def __init__(self, total: int, what: str, unit: str, **options: Any) -> None:
        super().__init__(total=total, desc=what, unit=unit, **options)
        self._what, self._unit = what, unit  # tqdm keeps none of them where it shows nothing
        self._began, self._done, self._told = time.monotonic(), 0.0, False
        self._first: tuple[float, float] | None = None

    def update(self, n: float | None = 1) -> bool | None:
        """Count n units more."""
        if self.disable and not self._told:
            self._count(n or 0, time.monotonic())
        return super().update(n)

    def _count(self, units: float, now: float) -> None:
        self._done += units
        if self._first is None:  # what was done before took no time, and the first unit waits for what it needs
            self._first = (now, self._done) if units else None
            return
        since, before = self._first
        if now - self._began >= EARLY and self._done > before and self.total:
            self._told = True
            left = (self.total - self._done) * (now - since) / (self._done - before)
            done = f"{self._done:,.0f} of {self.total:,.0f} {self._unit}s"
            print(f"{self._what}: {done} done, about {duration(left)} more", file=sys.stderr, flush=True)


def say(stage: str, photos: int, *outs: Path, unit: str = "photo") -> None:
    """Print what the command took since it was started, and the size of what it wrote.

    Args:
        stage: its name.
        photos: how many it has read or made.
        outs: files and folders that it wrote.
        unit: what is counted.
    """
    files = [file for out in outs for file in ([out] if out.is_file() else out.rglob("*"))]
    written = size(sum(file.stat().st_size for file in files if file.is_file()))
    took = duration(time.monotonic() - _STARTED)
    counted = f"{photos:,} {unit}" if photos == 1 else f"{photos:,} {unit}s"
    print(f"{stage}: {counted}, {took}, {written} in {_place(outs)}", file=sys.stderr, flush=True)


def _place(outs: tuple[Path, ...]) -> str:
    return str(outs[0] if len(outs) == 1 else outs[0].parent)


def duration(seconds: float) -> str:
    """Such as `4 s`, `2 min 10 s` or `1 h 5 min`."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Bytes, such as `512 B`, `3.4 MB` or `1.2 GB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"

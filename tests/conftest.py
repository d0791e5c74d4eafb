"""What every test is run within."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A command ends its process with signals ignored; pytest goes on, and Ctrl-C must reach it."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    hooks = sys.unraisablehook, threading.excepthook
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    sys.unraisablehook, threading.excepthook = hooks

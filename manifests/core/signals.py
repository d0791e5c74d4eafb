"""Ctrl-C and SIGTERM: one line, the exit code that a shell expects, and no traceback, whenever they come.

While a command's modules are imported, `early` ends the process at once. While it works, the signal is raised as an
exception, so that `finally` blocks run. Once it is done, or is being stopped, further signals are ignored.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

from manifests.core.early import STOPPED

_LOOK = 0.5  # seconds between two looks at whether the parent lives
_AGAIN = 0.2  # seconds until a signal is raised again that a library has swallowed


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end.

    Args:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def raising() -> Guard:
    """From now on raise `Stopped` in the main thread, once."""
    return Guard()


class Guard:
    """Raise the first signal; remember it, as code in C may turn the exception into another one."""

    def __init__(self) -> None:
        self.stopped: Stopped | None = None
        for number in STOPPED:
            signal.signal(number, self._raise)
        signal.signal(signal.SIGALRM, self._raise_again)
        sys.unraisablehook = self._swallowed

    def end_with_parent(self) -> None:
        """Stop, as SIGTERM does, once the process that started this one is gone."""
        parent = os.getppid()

        def look() -> None:
            while os.getppid() == parent:
                time.sleep(_LOOK)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=look, daemon=True).start()

    def end(self) -> None:
        """Ignore signals from now on: the work is done, or is being tidied up."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in STOPPED:
            signal.signal(number, signal.SIG_IGN)

    def _raise(self, number: int, _frame: FrameType | None) -> NoReturn:
        self.stopped = Stopped(number)
        for each in STOPPED:
            signal.signal(each, signal.SIG_IGN)
        threading.excepthook = lambda _: None  # threads of a pool that is being stopped complain
        raise self.stopped

    def _raise_again(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopped is not None:
            raise self.stopped

    def _swallowed(self, lost: sys.UnraisableHookArgs) -> None:
        """Python swallows what is raised inside a callback or a `__del__`: raise it anew outside."""
        if isinstance(lost.exc_value, Stopped):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            sys.__unraisablehook__(lost)

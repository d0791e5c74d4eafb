"""End at once on Ctrl-C or SIGTERM while a command's modules are imported: there is nothing to tidy up yet.

It imports next to nothing, so that it is in force before anything else of ours is imported.
"""

from __future__ import annotations

import os
import signal
import sys

STOPPED = {
    signal.SIGINT: "Stopped by Ctrl-C before the end. Run the command again.",
    signal.SIGTERM: "Stopped by SIGTERM before the end. Run the command again.",
}


def while_importing() -> None:
    """End at once on a signal; only where `python -m` is importing a command's package."""
    if sys.argv[:1] == ["-m"]:
        for number in STOPPED:
            signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> None:
    os.write(2, f"{STOPPED[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)

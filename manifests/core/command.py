"""What every command shares: its parser, its exit codes, and errors without tracebacks."""

from __future__ import annotations

import argparse
import errno
import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from manifests.core import costs, places, signals
from manifests.core.early import STOPPED
from manifests.core.errors import UserError

_DVC = "DVC_STAGE"  # DVC sets it for the commands of its stages
SOON = 2  # seconds without a word after which a bar is shown
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def parser(doc: str | None, *, remote: Sequence[str] = (), **paths: str) -> argparse.ArgumentParser:
    """Build a stage's parser: `--params`, and one option with a default for each path.

    Args:
        doc: the module's docstring; its first line describes the command.
        remote: names of options that may be an address such as s3://bucket/folder.
        paths: option name -> default path; `in_` prefixes are not needed, order is kept.
    """
    made = argparse.ArgumentParser(description=(doc or "").partition("\n")[0], allow_abbrev=False)
    made.add_argument("--params", type=place, default=Path("params.yaml"), help="default: params.yaml")
    for name, default in paths.items():
        kind = places.reached if name in remote else place
        made.add_argument(f"--{name.replace('_', '-')}", type=kind, default=Path(default), help=f"default: {default}")
    return made


def place(text: str) -> Path:
    """The path that an option names.

    Raises:
        UserError: an address such as s3://bucket/folder.
    """
    if places.is_address(text):
        raise UserError("path", "one on this machine's file systems", repr(text), "Mount the store, or copy it here")
    return Path(text)


def run(main: Callable[[], None]) -> None:
    """Call a command's `main` and exit.

    The exit code is 0 where it is done, 1 after a user's mistake, 2 after wrong options, 130 after Ctrl-C
    and 143 after SIGTERM.
    """
    guard = signals.raising()
    if _DVC in os.environ:  # a DVC that is killed can't stop its stage
        guard.end_with_parent()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that is no UTF-8, or a terminal that shows ASCII alone
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
        guard.end()
        if sys.stdout is not None:  # closed by the shell's `>&-`
            sys.stdout.flush()
    except BaseException as error:
        guard.end()
        if guard.stopped or isinstance(error, KeyboardInterrupt):  # whatever code in C has made of it
            number = guard.stopped.number if guard.stopped else signal.SIGINT
            _say(STOPPED[number])
            sys.exit(128 + number)
        if not isinstance(error, (UserError, OSError)):
            raise
        _say(str(error if isinstance(error, UserError) else _told(error)))
        sys.exit(1)


def _told(error: OSError) -> UserError:
    """An error of the operating system in the template of the others."""
    if isinstance(error, BrokenPipeError) and _unread():
        # Point it elsewhere, or the interpreter complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UserError(
            "standard output", "a reader to the end", "a closed pipe", "Read all that is printed, or send it to a file"
        )
    if isinstance(error, BrokenPipeError):
        where = str(error.filename or "another process")
        return UserError(where, "a process that reads to the end", "a closed pipe", "Run the command again")
    where, reason = str(error.filename or "output"), error.strerror or str(error)
    if error.errno in _FULL:
        return UserError(
            where, "a path that can be read and written", reason, "Free some space and run the command again"
        )
    return UserError(where, "a path that can be read and written", reason, "Check the path and its permissions")


def _unread() -> bool:
    """Whether standard output is a pipe whose reader is gone."""
    try:
        watched = select.poll()
        watched.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in watched.poll(0))
    except (AttributeError, OSError, ValueError):  # closed by the shell's `>&-`, or no file
        return False


def _say(message: str) -> None:
    """Print a line on standard error."""
    if sys.stderr is not None:
        print(message, file=sys.stderr)


def jobs() -> int:
    """Worker count: `N_JOBS` of the environment, else the processors this process may use.

    It is no parameter: the result does not depend on it, and a changed command would rerun
    the stage.

    Raises:
        UserError: `N_JOBS` is no positive whole number.
    """
    return whole_number("N_JOBS") or (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def whole_number(name: str) -> int | None:
    """A variable of the environment that is 1 or more; None where it is not set.

    Raises:
        UserError: it is no positive whole number.
    """
    text = os.environ.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"environment: {name}", "a whole number of 1 or more", repr(text), "Correct it, or unset it")
    return int(text)


def progress(total: int, what: str, unit: str = "image", after: float = 0) -> tqdm:  # type: ignore[type-arg]
    """A progress bar on standard error; where that is no terminal, a line that estimates the rest of long work.

    Args:
        total: how many units there are.
        what: the stage's name.
        unit: what is counted.
        after: seconds of work until the bar is shown, then on a file or a pipe as well; it is removed at the
            end. For work that takes no time as a rule, and minutes where numbers are large.
    """
    if not after:
        return costs.Bar(total, what, unit, disable=None, smoothing=0.1)
    bar = tqdm(total=total, desc=what, unit=unit, leave=False, smoothing=0.1, delay=after)

    def show() -> None:  # the first unit alone may take minutes
        bar.delay = 0
        bar.refresh()

    timer = threading.Timer(after, show)  # nothing happens once the bar is closed
    timer.daemon = True
    timer.start()
    return bar

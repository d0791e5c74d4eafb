"""What every command shares: its parser, its exit codes, and errors without tracebacks."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from manifests.core.errors import UserError


def parser(doc: str | None, **paths: str) -> argparse.ArgumentParser:
    """Build a stage's parser: `--params`, and one option with a default for each path.

    Args:
        doc: the module's docstring; its first line describes the command.
        paths: option name -> default path; `in_` prefixes are not needed, order is kept.
    """
    made = argparse.ArgumentParser(description=(doc or "").partition("\n")[0], allow_abbrev=False)
    made.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: params.yaml")
    for name, default in paths.items():
        made.add_argument(f"--{name.replace('_', '-')}", type=Path, default=Path(default), help=f"default: {default}")
    return made


def run(main: Callable[[], None]) -> None:
    """Call a command's `main` and exit: 0 done, 1 a user's mistake, 2 wrong options, 130 Ctrl-C."""
    try:
        main()
        if sys.stdout is not None:  # closed by the shell's `>&-`
            sys.stdout.flush()
    except UserError as error:
        sys.exit(_say(str(error)))
    except BrokenPipeError:  # `| head` closed our output; point it elsewhere so that exit stays silent
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = error.filename or "output"
        remedy = (
            "Free some space and run the command again"
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            else "Check the path and its permissions"
        )
        sys.exit(
            _say(str(UserError(str(where), "a path that can be read and written", error.strerror or error, remedy)))
        )
    except KeyboardInterrupt:
        _say("Stopped. Nothing half-written was left; run the command again to go on.")
        sys.exit(130)


def _say(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


def jobs() -> int:
    """Worker count: `N_JOBS` of the environment, else the processors this process may use.

    It is no parameter: the result does not depend on it, and a changed command would rerun
    the stage.

    Raises:
        UserError: `N_JOBS` is no positive whole number.
    """
    text = os.environ.get("N_JOBS", "")
    if not text:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise UserError(
            "environment: N_JOBS",
            "a whole number of 1 or more",
            repr(text),
            "Set it, or unset it to use every processor",
        )
    return int(text)


def progress(total: int, what: str, unit: str = "image") -> tqdm:  # type: ignore[type-arg]
    """A progress bar on standard error, silent when that is not a terminal."""
    return tqdm(total=total, desc=what, unit=unit, disable=None, smoothing=0.1)

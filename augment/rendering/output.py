"""The folder of the shards: held by one command, cleared of what no task names, never half-written for a reader."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa

from augment.rendering import tar
from augment.rendering.messages import Setup
from manifests.core import files
from manifests.core.places import is_remote, make

_SYNCS = 4  # files that are written to the disk at once
INDEX = "index.parquet"  # written last: its existence means that the shards are complete
_SHARD = re.compile(r"[a-z]+-\d{5,}\.tar")


@contextmanager
def shards(folder: Path, wanted: set[str], stage: str, part: bool = False) -> Iterator[str]:
    """Hold the folder, remove the index and the shards that no task names, and tidy up at the end.

    One that renders a part shares the folder with others: it removes no file but the index and its own.

    Args:
        folder: made where there is none.
        wanted: the names of the shards that will be written.
        stage: the name of the command.
        part: whether other commands render other shards of this folder.
    Yields:
        a token, for `part` and `publish`.
    Raises:
        UserError: the folder holds what this stage did not make, another command uses it, or it can't be written.
    """
    files.check_replaceable(folder, stage)
    try:
        make(folder) if is_remote(folder) else folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.unwritable(folder, error) from error
    token = secrets.token_hex(4)
    with nullcontext() if is_remote(folder) else files.locked(folder, shared=part):
        files.write_text(folder / files.MARKER, f"{stage}\n")
        (folder / INDEX).unlink(missing_ok=True)
        for path in () if part else folder.glob("*.tar"):
            if _SHARD.fullmatch(path.name) and path.name not in wanted:
                path.unlink()
        left = f".*.{token}.part" if part else ".*.part"
        _tidy(folder, left)
        try:
            yield token
        finally:
            _tidy(folder, left)


def part(shard: Path, token: str) -> Path:
    """Where one command writes a shard until it is published."""
    return shard.with_name(f".{shard.name}.{token}.part")


def publish(shard: Path, token: str) -> None:
    """Sync a written shard and put it in its place; one at an address is there already."""
    if is_remote(shard):
        return
    files.sync(part(shard, token))
    part(shard, token).rename(shard)


def _tidy(folder: Path, left: str) -> None:
    """Remove what was begun and not published."""
    for path in folder.glob(left):
        path.unlink(missing_ok=True)


Meanwhile = Callable[..., None]


@contextmanager
def meanwhile() -> Iterator[Meanwhile]:
    """Give a function that does something in the background; all is done, or has failed, at the end.

    Waiting for the disk would keep the workers from rendering.
    """
    with ThreadPoolExecutor(_SYNCS) as threads:
        waiting: list[Future[None]] = []
        yield lambda call, *arguments: waiting.append(threads.submit(call, *arguments))
        for one in waiting:
            one.result()


def write(name: str, shard: Path, token: str, rows: pa.Table, setup: Setup) -> tuple[str, np.ndarray]:
    """Write a shard where the parent publishes it; to an address the worker does."""
    if not is_remote(shard):
        return name, tar.write(part(shard, token), rows, setup)
    with files.publish(shard) as temporary:
        return name, tar.write(temporary, rows, setup)

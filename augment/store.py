"""List, limit or empty the store of rendered images.

python -m augment.store list
python -m augment.store limit --size 2G
python -m augment.store empty
"""

from __future__ import annotations

import argparse
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from augment.cache import packs
from manifests.core import command, files, places
from manifests.core.errors import UserError

DEFAULT = ".cache/render"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@contextmanager
def locked(folder: Path, shared: bool = False) -> Iterator[Path]:
    """Hold the store for one command, or for several that render parts; what a killed one left half-written is removed.

    Yields:
        a scratch folder inside it, empty, and removed at the end.
    Raises:
        UserError: another command holds it, or it can't be written.
    """
    if places.is_remote(folder):  # nothing locks a bucket; what a run puts there is whole, and named by itself
        scratch = folder / f"scratch-{secrets.token_hex(4)}"
        try:
            yield scratch
        finally:
            places.remove(scratch)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            str(folder), "a folder that can be written", error.strerror, "Check it, or choose another --store"
        ) from error
    with files.locked(folder, shared):
        scratch = folder / (f"scratch-{secrets.token_hex(4)}" if shared else "scratch")
        for path in folder.glob("[0-9a-f][0-9a-f]"):
            if not path.is_dir():
                raise UserError(str(path), "a folder of packs", "a file", "Remove it, or choose another --store")
        _tidy(folder, scratch, shared)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            _tidy(folder, scratch, shared)


def _tidy(folder: Path, scratch: Path, shared: bool) -> None:
    """Remove what a worker began and did not finish; in a store that is shared, nobody else's."""
    for one in [scratch] if shared else folder.glob("scratch*"):
        shutil.rmtree(one, ignore_errors=True)
    for part in () if shared else folder.glob("??/.*.part"):
        part.unlink(missing_ok=True)


def main() -> None:
    """Run one of the three verbs."""
    options = _options()
    with locked(options.store):
        found = _by_use(options.store)
        if options.verb == "list":
            print(listing(found))
            return
        limit = 0 if options.verb == "empty" else options.size
        removed = remove(found, limit)
        print(f"{options.store}: removed {removed:,} of {len(found):,} packs")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="augment.store", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", type=command.place, default=Path(DEFAULT), help=f"default: {DEFAULT}")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="packs, images and bytes")
    verbs.add_parser("empty", help="remove everything")
    limit = verbs.add_parser("limit", help="remove what was used longest ago")
    limit.add_argument("--size", type=size, required=True, help="bytes to keep at most, such as 500M or 2G")
    return parser.parse_args()


def size(text: str) -> int:
    """Read a size such as 500M.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    match = re.fullmatch(r"(\d+)([KMGT]?)B?", text.strip().upper())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 500M or 2G")
    return int(match[1]) * _UNITS[match[2]]


def _by_use(folder: Path) -> list[tuple[Path, int, float]]:
    """(pack, bytes, time of last use), the latest first."""
    found = [(path, path.stat()) for path in packs.listed(folder)]
    return sorted(((path, one.st_size, one.st_mtime) for path, one in found), key=lambda one: (-one[2], one[0]))


def listing(found: list[tuple[Path, int, float]]) -> str:
    """One line a pack, and the sum."""
    lines, images = [], 0
    for path, length, _ in found:
        try:
            entries = packs.entries(path)
        except ValueError as error:
            lines.append(f"{path.name}  {length:>12,} bytes  {error}")
            continue
        count = int((entries["size"] > 0).sum())
        images += count
        lines.append(f"{path.name}  {length:>12,} bytes  {count:>6,} images")
    total = sum(length for _, length, _ in found)
    return "\n".join([*lines, f"{len(found):,} packs, {images:,} images, {total:,} bytes"])


def remove(found: list[tuple[Path, int, float]], limit: int) -> int:
    """Remove packs from the end until at most `limit` bytes stay; returns how many."""
    removed, total = 0, sum(length for _, length, _ in found)
    for path, length, _ in reversed(found):
        if total <= limit:
            break
        path.unlink()
        total -= length
        removed += 1
    return removed


if __name__ == "__main__":
    command.run(main)

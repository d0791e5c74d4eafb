"""Random access to the shards: an image is `size` bytes at `offset` of its tar.

table, cells = index.read(folder / "index.parquet")
with Shards(folder) as shards:
    jpeg = shards.read("train-00000.tar", offset, size)
"""

from __future__ import annotations

import mmap
from pathlib import Path
from types import TracebackType

from manifests.core.errors import UserError


class Shards:
    """Map each shard into memory on first use; safe to share among threads for reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._maps: dict[str, mmap.mmap] = {}

    def read(self, shard: str, offset: int, size: int) -> bytes:
        """One image's bytes.

        Raises:
            UserError: the shard is missing or shorter than the index says.
        """
        mapped = self._maps.get(shard)
        if mapped is None:
            mapped = self._maps[shard] = self._open(shard)
        content = mapped[offset : offset + size]
        if len(content) < size:
            raise UserError(
                str(self.folder / shard),
                f"{offset + size} bytes or more",
                f"{len(mapped)}",
                "Run `python -m augment.render` again",
            )
        return content

    def _open(self, shard: str) -> mmap.mmap:
        try:
            with (self.folder / shard).open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise UserError(
                str(self.folder / shard), "a shard", str(error), "Run `python -m augment.render` again"
            ) from error

    def close(self) -> None:
        """Unmap every shard."""
        for mapped in self._maps.values():
            mapped.close()
        self._maps.clear()

    def __enter__(self) -> Shards:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

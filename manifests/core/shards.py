"""Random access to the shards: an image is `size` bytes at `offset` of its tar.

table, cells = index.read(folder / "index.parquet")
with Shards(folder) as shards:
    jpeg = shards.read("train-00000.tar", offset, size)
"""

from __future__ import annotations

import mmap
from pathlib import Path
from types import TracebackType

from manifests.core import places
from manifests.core.errors import UserError

_REMEDY = "Run `python -m augment.render` again"


class Shards:
    """Map each shard into memory on first use, or ask its address for each image; safe to share among threads."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._remote = folder, places.is_remote(folder)
        self._maps: dict[str, mmap.mmap] = {}

    def read(self, shard: str, offset: int, size: int) -> bytes:
        """One image's bytes.

        Raises:
            UserError: the shard is missing or shorter than the index says.
        """
        return bytes(self.view(shard, offset, size))

    def view(self, shard: str, offset: int, size: int) -> memoryview:
        """The same without a copy; as long as it is referred to, its shard cannot be unmapped."""
        if self._remote:
            return memoryview(self._ranged(shard, offset, size))
        mapped = self._maps.get(shard)
        if mapped is None:
            mapped = self._maps[shard] = self._open(shard)
        if len(mapped) < offset + size:
            raise self._short(shard, offset + size, len(mapped))
        return memoryview(mapped)[offset : offset + size]

    def _ranged(self, shard: str, offset: int, size: int) -> bytes:
        """The bytes of a shard at an address, by one request."""
        try:
            content = places.read(self.folder / shard, offset, offset + size)
        except OSError as error:
            raise self._unread(shard, error) from error
        if len(content) < size:
            raise self._short(shard, offset + size, offset + len(content))
        return content

    def _short(self, shard: str, wanted: int, received: int) -> UserError:
        return UserError(str(self.folder / shard), f"{wanted} bytes or more", f"{received}", _REMEDY)

    def _unread(self, shard: str, error: Exception) -> UserError:
        return UserError(str(self.folder / shard), "a shard", str(error), _REMEDY)

    def _open(self, shard: str) -> mmap.mmap:
        try:
            with (self.folder / shard).open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise self._unread(shard, error) from error

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

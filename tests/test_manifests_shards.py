"""Random access to the shards: bytes at an offset, and an error where they are not all there."""

from __future__ import annotations

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from manifests.core.errors import UserError
from manifests.core.shards import Shards


@pytest.fixture
def shard(tmp_path: Path) -> dict[str, tuple[int, int, bytes]]:
    """A tar of three members: name -> offset, size, content."""
    contents = {"a.jpg": b"first", "b.jpg": b"x" * 5000, "c.json": b"{}"}
    with tarfile.open(tmp_path / "train-00000.tar", "w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with tarfile.open(tmp_path / "train-00000.tar") as tar:
        return {m.name: (m.offset_data, m.size, contents[m.name]) for m in tar}


def test_members_are_read_in_any_order_and_by_many_threads(shard, tmp_path: Path) -> None:
    with Shards(tmp_path) as shards, ThreadPoolExecutor(4) as pool:
        wanted = [shard[name] for name in ("c.json", "a.jpg", "b.jpg") * 20]
        read = pool.map(lambda w: shards.read("train-00000.tar", w[0], w[1]), wanted)
        assert list(read) == [content for _, _, content in wanted]


def test_a_view_is_the_member_itself(shard, tmp_path: Path) -> None:
    offset, size, content = shard["b.jpg"]
    with Shards(tmp_path) as shards:
        view = shards.view("train-00000.tar", offset, size)
        assert view == content and view.readonly
        with pytest.raises(BufferError):  # no copy: the shard stays mapped as long as it is referred to
            shards.close()
        view.release()


def test_a_shard_that_was_cut_is_named(shard, tmp_path: Path) -> None:
    path = tmp_path / "train-00000.tar"
    path.write_bytes(path.read_bytes()[:1000])
    offset, size, _ = shard["b.jpg"]
    with Shards(tmp_path) as shards, pytest.raises(UserError) as error:
        shards.read(path.name, offset, size)
    assert str(error.value) == (
        f"{path}: expected {offset + size} bytes or more. Received 1000. Run `python -m augment.render` again."
    )


def test_a_shard_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.tar").touch()
    with Shards(tmp_path) as shards:
        for name in ("none.tar", "empty.tar"):
            with pytest.raises(UserError, match=f"{name}: expected a shard. Received "):
                shards.read(name, 0, 1)

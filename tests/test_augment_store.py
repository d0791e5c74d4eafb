"""The store: packs that are whole or not there, checked when read; listed, limited and emptied."""

from __future__ import annotations

import argparse
import os
from hashlib import sha256
from pathlib import Path

import pytest

from augment import store
from augment.cache import packs
from augment.cache.packs import Found, Pack, Store
from manifests.core.errors import UserError
from tests.support.stages import run

PRINT = bytes(range(74))


def key(number: int) -> bytes:
    return number.to_bytes(16, "little")


def fill(folder: Path, numbers: range) -> dict[int, bytes]:
    pack, contents = Pack(folder), {}
    for number in numbers:
        contents[number] = os.urandom(100 + number)
        pack.add(key(number), contents[number], sha256(contents[number]).digest(), PRINT)
    pack.publish()
    return contents


def opened(folder: Path) -> Store:
    packs.catalogue(folder, folder / "scratch")
    return Store(folder, folder / "scratch")


def test_what_was_added_is_found_and_read(tmp_path: Path) -> None:
    contents = fill(tmp_path, range(5)) | fill(tmp_path, range(5, 9))
    held = opened(tmp_path)
    for number, content in contents.items():
        (found,) = held.find(key(number))
        assert held.read(found) == content
        assert found.print_ == PRINT
    assert not list(held.find(key(99)))
    assert not list(held.find(key(1)[:8] + b"x" * 8))  # the first half alone is no match


def test_an_empty_store_finds_nothing(tmp_path: Path) -> None:
    assert not list(opened(tmp_path).find(key(0)))


def test_a_key_in_two_packs_is_found_twice(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    fill(tmp_path, range(1, 3))
    assert [len(list(opened(tmp_path).find(key(number)))) for number in range(3)] == [1, 2, 1]


def test_an_unpublished_pack_is_nowhere(tmp_path: Path) -> None:
    pack = Pack(tmp_path)
    pack.add(key(1), b"image", bytes(32), PRINT)
    assert not list(opened(tmp_path).find(key(1)))
    pack.discard()
    assert not [path for path in tmp_path.rglob("*.p*") if path.is_file() and "scratch" not in path.parts]
    Pack(tmp_path).publish()
    assert not list(tmp_path.rglob("*.pack"))


@pytest.mark.parametrize("length", [0, 10, 47, 48, 300, -1])
def test_a_pack_that_is_not_whole_is_removed(tmp_path: Path, length: int) -> None:
    fill(tmp_path, range(3))
    (path,) = tmp_path.glob("??/*.pack")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError):
        packs.entries(path)
    assert not list(opened(tmp_path).find(key(1)))
    assert not path.exists()


def test_damaged_entries_are_seen(tmp_path: Path) -> None:
    contents = fill(tmp_path, range(3))
    (path,) = tmp_path.glob("??/*.pack")
    content = bytearray(path.read_bytes())
    content[sum(map(len, contents.values())) + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged entries"):
        packs.entries(path)


def test_a_damaged_or_lost_image_is_not_read(tmp_path: Path) -> None:
    fill(tmp_path, range(3))
    held = opened(tmp_path)
    (path,) = tmp_path.glob("??/*.pack")
    (first,), (second,) = held.find(key(0)), held.find(key(1))
    content = bytearray(path.read_bytes())
    content[first.offset] ^= 1
    path.write_bytes(content)
    assert held.read(first) is None
    assert held.read(second) is not None
    path.unlink()
    assert held.read(second) is None
    assert held.read(Found("no/such.pack", 0, 1, bytes(32), b"")) is None


def test_list_limit_and_empty(tmp_path: Path) -> None:
    for number, age in ((0, 300), (10, 200), (20, 100)):
        fill(tmp_path / "store", range(number, number + 2))
        newest = max((tmp_path / "store").glob("??/*.pack"), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (newest.stat().st_mtime - age,) * 2)
    sizes = sum(path.stat().st_size for path in (tmp_path / "store").glob("??/*.pack"))
    command = ("augment.store", "--store", "store")
    listed = run(tmp_path, *command, "list").stdout.splitlines()
    assert listed[-1] == f"3 packs, 6 images, {sizes:,} bytes"
    assert len(listed) == 4
    limited = run(tmp_path, *command, "limit", "--size", str(sizes - 1))
    assert limited.stdout == "store: removed 1 of 3 packs\n"
    held = opened(tmp_path / "store")
    assert not list(held.find(key(0)))  # used longest ago
    assert list(held.find(key(10)))
    assert run(tmp_path, *command, "empty").stdout == "store: removed 2 of 2 packs\n"
    assert run(tmp_path, *command, "list").stdout == "0 packs, 0 images, 0 bytes\n"
    assert run(tmp_path, *command).returncode == 2


@pytest.mark.parametrize(("text", "size"), [("5", 5), ("2K", 2048), ("3m", 3 << 20), ("1GB", 1 << 30), ("2T", 2 << 40)])
def test_sizes(text: str, size: int) -> None:
    assert store.size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5G", "G", "1X"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no size such as 500M or 2G"):
        store.size(text)


def test_a_store_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="a folder that can be written"), store.locked(tmp_path / "file/store"):
        pass


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab/.x.pack.part").write_bytes(b"half")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch/old.npy").write_bytes(b"old")
    with store.locked(tmp_path) as scratch:
        assert not list(scratch.iterdir())
        assert not (tmp_path / "ab/.x.pack.part").exists()
    assert not scratch.exists()

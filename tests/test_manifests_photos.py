"""A photo's file: what it is named by, and why it can't be used."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from manifests.scanning import photos
from manifests.scanning.photos import CheckedPhoto, SizeLimits, check, check_all
from manifests.sources.rows import Quarantined
from tests.support.small_photos import jpeg

LIMITS = SizeLimits(max_bytes=20_000, max_pixels=10_000)


def reason(root: Path, path: str) -> tuple[str, str]:
    found = check(root.resolve(), path, LIMITS)
    assert isinstance(found, Quarantined)
    assert found.path == path
    return found.reason, found.detail


def test_a_good_photo_is_named_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    photo = check(tmp_path.resolve(), "a.jpg", LIMITS)
    assert isinstance(photo, CheckedPhoto)
    assert photo.image_id == sha256(jpeg(1)).hexdigest()[:16]
    assert (photo.width, photo.height, photo.grey.shape, photo.grey.dtype) == (40, 30, (64, 64), np.uint8)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("none.jpg", ("missing_file", "no such file or directory")),
        ("a.jpg/b.jpg", ("missing_file", "not a directory")),
        ("folder", ("not_a_file", "a directory")),
        ("pipe", ("not_a_file", "a device, pipe or socket")),
        ("device", ("outside_root", "a link that leads out of the root")),
        ("empty.jpg", ("empty_file", "0 bytes")),
        ("big.jpg", ("too_large", "20001 bytes, source.max_bytes is 20000")),
        ("wide.jpg", ("too_many_pixels", "101 x 100, source.max_pixels is 10000")),
        ("text.jpg", ("unknown_format", "no header of JPEG, PNG, WEBP, BMP, TIFF")),
        ("moving.gif", ("unknown_format", "no header of JPEG, PNG, WEBP, BMP, TIFF")),
        ("cut.jpg", ("undecodable", "JPEG: the JPEG ends before its end marker")),
        ("cut_early.jpg", ("undecodable", "its header is cut or damaged")),
        ("../outside.jpg", ("outside_root", "an absolute path, or one with ..")),
        ("folder/../a.jpg", ("outside_root", "an absolute path, or one with ..")),
        ("/etc/passwd", ("outside_root", "an absolute path, or one with ..")),
        ("link_out.jpg", ("outside_root", "a link that leads out of the root")),
        ("loop.jpg", ("unreadable", "too many levels of symbolic links")),
        ("", ("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")),
        ("a\0.jpg", ("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")),
        ("\udcff.jpg", ("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")),
        ("x" * 300 + ".jpg", ("malformed_name", "file name too long")),
    ],
)
def test_a_photo_that_cant_be_used_has_its_reason(tmp_path: Path, path: str, expected: tuple[str, str]) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.jpg").write_bytes(jpeg(1))
    contents = {
        "a.jpg": jpeg(1),
        "empty.jpg": b"",
        "big.jpg": jpeg(1) + bytes(20_001 - len(jpeg(1))),
        "wide.jpg": jpeg(1, (101, 100)),
        "text.jpg": b"hello",
        "moving.gif": b"GIF89a" + bytes(20),
        "cut.jpg": jpeg(1)[: len(jpeg(1)) * 2 // 3],
        "cut_early.jpg": jpeg(1)[:100],
    }
    for name, content in contents.items():
        (root / name).write_bytes(content)
    os.mkfifo(root / "pipe")
    (root / "device").symlink_to("/dev/zero")
    (root / "link_out.jpg").symlink_to(tmp_path / "outside.jpg")
    (root / "loop.jpg").symlink_to("loop.jpg")
    assert reason(root, path) == expected


def test_links_inside_the_root_and_a_linked_root_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(jpeg(1))
    (tmp_path / "real" / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "root").symlink_to("real")
    found = check_all(tmp_path / "root", ["a.jpg", "b.jpg"], LIMITS, jobs=1)
    assert [type(one) for one in found] == [CheckedPhoto, CheckedPhoto]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_photo_without_permission_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    (tmp_path / "a.jpg").chmod(0)
    assert reason(tmp_path, "a.jpg") == ("unreadable", "permission denied")


def test_processes_find_what_threads_find_in_the_order_of_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number:03d}.jpg" for number in range(150)]
    for number, name in enumerate(names):
        if number % 7:
            (tmp_path / name).write_bytes(jpeg(number) if number % 5 else b"no photo")
    threads = check_all(tmp_path, names, LIMITS, jobs=2)
    monkeypatch.setattr(photos, "MANY", 1)
    processes = check_all(tmp_path, names, LIMITS, jobs=2)
    assert [vars(one) | {"grey": None} for one in threads] == [vars(one) | {"grey": None} for one in processes]
    pairs = zip(threads, processes, strict=True)
    assert all((one.grey == other.grey).all() for one, other in pairs if isinstance(one, CheckedPhoto))

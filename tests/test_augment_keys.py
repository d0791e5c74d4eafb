"""The key of an image covers all that its bytes depend on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from augment.cache import keys
from tests.support.stages import ROOT

BASE: dict[str, Any] = {"image_id": "0" * 16, "recorded": '{"gamma":1.1}', "donor": None, "quality": 95}
KEY = "from augment.cache import keys; print(keys.image_key('0' * 16, '{}', None, 95).hex())"


@pytest.mark.parametrize(
    "change", [{"image_id": "1" * 16}, {"recorded": '{"gamma":1.2}'}, {"donor": "2" * 16}, {"quality": 94}]
)
def test_each_part_counts(change: dict[str, Any]) -> None:
    assert keys.image_key(**BASE) == keys.image_key(**BASE)
    assert keys.image_key(**{**BASE, **change}) != keys.image_key(**BASE)


@pytest.fixture
def forgetful() -> Any:
    caches = (keys.versions, keys.fingerprint)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_library_versions_count(monkeypatch: pytest.MonkeyPatch, forgetful: None) -> None:
    before = keys.image_key(**BASE), keys.print_key("0" * 16)
    monkeypatch.setattr(keys, "version", lambda name: "99" if name == "simplejpeg" else "1")
    keys.versions.cache_clear()
    keys.fingerprint.cache_clear()
    assert keys.image_key(**BASE) != before[0]
    assert keys.print_key("0" * 16) != before[1]


def test_the_code_paths_of_opencv_count(forgetful: None) -> None:
    before, used = keys.image_key(**BASE), cv2.ipp.useIPP()
    if not used:
        pytest.skip("this OpenCV has no IPP")
    cv2.ipp.setUseIPP(False)
    try:
        keys.fingerprint.cache_clear()
        assert keys.image_key(**BASE) != before
    finally:
        cv2.ipp.setUseIPP(used)


def key_in(folder: Path) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", KEY], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("keys")
    for room in ("augment", "manifests"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "built"))
    return folder, key_in(folder)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("augment/kernels/ops.py", "np.linspace(0.02, 0.98, 17)", "np.linspace(0.03, 0.97, 17)"),  # an array
        ("augment/kernels/ops.py", "_STEEPEST = 2.0", "_STEEPEST = 2.5"),  # a constant
        ("augment/kernels/ops.py", 'TONES = ("gamma", "contrast"', 'TONES = ("contrast", "gamma"'),  # an order
        ("manifests/core/codec.py", 'colorsubsampling="420"', 'colorsubsampling="444"'),  # an argument
        ("manifests/core/seeds.py", "4294967296", "4294967295"),  # what draws the noise
        ("augment/rendering/photo.py", '"RGBX"', '"RGB"'),  # how the photo is decoded
    ],
)
def test_a_changed_value_or_order_changes_the_key(copied: tuple[Path, str], file: str, old: str, new: str) -> None:
    folder, before = copied
    whole = (folder / file).read_text()
    changed = whole.replace(old, new, 1)
    (folder / file).write_text(changed if changed != whole else whole + "\n")
    try:
        assert key_in(folder) != before
    finally:
        (folder / file).write_text(whole)
    assert key_in(folder) == before

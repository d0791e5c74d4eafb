"""An image's key: a hash of all that its pixels and bytes depend on.

Source content, drawn parameters, encoder settings, the files that form pixels, the libraries, and what the
processor lets OpenCV use. The files count whole, comments included: what forms a pixel may be an array, the order
of a dict or a cached function, and no reading of the syntax finds them all. A policy's draw is seen by its result.
"""

from __future__ import annotations

import json
import platform
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import orjson

from augment.cache.packs import KEY

LIBRARIES = ("numpy", "opencv-python-headless", "scipy", "simplejpeg", "stringzilla")
ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "augment/kernels/*.py",
    "augment/rendering/photo.py",  # how a photo is decoded for the kernels
    "manifests/core/codec.py",
    "manifests/core/face_mesh.*",  # the mesh whose triangles are bent
    "manifests/core/seeds.py",  # the generators that noise and shadows are drawn from
)


def replay(drawn: dict[str, Any]) -> str:
    """Drawn parameters as the JSON that the index records."""
    return orjson.dumps(drawn).decode()


@cache
def versions() -> str:
    """The libraries that pixels and bytes depend on, and the processor's family, as JSON."""
    found = {name: version(name) for name in LIBRARIES}
    return json.dumps(found | {"machine": platform.machine()}, sort_keys=True)


def image_key(image_id: str, recorded: str, donor: str | None, quality: int, faces: str = "") -> bytes:
    """KEY bytes for a copy.

    Args:
        image_id: a hash of the source's content.
        recorded: `replay` of the drawn parameters.
        donor: a hash of the donor's content, or None.
        quality: of the encoder.
        faces: a hash of where both have their faces, if that counts.
    """
    return _hash(f"{image_id}/{recorded}/{donor}/{quality}{faces and f'/{faces}'}")


def print_key(image_id: str) -> bytes:
    """KEY bytes for the print of a source photo."""
    return _hash(f"{image_id}/print")


def _hash(text: str) -> bytes:
    return blake2b(f"{text}/{fingerprint()}".encode(), digest_size=KEY).digest()


@cache
def fingerprint() -> str:
    """A hash of the files that form pixels, the libraries, and the code paths that OpenCV chooses here.

    OpenCV and Intel's IPP inside it choose code by the processor's features, and round differently.
    """
    made = blake2b(digest_size=16)
    for path in sorted(path for pattern in FILES for path in ROOT.glob(pattern)):
        content = path.read_bytes()
        made.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    paths = [cv2.getCPUFeaturesLine(), cv2.useOptimized(), cv2.ipp.useIPP(), cv2.ipp.getIppVersion()]
    made.update(f"{versions()}\n{paths}".encode())
    return made.hexdigest()

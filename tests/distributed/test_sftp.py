"""Photos and shards on a machine that is reached by SFTP: an OpenSSH server on this one, with keys of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from manifests.core.codec import encode
from tests.support.clusters import end, free_port, listening
from tests.support.stages import ROOT, hashes, prepare

pytest.importorskip("paramiko", reason="needs paramiko: make test-distributed")
SERVER = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = [
    pytest.mark.distributed,
    pytest.mark.timeout(240),
    pytest.mark.skipif(SERVER is None, reason="needs an OpenSSH server: apt-get install openssh-server"),
]

PARAMS = """
seed: 7
source: {{layout: table, root: "{root}"}}
cells: {{age: [20, 40, 60], gender: [male, female]}}
plan: {{total: 60, shares: {{gender: uniform}}, max_copies: 9, shard_size: 25}}
policies: {{mixed: {{weight: 1}}}}
render: {{quality: 90}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The server's address, and the environment of a client whose home has the key."""
    home = tmp_path_factory.mktemp("home")
    (home / ".ssh").mkdir(mode=0o700)
    for name in ("host", ".ssh/id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    port = free_port()
    options = {"Port": port, "ListenAddress": "127.0.0.1", "HostKey": home / "host", "PidFile": "none"}
    options |= {"AuthorizedKeysFile": home / ".ssh/id_ed25519.pub", "StrictModes": "no", "UsePAM": "no"}
    options |= {"PermitRootLogin": "yes", "Subsystem": "sftp internal-sftp"}
    (home / "config").write_text("".join(f"{key} {value}\n" for key, value in options.items()))
    if os.getuid() == 0:  # what the server asks for
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([str(SERVER), "-D", "-q", "-f", str(home / "config")])
    try:
        listening(port)
        known = {**os.environ, "PYTHONPATH": str(ROOT), "N_JOBS": "2", "HOME": str(home)}
        yield f"sftp://{getpass.getuser()}@127.0.0.1:{port}", known
    finally:
        end(process)


def photos(folder: Path) -> Path:
    """A table of forty photos."""
    folder.mkdir()
    rng, lines = np.random.default_rng(7), ["path,age,gender"]
    for number in range(40):
        lines.append(f"p{number:02d}.jpg,{10 + number},{'male' if number % 4 else 'female'}")
        (folder / f"p{number:02d}.jpg").write_bytes(encode(rng.integers(0, 255, (64, 64, 3), np.uint8), 90))
    (folder / "labels.csv").write_text("\n".join([*lines, ""]))
    return folder


def stages(folder: Path, environment: dict[str, str], *render: str) -> None:
    for words in (["manifests.scan"], ["balance.plan"], ["augment.render", *render]):
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr


def test_photos_and_shards_over_sftp_have_the_bytes_of_a_folder(
    server: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    address, environment = server
    root = photos(tmp_path / "photos")
    stages(prepare(tmp_path / "here", PARAMS.format(root=root)), environment)
    away = prepare(tmp_path / "away", PARAMS.format(root=f"{address}{root}"))
    stages(away, environment, "--out", f"{address}{tmp_path}/shards", "--store", f"{address}{tmp_path}/store")
    assert hashes(tmp_path / "shards") == hashes(tmp_path / "here/datasets/shards")

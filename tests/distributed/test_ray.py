"""On a Ray cluster a stage gives loky's bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.core import pool
from manifests.core.errors import UserError
from tests.support.clusters import free_port, listening, spawn
from tests.support.render_fixtures import empty, project
from tests.support.stages import ROOT

pytest.importorskip("ray", reason="needs Ray: make test-distributed")
pytestmark = [pytest.mark.distributed, pytest.mark.timeout(400)]


def test_two_actors_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(tmp_path / "project")
    made.render(2)
    expected = made.hashes()
    empty(made)
    (tmp_path / "head").mkdir()
    port, client = free_port(), free_port()
    options = ["start", "--head", "--num-cpus=2", f"--port={port}", f"--ray-client-server-port={client}"]
    more = [
        "--include-dashboard=false",
        "--node-ip-address=127.0.0.2",
        "--block",
        "--disable-usage-stats",
        f"--temp-dir=/tmp/ray{port}",
    ]
    head = spawn("ray.scripts.scripts", *options, *more, cwd=tmp_path / "head", path=ROOT, RAY_USAGE_STATS_ENABLED="0")
    try:
        listening(client, "127.0.0.2")
        monkeypatch.setenv("POOL", f"ray://127.0.0.2:{client}")
        made.render()
        assert made.hashes() == expected
    finally:
        head.terminate()
        head.wait(60)


def test_a_cluster_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL", "ray://127.0.0.1:9")
    monkeypatch.setenv("RAY_CLIENT_MAX_RETRIES", "1")
    with pytest.raises(UserError, match=r"expected a Ray cluster at 127\.0\.0\.1:9"):
        list(pool.each(1, abs, [(1,)]))

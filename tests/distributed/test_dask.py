"""On a Dask cluster a stage gives loky's bytes, or one clear error; it never hangs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from manifests.core import clusters, pool
from manifests.core.errors import UserError
from tests.support.render_fixtures import Project, empty, project
from tests.support.stages import ROOT

pytest.importorskip("distributed", reason="needs requirements-distributed.lock: make test-distributed")
from tests.support.clusters import Dask, dask

pytestmark = [pytest.mark.distributed, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    made = project(tmp_path_factory.mktemp("rendered"))
    made.render(2)
    return made, made.hashes()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dask]:
    with dask(tmp_path / "cluster") as made:
        monkeypatch.setenv("POOL", f"dask://{made.address}")
        yield made


def test_two_workers_in_other_folders_give_the_same_bytes(
    rendered: tuple[Project, dict[str, str]], cluster: Dask
) -> None:
    made, expected = rendered
    empty(made)
    made.render()
    assert made.hashes() == expected


def test_a_worker_killed_on_the_way_changes_nothing(rendered: tuple[Project, dict[str, str]], cluster: Dask) -> None:
    made, expected = rendered
    empty(made)
    kill = threading.Timer(1.5, cluster.workers[0].kill)
    kill.start()
    made.render()
    kill.join()
    assert made.hashes() == expected


def test_a_task_that_dask_gives_up_on_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with dask(tmp_path / "cluster", 2, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as made:
        monkeypatch.setenv("POOL", f"dask://{made.address}")
        with pytest.raises(
            UserError, match=r"render: expected workers that live until they are done\. Received Killed"
        ):
            list(pool.each(1, end_worker, ((i,) for i in range(4))))


def end_worker(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def nap(number: int) -> int:
    time.sleep(0.5)
    return number


def test_when_all_workers_are_gone_the_run_ends(cluster: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    results = pool.each(1, nap, ((i,) for i in range(40)))
    next(results)
    monkeypatch.setattr(clusters, "PATIENCE", 3.0)
    for worker in cluster.workers:
        worker.kill()
    with pytest.raises(UserError, match=r"render: expected workers at dask://.* none for 3 seconds\. Start some"):
        list(results)


def test_a_worker_without_the_project_is_named(cluster: Dask, tmp_path: Path) -> None:
    cluster.worker(path=tmp_path)
    wait_for(cluster, 3)
    with pytest.raises(UserError, match=r"worker tcp://.*: expected a worker that has the project\. Received Module"):
        list(pool.each(1, nap, [(1,)]))


def test_a_worker_with_other_code_is_named(cluster: Dask, tmp_path: Path) -> None:
    for room in (*clusters.ROOMS, "tests"):
        shutil.copytree(ROOT / room, tmp_path / "copy" / room, ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "copy/augment/kernels/ops.py"
    file.write_text(file.read_text() + "\n# changed\n")
    cluster.worker(path=tmp_path / "copy")
    wait_for(cluster, 3)
    with pytest.raises(UserError, match=r"worker tcp://.*: expected the code of this project\. Received other code"):
        list(pool.each(1, nap, [(1,)]))


def test_a_worker_with_another_opencv_is_named(cluster: Dask, tmp_path: Path) -> None:
    other = tmp_path / "site/opencv_python_headless-4.9.0.80.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: opencv-python-headless\nVersion: 4.9.0.80\n")
    cluster.worker(PYTHONPATH=f"{other.parent}:{ROOT}")
    wait_for(cluster, 3)
    mine = version("opencv-python-headless")
    with pytest.raises(UserError) as error:
        list(pool.each(1, nap, [(1,)]))
    assert re.fullmatch(
        rf"worker tcp://[\d.:]+: expected opencv-python-headless {re.escape(mine)}\. Received 4\.9\.0\.80\. "
        r"Install the same lock file\.",
        str(error.value),
    )


def wait_for(cluster: Dask, count: int) -> None:
    from distributed import Client

    with Client(f"tcp://{cluster.address}", set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_a_scheduler_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL", "dask://127.0.0.1:9")
    with pytest.raises(UserError, match=r"expected a Dask scheduler at 127\.0\.0\.1:9"):
        list(pool.each(1, nap, [(1,)]))

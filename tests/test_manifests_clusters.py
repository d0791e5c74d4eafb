"""What the workers of a cluster are asked, and which answer is an error; the clusters themselves: tests/distributed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from manifests.core import clusters, pool
from manifests.core.errors import UserError

MINE = {"libraries": {"numpy": "2.4.6", "opencv-python-headless": "5.0.0.93"}, "code": "aa", "places": ["/photos"]}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {**MINE, "libraries": {**MINE["libraries"], "opencv-python-headless": "4.12.0"}},
            "worker w2: expected opencv-python-headless 5.0.0.93. Received 4.12.0. Install the same lock file.",
        ),
        (
            {**MINE, "code": "bb"},
            "worker w2: expected the code of this project. Received other code (bb for aa). "
            "Check out the same commit and restart it.",
        ),
        (
            {**MINE, "places": []},
            "worker w2: expected the folder /photos. Received none of that name. Mount it there at the same path.",
        ),
        (
            ModuleNotFoundError("No module named 'manifests'"),
            'worker w2: expected a worker that has the project. Received ModuleNotFoundError("No module named '
            "'manifests'\"). Start it in a copy of the project with the same lock file installed, with PYTHONPATH "
            "set to that copy.",
        ),
    ],
)
def test_a_worker_that_does_not_match_is_named(answer: object, said: str) -> None:
    with pytest.raises(UserError) as error:
        clusters.check({"w1": MINE, "w2": answer}, MINE)
    assert str(error.value) == said


def test_this_process_matches_itself(tmp_path: Path) -> None:
    mine = clusters.probe([str(tmp_path)])
    assert mine["places"] == [str(tmp_path)] and mine["libraries"]["numpy"] != "none"
    clusters.check({"w": mine}, mine)


def test_an_unknown_pool_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL", "dusk://host:1")
    with pytest.raises(UserError) as error:
        list(pool.each(1, abs, [(1,)]))
    assert str(error.value) == (
        "environment: POOL: expected dask://host:port, ray://host:port, loky or threading. Received 'dusk://host:1'. "
        "Correct it, or unset it to use this machine's cores."
    )


@pytest.mark.parametrize(("scheme", "package"), [("dask", "distributed"), ("ray", "ray[client]")])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package.partition("[")[0], None)
    monkeypatch.setenv("POOL", f"{scheme}://127.0.0.1:9")
    with pytest.raises(UserError, match=rf"environment: POOL: expected the package {package.partition('[')[0]}"):
        list(pool.each(1, abs, [(1,)]))


def test_threads_take_arguments_as_they_become_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL", "threading")
    taken = []
    results = pool.each(2, abs, ((taken.append(i) or -i,) for i in range(100)))
    first = next(results)
    assert first == abs(first) and len(taken) <= 3 * 2 + 2 * 6
    assert sorted([first, *results]) == list(range(100))
    assert threading.active_count() < 20


def test_an_error_of_a_call_comes_out_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL", "threading")
    with pytest.raises(TypeError):
        list(pool.each(2, abs, ((word,) for word in ("a", "b"))))

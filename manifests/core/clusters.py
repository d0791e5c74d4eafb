"""Workers on other machines: Dask and Ray, asked before any task whether they run this code and see these folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from manifests.core.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("manifests", "pages", "balance", "augment", "train")
LIBRARIES = ("numpy", "opencv-python-headless", "simplejpeg", "stringzilla", "pyarrow", "orjson", "pillow")
PATIENCE = 60.0  # seconds without any worker after which a run is given up
_WHERE = "environment: POOL"


@dataclass(frozen=True)
class Cluster:
    """Workers that take calls.

    Attributes:
        submit: takes a function and its arguments; gives a future.
        workers: the addresses of the workers that live; raises UserError where nobody can say.
        slots: calls that they run at once.
    """

    submit: Callable[..., Future[Any]]
    workers: Callable[[], Sequence[str]]
    slots: int


@contextmanager
def connected(address: str, places: Sequence[Path]) -> Iterator[Cluster]:
    """Connect to `dask://host:port` or `ray://host:port`, and check every worker.

    Args:
        address: of the scheduler.
        places: folders that each worker must see as this process does, absolute.
    Raises:
        UserError: the package is missing, nobody answers, there is no worker, or one does not match.
    """
    kind, _, rest = address.partition("://")
    try:
        with {"dask": _dask, "ray": _ray}[kind](rest) as (cluster, ask):
            check(ask(probe, [str(place) for place in places]), probe([str(place) for place in places]))
            yield cluster
    except ImportError as error:
        package = {"dask": "distributed", "ray": "ray[client]"}[kind]
        raise UserError(_WHERE, f"the package {package}", str(error), f"Run pip install '{package}'") from error


def probe(places: Sequence[str]) -> dict[str, Any]:
    """What a worker is: its libraries, its code, and which of the places it sees."""
    return {"libraries": libraries(), "code": code(), "places": [place for place in places if os.path.isdir(place)]}  # noqa: PTH112


@cache
def libraries() -> dict[str, str]:
    """The versions that results depend on."""
    found = {"python": ".".join(platform.python_version_tuple()[:2]), "machine": platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


@cache
def code() -> str:
    """A hash of the project's modules, taken once: a worker goes on with what it has imported."""
    made = blake2b(digest_size=8)
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        content = path.read_bytes()
        made.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return made.hexdigest()


def check(answers: Mapping[str, dict[str, Any] | BaseException], mine: dict[str, Any]) -> None:
    """Compare what the workers answered with what this process is.

    Raises:
        UserError: naming the first worker, by address, that does not match.
    """
    for worker, answer in sorted(answers.items()):
        where = f"worker {worker}"
        if isinstance(answer, BaseException):
            remedy = (
                "Start it in a copy of the project with the same lock file installed, with PYTHONPATH set to that copy"
            )
            received = str(answer) if type(answer) is Exception else repr(answer)  # Dask's own wrapping says no more
            raise UserError(where, "a worker that has the project", received, remedy)
        for name, wanted in mine["libraries"].items():
            if answer["libraries"].get(name) != wanted:
                raise UserError(where, f"{name} {wanted}", answer["libraries"].get(name), "Install the same lock file")
        if answer["code"] != mine["code"]:
            received = f"other code ({answer['code']} for {mine['code']})"
            raise UserError(where, "the code of this project", received, "Check out the same commit and restart it")
        for place in mine["places"]:
            if place not in answer["places"]:
                raise UserError(where, f"the folder {place}", "none of that name", "Mount it there at the same path")


def lost(error: BaseException) -> bool:
    """Whether a call's error means that its worker, or the cluster, is gone."""
    names = {"KilledWorker", "WorkerCrashedError", "NodeDiedError", "OwnerDiedError", "RaySystemError"}
    return isinstance(error, (CancelledError, ConnectionError)) or type(error).__name__ in names


@contextmanager
def _dask(address: str) -> Iterator[tuple[Cluster, Callable[..., Any]]]:
    from distributed import Client

    try:
        client = Client(f"tcp://{address}", timeout="20s", set_as_default=False)
    except OSError as error:
        raise UserError(_WHERE, f"a Dask scheduler at {address}", error, "Start it, or correct the address") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise _nobody(address) from error

        def workers() -> list[str]:
            if client.status != "running":
                raise UserError(_WHERE, f"a Dask scheduler at {address}", "none any more", "Run the command again")
            return list(client.scheduler_info(n_workers=-1)["workers"])

        def ask(call: Callable[..., Any], *arguments: Any) -> Any:
            return client.run(call, *arguments, on_error="return")

        slots = sum(client.nthreads().values())
        with client.get_executor(pure=False) as executor:
            yield Cluster(executor.submit, workers, slots), ask


@contextmanager
def _ray(address: str) -> Iterator[tuple[Cluster, Callable[..., Any]]]:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    try:
        client = ray.init(f"ray://{address}", log_to_driver=False, logging_level="ERROR", allow_multiple=True)
    except (OSError, ConnectionError, RuntimeError) as error:
        raise UserError(_WHERE, f"a Ray cluster at {address}", error, "Start it, or correct the address") from error
    with client:

        def nodes() -> dict[str, str]:
            return {each["NodeID"]: each["NodeManagerAddress"] for each in ray.nodes() if each["Alive"]}

        def submit(call: Callable[..., Any], *arguments: Any) -> Future[Any]:
            return ray.remote(call).remote(*arguments).future()

        def ask(call: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
            answers: dict[str, Any] = {}
            for node, name in nodes().items():
                where = NodeAffinitySchedulingStrategy(node, soft=False)
                try:
                    asked = ray.remote(call).options(scheduling_strategy=where, num_cpus=0).remote(*arguments)
                    answers[f"{name} ({node[:8]})"] = ray.get(asked, timeout=PATIENCE)
                except Exception as error:  # whatever the worker raised
                    answers[f"{name} ({node[:8]})"] = getattr(error, "cause", None) or error
            return answers

        slots = int(ray.cluster_resources().get("CPU", 0))
        if not slots:
            raise _nobody(address)
        yield Cluster(submit, lambda: list(nodes()), slots), ask


def _nobody(address: str) -> UserError:
    return UserError(_WHERE, f"a worker at {address}", f"none within {PATIENCE:.0f} seconds", "Start workers")

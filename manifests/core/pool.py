"""The worker pool: processes of this machine, threads, or a Dask or Ray cluster, as POOL in the environment says.

`POOL=dask://scheduler:8786`, `POOL=ray://head:10001`, `POOL=threading`; without it, processes (joblib's loky). No
result depends on it, so it is no parameter. Results come back in the order in which they are ready.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeVar

import joblib
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError

from manifests.core import clusters
from manifests.core.errors import UserError

T = TypeVar("T")
_LOOK = 0.5  # seconds between two looks at whether the parent lives


def on_cluster() -> bool:
    """Whether POOL names workers that may be on other machines."""
    return os.environ.get("POOL", "").startswith(("dask://", "ray://"))


def each(
    jobs: int,
    call: Callable[..., T],
    arguments: Iterable[tuple[Any, ...]],
    what: str = "render",
    places: Sequence[Path] = (),
    threads: bool = False,
) -> Generator[T, None, None]:
    """Call once for each tuple of arguments; nothing may depend on the order of the results.

    Arguments are taken as workers become free, so that memory stays flat.

    Args:
        jobs: how many workers; a cluster has its own number.
        call: a function of a module, that each worker imports.
        arguments: one tuple per call; paths in them are absolute, as a worker may run in another folder.
        what: the stage's name, for errors.
        places: folders that a cluster's workers must see.
        threads: the call releases the interpreter's lock, so that on this machine threads do.
    Raises:
        UserError: a worker was killed, none can start, one does not match, or POOL names no pool.
    """
    address = os.environ.get("POOL", "")
    if on_cluster():
        yield from _on_cluster(address, call, arguments, what, places)
    elif address not in ("", "loky", "threading"):
        rule = "dask://host:port, ray://host:port, loky or threading"
        raise UserError("environment: POOL", rule, repr(address), "Correct it, or unset it to use this machine's cores")
    elif threads or address == "threading":
        with ThreadPoolExecutor(jobs) as executor:  # joined at the end, whatever happens
            yield from _ready(executor.submit, call, arguments, 3 * jobs)
    else:
        yield from _processes(jobs, call, arguments, what)


def _on_cluster(
    address: str, call: Callable[..., T], arguments: Iterable[tuple[Any, ...]], what: str, places: Sequence[Path]
) -> Iterator[T]:
    """Call on a cluster; nobody waits for ever for workers that do not come back."""
    with clusters.connected(address, places) as cluster:
        seen = time.monotonic()

        def look() -> None:
            nonlocal seen
            if cluster.workers():
                seen = time.monotonic()
            elif time.monotonic() - seen > clusters.PATIENCE:
                received = f"none for {clusters.PATIENCE:.0f} seconds"
                raise UserError(what, f"workers at {address}", received, "Start some and run it again")

        try:
            yield from _ready(cluster.submit, call, arguments, 3 * cluster.slots, look)
        except Exception as error:
            if not clusters.lost(error):
                raise
            received = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'a worker is gone'}"
            remedy = "Run it again; what was finished is kept"
            raise UserError(what, "workers that live until they are done", received, remedy) from error


def _ready(
    submit: Callable[..., Future[T]],
    call: Callable[..., T],
    arguments: Iterable[tuple[Any, ...]],
    ahead: int,
    look: Callable[[], None] = lambda: None,
) -> Iterator[T]:
    """The results of futures as they come, at most `ahead` of them waiting; `look` is called while nothing comes."""
    calls = iter(arguments)
    waiting = {submit(call, *one) for one in islice(calls, ahead)}
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=_LOOK * 4, return_when=FIRST_COMPLETED)
            if not done:
                look()
            waiting |= {submit(call, *one) for one in islice(calls, len(done))}
            for one in done:
                yield one.result()
    finally:
        for one in waiting:
            one.cancel()


def _processes(jobs: int, call: Callable[..., T], arguments: Iterable[tuple[Any, ...]], what: str) -> Iterator[T]:
    """Call in processes by joblib: its default backend, or what `joblib.parallel_config` says."""
    backend, _ = joblib.parallel.get_active_backend()
    own = backend.__class__.__name__ == "LokyBackend"
    ready = "generator_unordered" if backend.supports_return_generator else "list"  # multiprocessing has no other
    options: dict[str, Any] = {"initializer": watch, "initargs": (os.getpid(),)} if own and jobs > 1 else {}
    workers = joblib.Parallel(n_jobs=jobs, return_as=ready, pre_dispatch="3 * n_jobs", batch_size=1, **options)
    calls = (joblib.delayed(call)(*one) for one in arguments)
    try:
        with _starting(what, ready != "list"):
            results = workers(calls)
        try:
            for one in results:  # noqa: UP028 - `yield from` would close `results`, which warns, before _close does
                yield one
        finally:
            _close(results)
    except (TerminatedWorkerError, BrokenProcessPool) as error:
        raise _ended(what, error) from error


def _ended(what: str, error: BaseException) -> UserError:
    """The error for workers that did not live until they were done."""
    codes = re.search(r"exit codes of the workers are \{(.*)\}", str(error))
    if codes is None:  # such as an import that fails in the worker
        cause = str(error.__cause__ or error).strip().strip("\"'").strip().splitlines()[-1]
        return UserError(what, "workers that start", cause, "Run it in this process alone with N_JOBS=1 to see more")
    reason = ", perhaps for want of memory" if "SIGKILL" in codes[1] else ""
    return UserError(
        what,
        "workers that start, and live until they are done",
        f"a worker that ended with {codes[1]}{reason}",
        "Run it again, with fewer workers (N_JOBS) if it happens again; what was finished is kept",
    )


@contextmanager
def _starting(what: str, processes: bool) -> Iterator[None]:
    """Workers start inside; say so where the system refuses them a process, a file or a semaphore."""
    try:
        with _without_interrupts(processes):
            yield
    except OSError as error:
        if not processes:  # the calls themselves ran inside
            raise
        reason = error.strerror or str(error)
        raise UserError(
            what, "workers that start", reason, "Raise the limits (ulimit -n, ulimit -u), or set N_JOBS=1"
        ) from error


def _close(results: Any) -> None:
    """Kill the workers where results are still to come; joblib would warn of it on standard error."""
    if hasattr(results, "close"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def watch(parent: int) -> None:
    """End this worker as soon as its parent is gone: a killed parent can't tell its workers to stop."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent stops its workers
    threading.Thread(target=look, daemon=True).start()


@contextmanager
def _without_interrupts(needed: bool) -> Iterator[None]:
    """Hold Ctrl-C back while workers start, which inherit the mask: they must not print a traceback of their own."""
    if not needed or threading.current_thread() is not threading.main_thread():
        yield
        return
    _start_trackers()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _start_trackers() -> None:
    """Start the helper processes of loky and multiprocessing now.

    Starting one lifts the mask. Both would also warn of the semaphores that killed workers have left.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker" + (f",{before}" if before else "")
    try:
        loky_tracker.ensure_running()
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before

"""The worker pool: joblib, whatever its backend; results come back in the order in which they are ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from manifests.core.errors import UserError

T = TypeVar("T")


def each(jobs: int, call: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
    """Call once for each tuple of arguments; nothing may depend on the order of the results.

    The backend is joblib's default, or what `joblib.parallel_config` says; its workers are reused
    by the next call. Arguments are taken as workers become free, so that memory stays flat.

    Raises:
        UserError: a worker was killed.
    """
    backend, _ = joblib.parallel.get_active_backend()
    ready = "generator_unordered" if backend.supports_return_generator else "list"  # multiprocessing has no other
    workers = joblib.Parallel(n_jobs=jobs, return_as=ready, pre_dispatch="3 * n_jobs", batch_size=1)
    try:
        yield from workers(joblib.delayed(call)(*one) for one in arguments)
    except TerminatedWorkerError as error:
        raise UserError(
            "render",
            "workers that live until they are done",
            "a worker that was killed, perhaps for want of memory",
            "Run it again, with fewer workers (N_JOBS) if it happens again; what was rendered is kept",
        ) from error

"""One core for a thread and for that of Polars, while many small steps go back and forth between them."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import polars as pl

THREADS = Path("/proc/self/task")
#: What Polars calls the only thread of its pool.
NAME = "polars-0"


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread and Polars' only one on the core that this one is on, as long as the block takes; then both may go
    where this one could before. One of them always waits for the other, so neither loses by it, and to wake a thread on
    another core costs more than most steps take (decision 27). Does nothing where the system has no such thing or
    Polars has more threads."""
    pair = _pair()
    if not pair:
        yield
        return
    before = os.sched_getaffinity(0)
    _keep(pair, {_libc().sched_getcpu()} & before or before)
    try:
        yield
    finally:
        _keep(pair, before)


def _keep(threads: tuple[int, ...], cores: set[int]) -> None:
    for thread in threads:
        with suppress(OSError):  # a core was taken from this machine meanwhile: nothing hangs on it
            os.sched_setaffinity(thread, cores)


def _pair() -> tuple[int, ...]:
    """This thread and that of Polars by the numbers of the system; nothing where they cannot be kept together."""
    if (
        not hasattr(os, "sched_setaffinity")
        or not hasattr(_libc(), "sched_getcpu")
        or pl.thread_pool_size() > 1
    ):
        return ()
    pool = _pool()
    return (threading.get_native_id(), *pool) if pool else ()


@cache
def _pool() -> tuple[int, ...]:
    pl.DataFrame({"n": [1]}).filter(pl.col("n") > 0)  # the first use makes the pool
    return tuple(int(thread.name) for thread in THREADS.iterdir() if name_of(thread) == NAME)


def name_of(thread: Path) -> str:
    """What a thread of ``THREADS`` is called; nothing where it ended meanwhile."""
    try:
        return (thread / "comm").read_text().strip()
    except OSError:
        return ""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)

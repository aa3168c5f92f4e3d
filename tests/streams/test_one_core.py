"""The worker's thread and Polars' one thread share a core inside the block, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import polars as pl
import pytest

import streams  # noqa: F401  (Polars' pool has the size that a worker gives it)
from streams.one_core import NAME, THREADS, name_of, one_core

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="only Linux lets a thread be kept on a core"
)


def cores() -> tuple[set[int], set[int]]:
    """Where this thread may run, and where Polars' may."""
    pl.DataFrame({"n": [1]}).filter(pl.col("n") > 0)
    pool = [int(at.name) for at in THREADS.iterdir() if name_of(at) == NAME]
    return os.sched_getaffinity(threading.get_native_id()), os.sched_getaffinity(pool[0])


def test_both_threads_share_one_core_inside_and_are_free_afterwards() -> None:
    assert pl.thread_pool_size() == 1
    before = os.sched_getaffinity(0)
    with one_core():
        mine, pools = cores()
        assert mine == pools
        assert len(mine) == 1
        pl.DataFrame({"n": [1, 1, 2]}).group_by("n").agg(pl.len())  # may begin threads of its own
        with one_core():
            assert cores() == (mine, pools)
        assert cores() == (mine, pools)
    assert cores() == (before, before)
    assert all(os.sched_getaffinity(int(at.name)) == before for at in THREADS.iterdir())


def test_they_are_free_after_an_exception_and_in_every_thread() -> None:
    before = os.sched_getaffinity(0)
    found: list[tuple[set[int], set[int]]] = []

    def other() -> None:
        with one_core():
            found.append(cores())
        found.append(cores())

    def broken() -> None:
        with one_core():
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        broken()
    assert cores() == (before, before)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    inside, afterwards = found
    assert inside[0] == inside[1]
    assert len(inside[0]) == 1
    assert afterwards == cores() == (before, before)


def test_a_pool_of_more_threads_is_left_alone() -> None:
    code = (
        "import os, streams\nfrom streams.one_core import one_core\nbefore = os.sched_getaffinity(0)\n"
        "with one_core():\n    assert os.sched_getaffinity(0) == before\n"
    )
    env = {**os.environ, "POLARS_MAX_THREADS": "2"}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0

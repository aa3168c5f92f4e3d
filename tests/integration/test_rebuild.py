"""A year computed anew beside what is live and put in its place, with whatever is killed on the way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from benchmarks.rebuild import YEAR, Watch, arriving, fill, settle, shorten, wrong
from benchmarks.running import Running

#: Minutes of a whole stack: a run of its own, REBUILD=1 pytest tests/integration/test_rebuild.py.
pytestmark = pytest.mark.skipif(not os.environ.get("REBUILD"), reason="takes minutes: REBUILD=1 runs it")
SINCE = f"{YEAR}-01-01"
RATE = 50.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    stack = Running(tmp_path_factory.mktemp("rebuild"), "--set", "kafka.partitions=2")
    try:
        stack.wait_healthy()
        yield stack
    finally:
        stack.stop()


def kill_children(process: Any) -> None:
    """kill -9 of a command and of every process that it started."""
    everyone = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in everyone:
        one.send_signal(signal.SIGKILL)
    process.wait(10)


@pytest.mark.timeout(900)
def test_a_year_is_computed_anew_and_takes_the_place_of_the_old_figures(running: Running) -> None:
    _, simulator = fill(running, 600)
    shorten(running)
    before = running.wall()
    watch = Watch(running, f"{YEAR}-12-31")
    watch.start()
    with arriving(running, RATE, simulator):
        killed = running.start("rebuild", "--from", SINCE, "--yes")
        time.sleep(6.0)
        kill_children(killed)
        code, shown = running.nadi("rebuild", "--from", SINCE)
        assert (code, shown["switched"]) == (0, False)
        assert shown["counts"]["totals"] > 0
        assert {one["metric"].split(".")[0] for one in shown["totals"]} <= {"permits", "regency"}
        assert len(watch.pictures) == 1  # nothing of it is on the wall yet
        code, refused = running.nadi("rebuild", "--from", SINCE, "--rules", "P09", "--yes")
        assert (code, refused["switched"]) == (1, False)
        switching = running.start("rebuild", "--from", SINCE, "--yes")
        _kill_workers_while(running, switching)
        said, _ = switching.communicate(timeout=300)
        assert switching.returncode == 0, said
        time.sleep(3.0)
    settle(running)
    watch.ended.set()
    watch.join(20)
    after = running.wall()
    assert len(watch.pictures) > 1
    assert not wrong(watch.pictures)
    for one in shown["totals"]:
        key = (one["metric"], one["dimension"], one["value"], one["local_day"])
        if one["local_day"] < f"{YEAR}-12-31":
            assert (before.get(key, 0), after.get(key, 0)) == (one["before"], one["after"])
    verified, reports = running.nadi("state", "verify")
    assert verified == 0, reports


def _kill_workers_while(running: Running, switching: Any) -> None:
    """Once the switch has begun, kill -9 of the live worker a few times."""
    first = running.record()["profile"]
    deadline = time.monotonic() + 200
    while running.record().get("profile") == first:
        assert switching.poll() is None or time.monotonic() < deadline
        time.sleep(0.05)
    for _ in range(3):
        time.sleep(0.7)
        pid = running.record()["parts"]["stream-0"]["pid"]
        if pid is not None and psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(300)
def test_nothing_to_change_is_said_and_leaves_nothing(running: Running) -> None:
    code, said = running.nadi("rebuild", "--from", SINCE, "--yes")
    assert (code, said["switched"], said["counts"]["totals"]) == (0, False, 0)


def test_a_date_that_is_none_is_refused(running: Running) -> None:
    process = running.start("rebuild", "--from", "kemarin")
    process.communicate(timeout=60)
    assert process.returncode == 2

"""Whatever dies of the sink and the embedded ClickHouse, and wherever: the tables are the topics, row by row.

CI kills at every place once; ``make faults KILLS=n SEED=s`` kills n times, in an order drawn by the seed.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sink_faults import EngineProcess, Faults, Load, SinkStack, wait_for

KILLS = int(os.environ.get("KILLS", "0"))
SEED = int(os.environ.get("SEED", "1"))
COMPARE_EVERY = 7
DISK_MB = 128

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(7200)]


def test_kills_under_load_leave_the_tables_as_the_topics(kafka: Any, tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "engine").start()
    try:
        with SinkStack(kafka.bootstrap, kafka.layout(), engine.url) as stack:
            faults = Faults(stack, engine, SEED, tmp_path)
            with Load(stack, random.Random(SEED)) as load:  # noqa: S311
                for number, (who, where) in enumerate(faults.actions(KILLS), 1):
                    print(f"kill {number}: {who} at {where}", flush=True)
                    faults.do(who, where)
                    if number % COMPARE_EVERY == 0:
                        faults.compare()
            faults.compare()
            faults.compare_values(load.newest)
            print(faults.counts, flush=True)
            assert faults.counts.differences == 0, faults.counts
            assert faults.counts.events > 0
    finally:
        engine.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that can be filled."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_loses_nothing(kafka: Any, small_disk: Path, tmp_path: Path) -> None:
    engine = EngineProcess(small_disk / "engine").start()
    try:
        with SinkStack(kafka.bootstrap, kafka.layout(), engine.url) as stack:
            faults = Faults(stack, engine, SEED, tmp_path)
            with Load(stack, random.Random(SEED)) as load:  # noqa: S311
                faults.run_sink()
                ballast = small_disk / "ballast"
                for _ in range(1 + KILLS // 100):
                    wait_for("the sink cannot go on", lambda: stands_still(faults, ballast), 60)
                    ballast.unlink()
                    faults.compare()
            faults.compare()
            faults.compare_values(load.newest)
            print(f"disk full: {faults.counts}", flush=True)
            assert faults.counts.differences == 0, faults.counts
    finally:
        engine.kill()


def fill(ballast: Path) -> None:
    """Take all the space there is, to the last block."""
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def stands_still(faults: Faults, ballast: Path) -> bool:
    """Whether nothing was committed for three seconds, though events arrive and whatever is let go is taken."""
    before = faults.progress()
    until = time.monotonic() + 3
    while time.monotonic() < until:
        fill(ballast)
        time.sleep(0.02)
    return faults.progress() == before

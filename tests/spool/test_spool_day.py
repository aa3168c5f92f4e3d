"""A day without a gateway, and kill -9 of putting processes, sender and gateway: all that was told to be stored is on the
topic once, in order by key. ``SPOOL_EVENTS`` is how many events the day has."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gateway_running import Running
from relay_ground import finished, on_kafka
from spool_ground import ROOT, Ground, numbered

pytestmark = pytest.mark.kafka
EVENTS = int(os.environ.get("SPOOL_EVENTS", "1200"))
LONG = EVENTS > 5000
PUTTERS, KEYS = 2, 5
PUTTING = Path(__file__).with_name("putting.py")


def putting(made: Ground, log: Path, putter: int, start: int) -> subprocess.Popen[Any]:
    words = [str(made.folder), str(log), str(putter), str(EVENTS // PUTTERS), str(KEYS), str(start)]
    return subprocess.Popen(
        [sys.executable, str(PUTTING), *words], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def put_with_kills(made: Ground, logs: list[Path], start: int, chance: random.Random) -> None:
    """Let all processes put their day, each killed several times while it does."""
    kills = dict.fromkeys(range(PUTTERS), 6 if LONG else 2)
    running = {putter: putting(made, logs[putter], putter, start) for putter in range(PUTTERS)}
    while running:
        for putter, process in list(running.items()):
            if process.poll() is not None:
                assert process.returncode in (0, -signal.SIGKILL)
                if process.returncode == 0:
                    del running[putter]
                    continue
                running[putter] = putting(made, logs[putter], putter, start)
            elif kills[putter] and told(logs[putter]) and chance.random() < 0.3:
                kills[putter] -= 1
                process.kill()
                process.wait()
        time.sleep(chance.uniform(0.02, 0.2))


def told(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_a_day_cut_off_and_killed(gateway: Running, ground: Callable[..., Ground], tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311
    start = int(time.time() * 1000) - 86_400_000
    made = ground(f"http://127.0.0.1:{gateway.port}")
    logs = [tmp_path / f"log{putter}" for putter in range(PUTTERS)]
    gateway.kill()
    cut_off = made.run()
    put_with_kills(made, logs, start, chance)
    deadline = time.monotonic() + 60
    while made.status().error is None and time.monotonic() < deadline:
        time.sleep(0.1)  # the sender's first attempt
    cut_off.kill()
    cut_off.communicate()
    status = made.status()
    assert status.waiting >= sum(len(told(log)) for log in logs)
    assert status.sent == 0
    assert "gerbang tidak dapat dihubungi" in (status.error or "")
    gateway.start(wait=False)  # the sender itself waits for it
    batch = 200 if LONG else 40
    for turn, point in enumerate(["before:1", "answered:2", "marked:1", "answered:0"] * (2 if LONG else 1)):
        killed = made.run("--once", "--batch", str(batch), NADI_FAILPOINT=f"sending-{point}")
        killed.communicate(timeout=300)
        assert killed.returncode == -signal.SIGKILL
        if LONG and turn % 4 == 3:
            going = made.run("--once", "--batch", str(batch))
            time.sleep(chance.uniform(2, 5))
            gateway.kill()
            going.kill()
            going.communicate()
            gateway.start(wait=False)
    assert made.status().waiting > 0  # all of this was mid-catch-up
    finished(made.run("--once"), seconds=600)
    assert made.status().waiting == made.status().refused == 0
    found = on_kafka(gateway)
    for putter, log in enumerate(logs):
        count = EVENTS // PUTTERS
        meant = [numbered(putter, n, count, KEYS, start) for n in range(count)]
        assert told(log) == [event["id"] for event in meant]
        for key in range(KEYS):
            case = f"P{putter}-{key}"
            ours = [event for event in meant if event["data"]["case_id"] == case]
            assert found[case] == [event["id"] for event in ours]
            times = [event["data"]["occurred_at"] for event in ours]
            assert all(a < b for a, b in pairwise(times))

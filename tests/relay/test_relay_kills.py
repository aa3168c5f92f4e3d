"""kill -9 of the relays and of the gateway at any point: every row is one event, in order."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

import pytest
from gateway_running import Running
from relay_ground import Ground, assert_once_in_order, finished

pytestmark = pytest.mark.kafka
Make = Callable[..., Ground]


@pytest.mark.parametrize("point", ["sending-before", "sending-answered", "sending-marked"])
def test_a_relay_killed_at_a_point_sends_again_as_one(gateway: Running, ground: Make, point: str) -> None:
    made = ground("sqlite", f"http://127.0.0.1:{gateway.port}")
    ids = made.write(250)
    for passed in (0, 1):
        process = made.python("--once", NADI_FAILPOINT=f"{point}:{passed}")
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL or (passed and process.returncode == 0)
    finished(made.python("--once"))
    assert made.states() == {"waiting": 0, "sent": 250, "aside": 0}
    assert_once_in_order(gateway, ids, made.rows())


def test_kills_of_both_at_random_times(gateway: Running, ground: Make, kind: str) -> None:
    chance = random.Random(7)  # noqa: S311
    made = ground("mysql", f"http://127.0.0.1:{gateway.port}")
    ids = made.write(2000)
    for turn in range(6):
        process = made.relay(kind)
        deadline = time.monotonic() + chance.uniform(0.05, 1.5) + (2 if kind == "python" else 0)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if turn % 3 == 1:
            gateway.kill()
        process.kill()
        process.communicate()
        if turn % 3 == 1:
            gateway.start()
    finished(made.relay(kind))
    assert made.states() == {"waiting": 0, "sent": 2000, "aside": 0}
    assert_once_in_order(gateway, ids, made.rows())

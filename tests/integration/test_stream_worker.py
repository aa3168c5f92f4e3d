"""Stream workers on a real broker: bad input, repeats, kills, rebalances, bounded runs."""

from __future__ import annotations

import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from stream_stack import StreamStack

from schemas.codec import Codec
from schemas.registry import open_ids

pytestmark = pytest.mark.kafka

MakeStack = Callable[..., StreamStack]


@pytest.fixture
def stack_of(kafka: Any, tmp_path: Path) -> Iterator[MakeStack]:
    """Makes a stack with stream settings; its processes are ended with the test."""
    made: list[StreamStack] = []

    def make(layout: dict[str, Any] | None = None, **options: Any) -> StreamStack:
        stack = StreamStack(kafka.bootstrap, kafka.layout(**(layout or {})), tmp_path, options)
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.__exit__()


def feed(stack: StreamStack, rows: int, pause: float = 0.0, start: int = 0) -> None:
    for number in range(start, start + rows):
        stack.publish(number, amount=1_000 + number)
        if pause and number % 10 == 0:
            time.sleep(pause)
    stack.flush()


def test_bad_rows_are_dead_lettered_byte_for_byte_and_repeats_do_not_count(stack_of: MakeStack) -> None:
    stack = stack_of()
    feed(stack, 300)
    headers = [("ce_id", b"1"), ("ce_id", b"again"), ("empty", b"")]
    good = stack.read(stack.topic)[0].value()
    bad: dict[bytes, bytes | None] = {
        b"junk": b"\x07not avro",
        b"unknown": b"\x00\x00\x00\x27\x0fxyz",
        b"short": good[:-2],
        b"long": good + b"!",
        b"nothing": None,
    }
    for key, value in bad.items():
        stack.produce(value, key, headers, partition=1)
    stack.publish(0, amount=666)
    stack.publish(0, amount=667)
    stack.sent["1.00"] -= 2
    again = str(uuid.uuid4())
    stack.publish(1, amount=5, event_id=again)
    stack.publish(1, amount=5, event_id=again)
    stack.sent["1.01"] -= 1
    stack.flush()
    worker = stack.start()
    stack.wait(stack.done)
    assert stack.rows() == stack.sent
    letters = {m.key(): m for m in stack.read(stack.topic + ".dlq")}
    for key, value in bad.items():
        assert letters[key].value() == value
        assert letters[key].headers()[:3] == headers
        assert letters[key].partition() == 1
    own = {key: dict(m.headers()) for key, m in letters.items()}
    assert own[b"junk"]["dlq.error.class"] == b"BadMagic"
    assert own[b"unknown"]["dlq.error.class"] == b"UnknownSchemaId"
    assert own[b"long"]["dlq.error.class"] == b"TrailingBytes"
    stages = sorted(dict(m.headers())["dlq.error.stage"] for m in stack.read(stack.topic + ".dlq"))
    assert stages == [b"decode"] * 5 + [b"process"] * 2
    assert stack.end(worker) == 0


def test_kill_9_and_restart_give_the_plain_count(stack_of: MakeStack) -> None:
    stack = stack_of(chunk_rows=200)
    worker = stack.start()
    for turn in range(3):
        feed(stack, 1500, 0.005, turn * 1500)
        stack.kill(worker)
        feed(stack, 100, 0.0, 10_000 + turn * 100)
        worker = stack.start()
    stack.wait(stack.done)
    assert stack.rows() == stack.sent
    assert sum(stack.sent.values()) == 3 * 1600
    assert stack.end(worker) == 0


def test_a_worker_that_breaks_in_the_middle_of_a_commit_says_nothing_more(stack_of: MakeStack) -> None:
    stack = stack_of()
    feed(stack, 200)
    worker = stack.start(TOY_FRAGILE="1")  # the totals were taken for the commit, then another store broke
    assert worker.wait(60) == 1
    assert stack.rows() == {}
    worker = stack.start()
    stack.wait(stack.done)
    assert stack.rows() == stack.sent
    assert stack.end(worker) == 0


def test_two_workers_join_leave_and_one_is_killed(stack_of: MakeStack) -> None:
    stack = stack_of()
    first = stack.start(0)
    feed(stack, 500)
    stack.wait(stack.done)
    second = stack.start(1)
    feed(stack, 2000, 0.02, 500)
    stack.wait(lambda: "tasks=[" in (stack.folder / "worker-1.log").read_text())
    feed(stack, 200, 0.0, 2500)
    stack.wait(stack.done)
    assert stack.rows() == stack.sent
    assert stack.end(first) == 0  # leaves: the other takes over at once
    feed(stack, 500, 0.0, 3000)
    stack.wait(stack.done, 15)
    assert stack.rows() == stack.sent
    first = stack.start(0)
    feed(stack, 1000, 0.02, 4000)
    stack.kill(second)  # gone for good: the other takes over when its session ends
    feed(stack, 500, 0.0, 6000)
    stack.wait(stack.done, 40)
    assert stack.rows() == stack.sent
    assert stack.end(first) == 0


def test_a_bounded_run_commits_its_end_when_all_is_done(stack_of: MakeStack) -> None:
    start = 1_600_000_000_000
    stack = stack_of({"timestamps": "CreateTime"}, clock="event", until=start + 10_000_000)
    for number in range(400):
        stack.publish(number, amount=1, at=start + number)
    stack.flush()
    stack.start(0)
    stack.start(1)
    stack.wait(stack.done)
    assert stack.rows() == stack.sent
    assert stack.table()["toy.overdue", ""] == 400


def test_a_deadline_fires_without_a_further_event(stack_of: MakeStack) -> None:
    stack = stack_of()
    feed(stack, 20)
    worker = stack.start(TOY_DUE_MS="3000")
    stack.wait(stack.done)
    stack.wait(lambda: stack.table().get(("toy.overdue", ""), 0) == 20, 20)
    stack.kill(worker)
    worker = stack.start(TOY_DUE_MS="3000")  # fires again on its own, with the same result
    stack.wait(lambda: (stack.folder / "worker-0.log").read_text().count("task claimed") == 8)
    time.sleep(2)
    assert stack.table()["toy.overdue", ""] == 20
    assert stack.end(worker) == 0


def test_a_worker_asleep_past_its_session_does_no_harm(stack_of: MakeStack) -> None:
    stack = stack_of()
    sleeper = stack.start(0)
    feed(stack, 400)
    stack.wait(stack.done)
    other = stack.start(1)
    stack.wait(lambda: "tasks=[" in (stack.folder / "worker-1.log").read_text())
    feed(stack, 300, 0.0, 400)
    sleeper.send_signal(signal.SIGSTOP)
    feed(stack, 700, 0.005, 700)
    stack.wait(stack.done, 40)
    assert stack.rows() == stack.sent
    sleeper.send_signal(signal.SIGCONT)
    feed(stack, 600, 0.02, 2000)
    stack.wait(stack.done, 40)
    assert stack.rows() == stack.sent
    for worker in (sleeper, other):
        if worker.poll() is None:
            stack.end(worker)


def test_the_regency_task_moves_between_workers_and_says_everything_once(stack_of: MakeStack) -> None:
    stack = stack_of()
    stack.regency = True
    first = stack.start(0)
    ids = [str(uuid.uuid4()) for _ in range(600)]
    for number, event_id in enumerate(ids[:300]):
        stack.publish(number, amount=number, event_id=event_id)
    stack.flush()
    second = stack.start(1)
    stack.wait(lambda: "tasks=[" in (stack.folder / "worker-1.log").read_text())
    stack.kill(first if "-1" in stack.logs().split("worker-1")[0] else second)
    for number, event_id in enumerate(ids[300:], 300):
        stack.publish(number, amount=number, event_id=event_id)
    stack.flush()
    odd = {f"odd-{event_id}" for number, event_id in enumerate(ids) if number % 2}

    def said() -> dict[str, list[int]]:
        codec = Codec("risk.alerts", open_ids())
        found: dict[str, list[int]] = {}
        for message in stack.read(stack.layout.topic("risk.alerts")):
            alert = codec.decode(message.value())
            found.setdefault(alert["alert_id"], []).append(alert["revision"])
        return {name: revisions for name, revisions in found.items() if name.startswith("odd-")}

    stack.wait(lambda: set(said()) == odd, 60)
    assert all(revisions == [1] for revisions in said().values()), "an alert was said twice"

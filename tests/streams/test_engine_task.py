"""A partition task without Kafka: any cut, any restart, any bad row, the same results."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.registry import open_ids
from streams.engine.clock import ClockRule
from streams.engine.decode import Batch, Decoder
from streams.engine.fetch import Committed, ConfluentRun, Run, Source
from streams.engine.pending import Commit
from streams.engine.task import PositionError, Task, Unprocessable
from streams.engine.version import unpack
from tests.streams.toy import Toy

SOURCE = Source("t.revenue.receipts", 3)
CODEC = Codec("revenue.receipts", open_ids())
DECODER = Decoder(CODEC, "g")
START = 1_700_000_000_000


@dataclass(frozen=True)
class Message:
    """As much of a Kafka message as a run needs."""

    body: bytes | None
    at: int
    stamp: int

    def value(self) -> bytes | None:
        return self.body

    def key(self) -> bytes:
        return b"k%d" % self.at

    def headers(self) -> list[tuple[str, bytes]]:
        return [("ce_id", b"%d" % self.at)]


def event(amount: int, opd: str = "1.01", event_id: str | None = None) -> bytes:
    return CODEC.encode(
        {
            "event_id": event_id or str(uuid.uuid4()),
            "source": "/test",
            "opd": opd,
            "occurred_at": START,
            "kind": "receipt",
            "cash_office": "A",
            "account": "4.1",
            "amount": amount,
        }
    )


def log_of(bodies: Sequence[bytes | None], step: int = 1000) -> list[Message]:
    return [Message(body, at, START + at * step) for at, body in enumerate(bodies)]


def run_of(log: Sequence[Message], first: int, after: int) -> Run:
    messages = log[first:after]
    return ConfluentRun(
        SOURCE,
        first,
        after,
        np.array([m.at for m in messages], np.int64),
        np.array([m.stamp for m in messages], np.int64),
        messages,
    )


def batch_of(log: Sequence[Message], first: int, after: int) -> Batch:
    return DECODER.decode(run_of(log, first, after))


def task_of(rule: ClockRule | None = None, version: str = "1", begin: int = 0) -> Task:
    return Task(
        SOURCE,
        "revenue.receipts",
        lambda: Toy(version=version),
        rule=rule or ClockRule(),
        group="g",
        profile_hash="p",
        begin=begin,
    )


class Table:
    """What a reader keeps of the outputs: the highest version per key, the last revision per alert."""

    def __init__(self) -> None:
        self.values: dict[Any, tuple[int, int]] = {}
        self.alerts: dict[str, int] = {}
        self.letters: dict[int, str] = {}

    def take(self, commit: Commit | None) -> None:
        if commit is None:
            return
        for key, change in commit.pending.aggregates.items():
            assert change.version >= self.values.get(key, (-1, 0))[0], "a version went back"
            self.values[key] = (change.version, change.amount)
        for name, alert in commit.pending.alerts.items():
            self.alerts[name] = max(alert["revision"], self.alerts.get(name, 0))
        for letter in commit.pending.letters:
            self.letters[letter.offset] = letter.stage

    def amounts(self) -> dict[tuple[str, str], int]:
        return {(key.metric, key.value): amount for key, (_, amount) in self.values.items()}


def drive(
    task: Task, log: Sequence[Message], cuts: Sequence[int], table: Table, until: int | None = None
) -> None:
    """Feed a task to ``until`` the way the engine does, setting rows aside when the processor raises."""
    end = len(log) if until is None else until
    places = sorted({*(c for c in cuts if c < end), end})
    while task.position < end:
        after = min(p for p in places if p > task.position)
        try:
            task.apply(batch_of(log, task.position, after))
        except Unprocessable as error:
            task.set_aside(error)
        table.take(task.take())


def plain(log: Sequence[Message]) -> dict[tuple[str, str], int]:
    """The reference: count by hand."""
    seen: set[str] = set()
    found: dict[tuple[str, str], int] = {}
    due = []
    for message in log:
        try:
            record = CODEC.decode(message.body)
        except ValueError:
            continue
        if record["event_id"] in seen:
            continue
        seen.add(record["event_id"])
        if record["amount"] in (666, 667):
            continue
        found["toy.rows", record["opd"]] = found.get(("toy.rows", record["opd"]), 0) + 1
        found["toy.amount", record["opd"]] = found.get(("toy.amount", record["opd"]), 0) + record["amount"]
        due.append(message.stamp + 60_000)
    overdue = sum(at <= log[-1].stamp for at in due) if log else 0
    return found | ({("toy.overdue", ""): overdue} if overdue else {})


IDS = [str(uuid.UUID(int=i)) for i in range(12)]
BODIES = st.lists(
    st.one_of(
        st.builds(
            event,
            st.sampled_from([1, 5, 1000, 666, 667]),
            st.sampled_from(["1.01", "1.02"]),
            st.one_of(st.none(), st.sampled_from(IDS)),
        ),
        st.sampled_from([None, b"", b"\x00\x00\x00\x00\x63xx", b"\x01junk"]),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(BODIES, st.lists(st.integers(1, 59), max_size=12), st.integers(1000, 20_000))
def test_any_cut_gives_the_plain_count(bodies: list[bytes | None], cuts: list[int], step: int) -> None:
    log, table = log_of(bodies, step), Table()
    drive(task_of(), log, cuts, table)
    assert table.amounts() == plain(log)


@settings(max_examples=60, deadline=None)
@given(BODIES, st.lists(st.integers(1, 59), max_size=8), st.data())
def test_any_restart_gives_the_same_values_and_versions(
    bodies: list[bytes | None], cuts: list[int], data: st.DataObject
) -> None:
    log = log_of(bodies, 7000)
    crash = data.draw(st.integers(0, len(log)))
    commit = data.draw(st.integers(0, crash))
    table = Table()
    first = task_of()
    drive(
        first, log, [*cuts, commit], table, crash
    )  # dies after outputs up to ``crash``, committed ``commit``
    second = task_of()
    second.own(Committed(commit, first.metadata) if commit else None, len(log))
    resumed = Table()
    drive(second, log, cuts, resumed)
    whole = Table()
    for values in (table.values, resumed.values):
        for key, found in values.items():
            whole.values[key] = max(found, whole.values.get(key, found))
    assert whole.amounts() == plain(log)
    uncut = Table()
    drive(task_of(), log, [], uncut)
    assert uncut.amounts() == whole.amounts()
    assert all(o >= commit for o in resumed.letters)
    assert sorted(table.letters.keys() | resumed.letters.keys()) == sorted(uncut.letters)


def test_outputs_are_off_until_the_committed_offset_and_on_after_it() -> None:
    log = log_of([event(1) for _ in range(10)])
    task = task_of()
    task.own(Committed(6, task.metadata), 10)
    task.apply(batch_of(log, 0, 4))
    assert not task.live
    assert task.take() is None
    task.apply(batch_of(log, 4, 10))  # across the committed offset: cut there
    commit = task.take()
    assert commit is not None
    assert commit.position == 10
    assert {c.amount for k, c in commit.pending.aggregates.items() if k.metric == "toy.rows"} == {10}
    assert all(unpack(c.version).next_offset == 10 for c in commit.pending.aggregates.values())
    assert task.take() is not None  # not yet reported as committed: offered again
    task.committed(commit)
    assert task.take() is None


def test_a_batch_from_elsewhere_is_refused() -> None:
    log = log_of([event(1) for _ in range(4)])
    task = task_of()
    task.apply(batch_of(log, 0, 2))
    with pytest.raises(PositionError, match="starts at 3, state ends at 2"):
        task.apply(batch_of(log, 3, 4))


def test_a_committed_offset_outside_the_log_stops() -> None:
    with pytest.raises(PositionError, match="made anew"):
        task_of().own(Committed(7, ""), 5)


def test_a_batch_thrown_away_by_a_rebalance_leaves_no_repeats() -> None:
    log = log_of([event(1) for _ in range(3)])
    task, table = task_of(), Table()
    batch_of(log, 0, 3)  # decoded, never applied
    task.apply(batch_of(log, 0, 3))
    table.take(task.take())
    assert table.amounts()["toy.rows", "1.01"] == 3


def test_new_code_rebuilds_under_the_next_number() -> None:
    log = log_of([event(2) for _ in range(5)])
    old = task_of()
    new = task_of(version="2")
    new.own(Committed(5, old.metadata), 5)
    new.apply(batch_of(log, 0, 5))
    commit = new.take()
    assert commit is not None
    assert commit.position == 5
    assert commit.metadata.startswith("1:")
    assert {(k.metric, c.amount) for k, c in commit.pending.aggregates.items()} == {
        ("toy.rows", 5),
        ("toy.amount", 10),
    }
    assert {unpack(c.version).rebuild for c in commit.pending.aggregates.values()} == {1}


def test_the_idle_clock_fires_and_its_version_is_above_that_of_the_record() -> None:
    log = log_of([event(1)])
    task = task_of()
    task.apply(batch_of(log, 0, 1))
    first = task.take()
    task.advance(START + 61_000)
    second = task.take()
    assert first is not None
    assert second is not None
    overdue = next(c for k, c in second.pending.aggregates.items() if k.metric == "toy.overdue")
    assert overdue.version > max(c.version for c in first.pending.aggregates.values())
    assert list(second.pending.alerts) == ["overdue-0"]
    assert second.pending.alerts["overdue-0"]["published_at"] == START


def test_a_bounded_input_commits_its_end_only_after_until() -> None:
    log = log_of([event(1) for _ in range(3)])
    task = task_of(ClockRule("event", START + 10_000_000))
    task.own(None, 3)
    task.settle()
    task.apply(batch_of(log, 0, 2))
    commit = task.take()
    assert commit is not None
    assert commit.position == 2
    task.apply(batch_of(log, 2, 3))
    last = task.take()
    assert last is not None
    assert last.position == 3
    assert next(c.amount for k, c in last.pending.aggregates.items() if k.metric == "toy.overdue") == 3
    empty = task_of(ClockRule("event", START))
    empty.own(None, 0)
    empty.settle()
    assert empty.finished
    assert empty.take() is None


def test_every_row_is_counted_or_dead_lettered_with_its_bytes() -> None:
    bodies = [event(5), b"\x01junk", event(666), event(667), None, event(7), event(9)[:-3], event(8)]
    log, table = log_of(bodies), Table()
    task = task_of()
    commits = []
    while task.position < len(log):
        try:
            task.apply(batch_of(log, task.position, len(log)))
        except Unprocessable as error:
            task.set_aside(error)
        commits.append(task.take())
    for commit in commits:
        table.take(commit)
    assert table.letters == {1: "decode", 2: "process", 3: "process", 4: "decode", 6: "decode"}
    letters = {x.offset: x for c in commits if c for x in c.pending.letters}
    assert all(letters[o].value == bodies[o] and letters[o].key == b"k%d" % o for o in letters)
    assert all(letters[o].headers == (("ce_id", b"%d" % o),) for o in letters)
    assert letters[3].reason == "ProcessorError"
    assert "ZeroDivisionError" in letters[3].message
    assert table.amounts()["toy.rows", "1.01"] == 3
    assert json.dumps(table.amounts()["toy.amount", "1.01"]) == "20"

"""The regency task without Kafka: any interleaving of the partitions, any cut, any crash, the same order."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import DOMAINS
from schemas.codec import Codec
from schemas.registry import current, open_ids
from streams.engine.clock import ClockRule
from streams.engine.decode import Decoder
from streams.engine.fetch import ConfluentRun, Source
from streams.engine.regency import STEP_MS, Inbox, RegencyTask
from streams.engine.state_group import Piece, pieces_of
from streams.engine.state_log import fold
from streams.engine.task import About
from tests.streams.log import Message
from tests.streams.toy_regency import ToyRegency

START = 1_700_000_000_000
INPUTS = [("revenue", 0), ("revenue", 1), ("population", 0), ("population", 1)]


@cache
def _defaults(schema: str) -> dict[str, Any]:
    return {f["name"]: f["default"] for f in json.loads(current(schema))["fields"] if "default" in f}


def body(domain: str, number: int, amount: int) -> bytes:
    """One event in wire format."""
    more = {"cash_office": "A", "account": "4.1", "amount": amount, "kind": "receipt"}
    if domain == "population":
        more = {"family_card_token": "F", "persons": amount, "kind": "birth", "status": "registered"}
    event = {
        **_defaults(domain_schema(domain)), "event_id": str(UUID(int=number)), "source": "/test", "opd": "1.01",
        "occurred_at": START, **more,
    }  # fmt: skip
    return Codec(domain_schema(domain), open_ids()).encode(event)


def domain_schema(domain: str) -> str:
    return DOMAINS[domain].schema


@st.composite
def logs(draw: st.DrawFn) -> list[list[Message]]:
    """A log for each input: damaged values, repeats, and clocks that meet and sometimes fall back."""
    found, number = [], 0
    for domain, _partition in INPUTS:
        log, stamp = [], START
        for offset in range(draw(st.integers(0, 8))):
            stamp += draw(st.integers(-1, 3)) * 500
            number += 1
            same = draw(st.integers(0, 5)) == 0 and offset > 0
            amount = draw(st.sampled_from([1, 2, 3, 667]))
            value = b"\x01junk" if amount == 3 else body(domain, number, amount)
            log.append(Message(log[0].body if same else value, offset, stamp))
        found.append(log)
    return found


class World:
    """What is durable: the state log, and alerts by id."""

    def __init__(self, logs: list[list[Message]]) -> None:
        self.logs = logs
        self.pieces: list[tuple[int, Piece]] = []
        self.alerts: dict[str, int] = {}
        self.letters: list[tuple[str, int, int]] = []

    def owner(self) -> RegencyTask:
        recovered = fold(self.pieces)
        processor = ToyRegency()
        for part in recovered.parts:
            processor.stores[part.store].restore(part.batch)
        states = recovered.header.lanes if recovered.header else {}
        inboxes = {}
        for domain, partition in INPUTS:
            topic = DOMAINS[domain].name
            name = f"{topic}/{partition}"
            inboxes[name] = Inbox(Source(topic, partition), topic, domain, state=states.get(name))
            inboxes[name].prime_from(0)
        return RegencyTask(
            inboxes,
            processor,
            recovered,
            About(),
            rule=ClockRule(),
            group="g",
            fingerprint="f",
            snapshot_bytes=2000,
        )

    def read(self, task: RegencyTask, which: int, rows: int) -> None:
        """Let one input read a few records more."""
        domain, partition = INPUTS[which]
        inbox = task.inboxes[f"{DOMAINS[domain].name}/{partition}"]
        log = self.logs[which]
        first, after = inbox.expected, min(inbox.expected + rows, len(log))
        if first < after:
            messages = log[first:after]
            offsets, stamps = (
                np.array(x, np.int64) for x in zip(*((m.at, m.stamp) for m in messages), strict=True)
            )
            run = ConfluentRun(inbox.source, first, after, offsets, stamps, messages)
            inbox.apply(Decoder(Codec(domain_schema(domain), open_ids()), "g").decode(run))

    def at_end(self, task: RegencyTask, wall: int) -> None:
        """Everything was read: no partition has more by ``wall``."""
        for which in range(len(INPUTS)):
            self.read(task, which, 100)
        ends = {Source(DOMAINS[d].name, p): len(log) for (d, p), log in zip(INPUTS, self.logs, strict=True)}
        task.read_to(ends, wall)

    def commit(self, task: RegencyTask) -> None:
        commit = task.take()
        if commit is None:
            return
        for piece in [
            *pieces_of(commit.parts, commit.header),
            *(commit.freeze.pieces() if commit.freeze else ()),
        ]:
            if commit.freeze is not None:
                commit.freeze.note(len(self.pieces))
            self.pieces.append((len(self.pieces), piece))
        task.snapshots.written(1000)
        for tally in commit.tallies.values():
            self.letters.extend((x.topic, x.partition, x.offset) for x in tally.letters)
        self.alerts = {i: a["revision"] for i, a in task.processor.alerts.records().items()}


END = START + 60_000


@settings(max_examples=60, deadline=None)
@given(
    logs(), st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.sampled_from("rrcxi")), max_size=25)
)
def test_any_interleaving_cut_and_crash_gives_the_same_order(
    logs: list[list[Message]], steps: list[tuple[int, int, str]]
) -> None:
    plain = World(logs)
    reference = plain.owner()
    plain.at_end(reference, END)
    plain.commit(reference)
    world = World(logs)
    task = world.owner()
    for which, rows, what in steps:
        world.read(task, which, rows)
        if what == "c":
            world.commit(task)
        elif what == "i":  # time passes while every partition is read to its end
            world.at_end(task, max((m.stamp for log in logs for m in log), default=START) + rows * 700)
        elif what == "x":  # what was not committed is gone
            task.take()
            task = world.owner()
    world.at_end(task, END)
    world.commit(task)
    assert world.alerts == plain.alerts
    assert sorted(world.letters) == sorted(plain.letters)
    assert task.processor.link == reference.processor.link  # type: ignore[attr-defined]
    assert [i.position for i in task.inboxes.values()] == [len(log) for log in logs]


def test_nothing_is_applied_before_every_input_was_read_so_far() -> None:
    logs = [[Message(body("revenue", n, 2), n, START + n * 1000)] if n < 1 else [] for n in range(4)]
    world = World(logs)
    task = world.owner()
    world.read(task, 0, 10)
    task.step()
    assert task.processor.link == "", "three inputs say nothing yet"  # type: ignore[attr-defined]
    world.at_end(task, START)
    task.step()
    assert task.processor.link == "", "another event may still come at that very millisecond"  # type: ignore[attr-defined]
    world.at_end(task, START + 1)
    task.step()
    assert task.processor.link != ""  # type: ignore[attr-defined]


def test_a_step_applies_a_fortnight_at_most_and_says_that_there_is_more() -> None:
    far = START + 3 * STEP_MS
    logs = [
        [Message(body("revenue", 2 * n + k, 2), k, at) for k, at in enumerate((START, far))] for n in range(4)
    ]
    world = World(logs)
    task = world.owner()
    for lane in range(4):
        world.read(task, lane, 10)
    world.at_end(task, far + 1)
    steps = 0
    while not steps or task.unfinished:
        task.step()
        steps += 1
    assert [inbox.position for inbox in task.inboxes.values()] == [2, 2, 2, 2]
    assert steps == 4

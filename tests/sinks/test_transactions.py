"""Topics written in transactions: offsets have holes, and the last ones hold no record. Every reader copes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_rows import full_record
from clickhouse_stack import SinkStack, wait_for

from infra.settings import Settings, resolve_profile
from infra.verify.published import newest
from schemas.catalogue import AGGREGATES, PERMITS
from schemas.codec import Codec
from schemas.dead_letters import DeadLetter
from schemas.profile import Profile
from schemas.records import read_topics
from schemas.registry import open_ids
from schemas.version import pack
from sinks.clickhouse.freshness import freshness
from sinks.wallboard.feed import Feed
from sinks.wallboard.state import Board

pytestmark = pytest.mark.kafka

VALUES = AGGREGATES["permits"].name
LETTERS = PERMITS.dead_letters
CODEC = Codec("aggregates", open_ids())


@pytest.fixture
def stack(kafka: Any, engine_url: str) -> Iterator[SinkStack]:
    with SinkStack(kafka.bootstrap, kafka.layout(), engine_url) as found:
        yield found


def value(version: int, amount: int, partition: int = 0) -> bytes:
    given = {"version": version, "amount": amount, "source_partition": partition}
    return CODEC.encode(full_record("aggregates", full=True) | given)


def letter(offset: int) -> DeadLetter:
    return DeadLetter("t", 0, offset, 1, b"k", b"v", "BadMagic", "x", "decode", "workers", 2)


class Engine:
    """Writes as the engine does: outputs and dead letters in one transaction."""

    def __init__(self, stack: SinkStack) -> None:
        from confluent_kafka import Producer

        self._layout = stack.layout
        self._producer: Any = Producer(
            {"bootstrap.servers": stack.bootstrap, "transactional.id": f"{stack.layout.prefix}case-0"}
        )
        self._producer.init_transactions(30)

    def write(self, values: list[bytes], letters: list[DeadLetter], *, abort: bool = False) -> None:
        self._producer.begin_transaction()
        for one in values:
            self._producer.produce(self._layout.topic(VALUES), value=one, partition=0)
        for one in letters:
            self._producer.produce(
                self._layout.topic(LETTERS),
                key=one.key,
                value=one.value,
                partition=0,
                headers=one.all_headers(),
            )
        assert self._producer.flush(30) == 0
        if abort:
            self._producer.abort_transaction(30)
        else:
            self._producer.commit_transaction(30)


def places(stack: SinkStack) -> dict[str, Any]:
    found = freshness(stack.bootstrap, stack.layout, stack.settings.group, [VALUES, LETTERS])
    return {p.topic: p for p in found if p.partition == 0}


def test_every_reader_copes_with_holes(stack: SinkStack) -> None:
    engine = Engine(stack)
    engine.write([value(1, 10), value(2, 20)], [letter(7)])
    engine.write([value(9, 999)] * 3, [letter(8)], abort=True)
    before = places(stack)
    assert (before[VALUES].queryable, before[VALUES].end) == (0, 7), "two, a marker, three aborted, a marker"
    assert 0 < before[VALUES].behind_ms(int(time.time() * 1000)) < 60_000
    process = stack.start()
    wait_for("the value", lambda: stack.query("SELECT amount FROM {db}.aggregates FINAL") == [(20,)])
    wait_for("the letter", lambda: letters(stack) == [7])
    for turn in (3, 4):
        engine.write([value(turn, turn * 10)], [letter(turn)])
        engine.write([value(99, 999)], [letter(99)], abort=True)
    wait_for("the newest value", lambda: stack.query("SELECT amount FROM {db}.aggregates FINAL") == [(40,)])
    wait_for("all letters", lambda: letters(stack) == [3, 4, 7])

    ends = {VALUES: 15, LETTERS: 12}

    def committed_to_the_end() -> bool:
        return all(p.queryable == p.end == ends[p.topic] for p in places(stack).values())

    wait_for("the group stands behind the last marker", committed_to_the_end)
    now = int(time.time() * 1000)
    assert all(p.behind_ms(now) == 0 and 0 <= now - p.at < 60_000 for p in places(stack).values())

    settings = Settings(kafka=stack.kafka, clickhouse=stack.settings)
    for name, count in ((VALUES, 4), (LETTERS, 3)):
        assert len(list(read_topics(stack.bootstrap, [stack.layout.topic(name)]))) == count
    (cells,) = newest("permits", settings).values()
    assert [(cell.amount, cell.version) for cell in cells.values()] == [(40, 4)]

    process.kill()
    process.wait(10)
    engine.write([value(5, 50)], [])
    engine.write([value(99, 999)], [], abort=True)
    stack.start()
    wait_for("after a restart", lambda: stack.query("SELECT amount FROM {db}.aggregates FINAL") == [(50,)])


def letters(stack: SinkStack) -> list[int]:
    rows = stack.query("SELECT original_offset FROM {db}.dead_letters ORDER BY original_offset")
    return [int(offset) for (offset,) in rows]


def test_the_wallboard_follows_transactions_from_its_snapshot(stack: SinkStack) -> None:
    engine = Engine(stack)
    engine.write([value(1, 10)], [])
    stack.start()
    wait_for("the value", lambda: stack.query("SELECT amount FROM {db}.aggregates FINAL") == [(10,)])
    engine.write([value(9, 999)], [], abort=True)
    board = Board(Profile.load(resolve_profile("contoh")))
    feed = Feed(stack.kafka, stack.settings, board, f"{stack.layout.prefix}workers")
    feed.start()
    try:
        wait_for("the snapshot", lambda: shown(feed) == [10])
        engine.write([value(9, 999)], [], abort=True)
        engine.write([value(2, 20)], [])
        wait_for("what came after", lambda: shown(feed) == [20])
    finally:
        feed.stop()


def test_a_wall_that_starts_amid_a_switch_waits_for_the_rest(stack: SinkStack) -> None:
    engine = Engine(stack)
    engine.write([value(pack(0, 5, 0), 10, partition) for partition in (0, 1)], [])
    engine.write([value(pack(1, 5, 0), 100)], [])
    process = stack.start()
    stored = "SELECT sum(amount) FROM {db}.aggregates FINAL"
    wait_for("half of it", lambda: stack.query(stored) == [(110,)])
    process.kill()
    process.wait(10)
    board = Board(Profile.load(resolve_profile("contoh")))
    feed = Feed(stack.kafka, stack.settings, board, f"{stack.layout.prefix}workers")
    feed.start()
    seen = []
    try:
        for _ in range(30):
            seen.append((feed.held, shown(feed)))
            time.sleep(0.1)
        engine.write([value(pack(1, 5, 0), 200, 1)], [])
        wait_for("the other half", lambda: shown(feed) == [300])
    finally:
        feed.stop()
    assert seen == [(True, [])] * 30


def shown(feed: Feed) -> list[int]:
    with feed.lock:
        return [amount for *_, amount in feed.board.store.totals()]


def test_a_value_that_cannot_be_read_is_a_dead_letter_and_stops_nothing(stack: SinkStack) -> None:
    engine = Engine(stack)
    engine.write([value(1, 10), b"\x00\x00\x00\x00\x01broken", value(2, 20)], [])
    stack.start()
    wait_for(
        "the value behind it", lambda: stack.query("SELECT amount FROM {db}.aggregates FINAL") == [(20,)]
    )
    wait_for(
        "the letter",
        lambda: (
            stack.query("SELECT original_topic, original_offset, hex(value) FROM {db}.dead_letters")
            == [(VALUES, 1, b"\x00\x00\x00\x00\x01broken".hex().upper())]
        ),
    )
    (cells,) = newest("permits", Settings(kafka=stack.kafka, clickhouse=stack.settings)).values()
    assert [cell.amount for cell in cells.values()] == [20]

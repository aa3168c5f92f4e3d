"""The sink: from Kafka into ClickHouse, nothing lost, nothing twice.

One round for all partitions that have something: dead letters out, intents committed, one insert a table, positions
committed. Every step may be the last one before a kill -9: see intent.py for what the next start makes of it.

ClickHouse is written to in a thread of its own. Meanwhile the loop goes on reading and, where a backlog waits, makes the
next round's rows; their intents are committed only when the round before has ended.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import methodcaller
from typing import Any

import structlog

from monitoring.failpoints import reached
from monitoring.metrics import DEAD_LETTERS, EVENT_AGE, LAST_PROCESSED, SINK_FLUSH, SINK_QUERYABLE, SINK_ROWS
from monitoring.server import serve
from schemas.catalogue import TOPICS
from schemas.codec import Codec
from schemas.dead_letters import DeadLetter
from schemas.registry import open_ids
from schemas.repeats import Repeats
from schemas.settings import KafkaSettings
from schemas.stranded import StrandedError
from sinks.clickhouse import group
from sinks.clickhouse.blocks import Rows, make_rows
from sinks.clickhouse.intent import IntentError, Standing, check
from sinks.clickhouse.partition import Partition
from sinks.clickhouse.store import Place, StoppingError, Store
from sinks.clickhouse.tables import TABLES, Table
from sinks.settings import ClickHouseSettings

log: Any = structlog.get_logger("clickhouse.sink")

POLL_SECONDS = 0.05
MEANWHILE_SECONDS = 0.005
#: How long the loop may not poll while its buffers are full.
PATIENCE_SECONDS = 5.0
STALLED_SECONDS = 300.0
#: A round of n inserts is followed by a pause that keeps them below this many a second.
INSERTS_PER_SECOND = 20
#: Messages come by the ten thousand and are in no cycles: looking for cycles each 700 objects cost a tenth.
COLLECT_EVERY = (100_000, 20, 20)
#: How long offsets without records may stay uncommitted.
MARKER_SECONDS = 1.0
#: Most rows of one insert: this many blocks of one partition.
PARTITIONS_PER_INSERT = 8

_ERROR, _TOPIC, _NUMBER = methodcaller("error"), methodcaller("topic"), methodcaller("partition")


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive records of one partition, from offset ``first`` to ``last``, as rows and dead letters."""

    partition: Partition
    rows: Rows
    letters: list[DeadLetter]
    first: int
    last: int


@dataclass(slots=True)
class Round:
    """What one round writes: rows by partition, dead letters, and each partition's standing before and after."""

    blocks: dict[Place, Rows] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    begun: dict[Place, Standing] = field(default_factory=dict)
    done: dict[Place, Standing] = field(default_factory=dict)


class Sink:
    """One sink process. ``step`` does one turn of the loop; ``run`` below turns it until told to stop."""

    def __init__(
        self,
        kafka: KafkaSettings,
        clickhouse: ClickHouseSettings,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._layout = kafka.layout()
        self._settings = clickhouse
        self._stopping = stopping
        ids = open_ids(kafka.schema_registry_url)
        self._codecs = {name: Codec(TOPICS[name].schema, ids) for name in TABLES if name in TOPICS}
        next(iter(self._codecs.values())).decode_batch(
            [bytes(6)]
        )  # libraries load now, not while we hold partitions
        self.store = Store(clickhouse, stopping)  # for inserts, in their thread
        self._asked = Store(clickhouse, stopping)  # for questions, in ours
        self._partitions: dict[Place, Partition] = {}
        self._ahead: dict[Place, Block] = {}
        self._pause = 0.0
        self._writing = False
        self.progress_at = time.monotonic()
        self._producer = group.producer(kafka.bootstrap_servers)
        self._consumer = group.consumer(kafka.bootstrap_servers, clickhouse.group)
        self._consumer.subscribe(
            [self._layout.topic(topic) for topic in TABLES],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._revoked,
        )

    @property
    def assigned(self) -> bool:
        """Whether the sink has its partitions."""
        return bool(self._partitions)

    def step(self) -> None:
        """Consume a little and write what is due."""
        self._consume(POLL_SECONDS)
        now = time.monotonic()
        if self._due(now):
            self._write(now)
        if not self._ahead and not any(self._partitions.values()):
            self.progress_at = now

    def close(self) -> None:
        """Write what is buffered, if ClickHouse takes it now, and leave the group.

        After a round that did not end nothing more is written: what it took is read again, in order.
        """
        try:
            while not self._writing and (self._ahead or any(self._partitions.values())):
                self._write(time.monotonic())
        except StoppingError as error:
            log.info("stopped with records unwritten; they are read again", reason=str(error)[:300])
        finally:
            self._consumer.close()
            self._producer.flush(5)
            if not self._writing:
                self.store.close()
            self._asked.close()

    def _consume(self, seconds: float) -> None:
        now = time.monotonic()
        try:
            messages = self._consumer.consume(self._settings.block_rows, seconds)
        except StrandedError:
            self._writing = True  # nothing can be committed any more
            raise
        if any(map(_ERROR, messages)):
            for message in messages:
                if (error := message.error()) is not None:
                    self._notice(message, error)
            messages = [message for message in messages if message.error() is None]
        first = 0
        for (topic, number), same in groupby(zip(map(_TOPIC, messages), map(_NUMBER, messages), strict=True)):
            after = first + sum(1 for _ in same)
            partition = self._partitions.get((self._layout.base(topic), number))
            if partition is not None:
                partition.add(messages[first:after], now)
            first = after

    def _notice(self, message: Any, error: Any) -> None:
        """What came in a record's place: the end of a partition for now, or trouble."""
        if error.name() == "_PARTITION_EOF":
            partition = self._partitions.get((self._layout.base(message.topic()), message.partition()))
            if partition is not None:
                partition.end = message.offset()
        elif error.fatal() or error.name() in group.HOPELESS:
            raise IntentError(f"{message.topic()}[{message.partition()}]: {error.str()}")
        else:
            log.warning("consumer", error=error.str())

    def _due(self, now: float) -> bool:
        """Whether any partition is full or old enough: one round then serves all."""
        wait = max(self._settings.block_ms / 1000, self._pause)
        return (
            bool(self._ahead)
            or any(p.only_markers and now - p.since >= MARKER_SECONDS for p in self._partitions.values())
            or any(self._full(p) or now - p.since >= wait for p in self._partitions.values() if p)
        )

    def _write(self, now: float) -> None:
        """One round: what is taken from the buffers is in the tables, or in the dead letters, when it returns."""
        self._writing = True
        ours = dict(self._partitions)
        blocks, self._ahead = self._ahead or self._prepare(now), {}
        taken = self._gather(blocks)
        reached("before-letters")
        self._send_letters(taken.letters)
        reached("before-intent")
        self._commit({place: taken.begun[place] for place, rows in taken.blocks.items() if len(rows)})
        reached("after-intent")
        inserts = self._insert_meanwhile(taken)
        reached("after-insert")
        if lost := [place for place in taken.done if self._partitions.get(place) is not ours[place]]:
            raise IntentError(
                f"{len(lost)} partitions changed hands while they were written; their intents stay open"
            )
        at = int(time.time() * 1000)
        taken.done = {place: replace(standing, at=at) for place, standing in taken.done.items()}
        self._commit(taken.done)
        reached("after-commit")
        for place, standing in taken.done.items():
            ours[place].standing = standing
            SINK_QUERYABLE.labels(place[0], str(place[1])).set(standing.position)
            LAST_PROCESSED.labels(place[0], str(place[1])).set_to_current_time()
        self._writing = False
        self._pause = inserts / INSERTS_PER_SECOND
        self.progress_at = time.monotonic()

    def _prepare(self, now: float) -> dict[Place, Block]:
        """Take records from the buffers and make them rows and dead letters."""
        blocks: dict[Place, Block] = {}
        ingested_at = int(time.time() * 1000)
        rows_left = PARTITIONS_PER_INSERT * self._settings.block_rows
        for place, partition in list(self._partitions.items()):
            if not partition or rows_left <= 0:
                continue
            records = partition.take(self._settings.block_rows, self._settings.block_bytes, now)
            rows, refused = make_rows(
                TABLES[place[0]], self._codecs.get(place[0]), *place, records, partition.repeats, ingested_at
            )
            rows_left -= len(records)
            letters = [self._letter(records[r.row], r.reason, r.message, ingested_at) for r in refused]
            blocks[place] = Block(partition, rows, letters, records[0].offset(), records[-1].offset())
        return blocks

    def _gather(self, blocks: Mapping[Place, Block]) -> Round:
        """The round that writes these blocks: standings before and after, and only rows that are not there yet.

        No other round is under way. Blocks of a partition that was given up meanwhile are dropped: its owner reads
        them again. Where a topic has nothing more for us, the round ends behind the markers of transactions.
        """
        taken = Round()
        for place, partition in self._partitions.items():
            if place not in blocks and partition.only_markers:
                taken.done[place] = partition.standing.finish(partition.end - 1, -1)
        for place, block in blocks.items():
            table, partition, rows = TABLES[place[0]], block.partition, block.rows
            if self._partitions.get(place) is not partition:
                continue
            taken.letters.extend(block.letters)
            stored = int(rows.offsets[-1]) if len(rows) and table.keeps_all else -1
            through = block.last if partition else max(block.last, partition.end - 1)
            taken.begun[place] = partition.standing.begin(block.first, block.last)
            taken.done[place] = taken.begun[place].finish(through, stored)
            if table.keeps_all and len(rows) and partition.standing.doubtful(block.first):
                held = self._asked.held(table, place, block.first, block.last)
                log.info(
                    "the table was asked",
                    topic=place[0],
                    partition=place[1],
                    first=block.first,
                    held=len(held),
                )
                rows = rows.without(held)
            taken.blocks[place] = rows
        return taken

    def _insert_meanwhile(self, taken: Round) -> int:
        """Insert in a thread, and meanwhile stay in the group, read on, and make the next round's rows if a full
        block waits. How many inserts there were; raises what the insert raises."""
        inserting = _in_thread(lambda: self._insert(taken))
        patient_until = time.monotonic() + PATIENCE_SECONDS
        paused: list[Any] = []
        while not inserting.done():
            if any(self._full(p) for p in self._partitions.values()):
                if not self._ahead:
                    self._ahead = self._prepare(time.monotonic())
                    continue
                if time.monotonic() < patient_until:
                    wait_for([inserting], MEANWHILE_SECONDS)
                    continue
                if not paused:  # not at once: pausing drops what was fetched ahead
                    paused = self._consumer.assignment()
                    self._consumer.pause(paused)
            self._consume(MEANWHILE_SECONDS)
        if paused:
            self._consumer.resume(self._consumer.assignment())
        return inserting.result()

    def _full(self, partition: Partition) -> bool:
        return len(partition) >= self._settings.block_rows or partition.bytes >= self._settings.block_bytes

    def _insert(self, taken: Round) -> int:
        """One insert a table; how many there were."""
        by_table: dict[Table, dict[Place, Rows]] = defaultdict(dict)
        for place, rows in taken.blocks.items():
            if len(rows):
                by_table[TABLES[place[0]]][place] = rows
        for table, mine in by_table.items():
            started = time.perf_counter()
            intents = {place: taken.begun[place].open for place in mine}
            self.store.insert(table, mine, {p: i for p, i in intents.items() if i is not None})
            SINK_FLUSH.observe(time.perf_counter() - started)
            SINK_ROWS.labels(table.name).inc(sum(map(len, mine.values())))
            if table.raw:
                for rows in mine.values():
                    newest = rows.columns.column("_timestamp")[-1].value
                    EVENT_AGE.labels("queryable").observe(max(0.0, time.time() - newest / 1000))
        return len(by_table)

    def _commit(self, standings: Mapping[Place, Standing]) -> None:
        if standings:
            wanted = {(self._layout.topic(topic), p): standing for (topic, p), standing in standings.items()}
            group.commit(self._consumer, wanted, self._stopping)

    def _assigned(self, consumer: Any, places: list[Any]) -> None:
        """Take partitions over where the group's offsets say, and refuse what contradicts the tables."""
        from confluent_kafka import TopicPartition

        found = group.standings(consumer, places, self._stopping)
        if any(standing.open for standing in found.values()):
            self._asked.wait_until_quiet()
        newest: dict[Place, int] = {}
        for table in {TABLES[self._layout.base(topic)] for topic, _ in found}:
            if table.keeps_all:
                newest |= self._asked.newest_offsets(table)
        start = []
        for (topic, number), (standing, earliest) in group.with_earliest(
            consumer, found, self._stopping
        ).items():
            place = (self._layout.base(topic), number)
            table = TABLES[place[0]]
            if table.keeps_all:
                check(f"{topic}[{number}]", standing, newest.get(place))
            here = group.not_before(f"{topic}[{number}]", standing, earliest, expires=self._expires(place[0]))
            repeats = Repeats()
            if table.raw and place in newest:
                repeats = self._asked.repeats(table, place, below=here.position)
            if here.open:
                log.info(
                    "an intent is open",
                    topic=topic,
                    partition=number,
                    first=here.open.first,
                    last=here.open.last,
                )
            self._partitions[place] = Partition(here, repeats)
            start.append(TopicPartition(topic, number, here.position))
        consumer.assign(start)
        log.info("partitions assigned", count=len(start))

    @staticmethod
    def _expires(topic: str) -> bool:
        """Whether records of a topic are let go after days by design."""
        return topic not in TOPICS or TOPICS[topic].days is not None

    def _revoked(self, consumer: Any, places: list[Any]) -> None:  # noqa: ARG002
        """Another owner comes: what is only buffered is forgotten, an open intent is in the commit's metadata."""
        for place in places:
            self._partitions.pop((self._layout.base(place.topic), place.partition), None)

    def _letter(self, message: Any, reason: str, text: str, now: int) -> DeadLetter:
        return DeadLetter(
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            timestamp=message.timestamp()[1],
            key=message.key(),
            value=message.value(),
            reason=reason,
            message=text,
            stage="insert",
            group=self._settings.group,
            failed_at=now,
            headers=message.headers() or (),
        )

    def _send_letters(self, letters: list[DeadLetter]) -> None:
        """Dead letters are on Kafka before anything is committed past them; if that fails, the sink stops."""
        for letter in letters:
            DEAD_LETTERS.labels(self._layout.base(letter.topic), letter.reason).inc()
        group.send(self._producer, letters)


def _in_thread(work: Callable[[], int]) -> Future[int]:
    """Work in a thread that does not keep the process alive."""
    future: Future[int] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  (raised again by whoever waits)
            future.set_exception(error)

    threading.Thread(target=run, name="insert", daemon=True).start()
    return future


def run(kafka: KafkaSettings, clickhouse: ClickHouseSettings, *, http_port: int) -> None:
    """Run the sink until SIGTERM or SIGINT. Metrics and health are on ``http_port``."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    sink = Sink(kafka, clickhouse, stopping.is_set)
    server = serve(
        http_port,
        lambda: (
            sink.assigned and not sink.store.trouble,
            sink.store.trouble or "partitions are assigned when ready",
        ),
        lambda: (time.monotonic() - sink.progress_at < STALLED_SECONDS, "the last round, or nothing to do"),
    )
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)
    log.info("sink started", group=clickhouse.group, pid=os.getpid(), port=server.port)
    try:
        while not stopping.is_set():
            sink.step()
    except StoppingError as error:
        log.info("stopped while waiting", reason=str(error)[:300])
    finally:
        sink.close()
        server.close()
    log.info("sink stopped")

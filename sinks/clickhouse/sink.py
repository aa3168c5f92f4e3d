"""The sink: from Kafka into ClickHouse, nothing lost, nothing twice.

One round for all partitions that have something: dead letters out, intents committed, one insert a table, positions
committed. Every step may be the last one before a kill -9: see intent.py for what the next start makes of it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import structlog

from monitoring.metrics import DEAD_LETTERS, EVENT_AGE, SINK_FLUSH, SINK_QUERYABLE, SINK_ROWS
from monitoring.server import serve
from schemas.catalogue import DEAD_LETTER_SUFFIX, DOMAINS, HEARTBEATS, TOPICS
from schemas.codec import Codec
from schemas.dead_letters import DeadLetter
from schemas.registry import open_ids
from schemas.repeats import Repeats
from schemas.settings import KafkaSettings
from sinks.clickhouse import intent as intents
from sinks.clickhouse.blocks import Rows, make_rows
from sinks.clickhouse.failpoints import reached
from sinks.clickhouse.intent import Intent
from sinks.clickhouse.store import Store
from sinks.clickhouse.tables import TABLES
from sinks.settings import ClickHouseSettings

log: Any = structlog.get_logger("clickhouse.sink")

POLL_SECONDS = 0.05
STALLED_SECONDS = 120.0
LETTER_TOPICS = frozenset({*(t.name for t in DOMAINS.values()), HEARTBEATS.name})

Place = tuple[str, int]


@dataclass
class Partition:
    """What was consumed of one partition and is not in the table yet."""

    position: int
    repeats: Repeats
    intent: Intent | None = None
    buffer: list[Any] = field(default_factory=list)
    bytes: int = 0
    since: float = 0.0


class Sink:
    """One sink process. ``step`` does one turn of the loop; ``run`` below turns it until told to stop."""

    def __init__(self, kafka: KafkaSettings, clickhouse: ClickHouseSettings) -> None:
        from confluent_kafka import Consumer, Producer

        self._layout = kafka.layout()
        self._settings = clickhouse
        self._kafka_bootstrap = kafka.bootstrap_servers
        ids = open_ids(kafka.schema_registry_url)
        self._codecs = {topic: Codec(TOPICS[topic].schema, ids) for topic in TABLES}
        self._store = Store(clickhouse)
        self._partitions: dict[Place, Partition] = {}
        self.progress_at = time.monotonic()
        self._producer: Any = Producer(
            {"bootstrap.servers": kafka.bootstrap_servers, "enable.idempotence": True, "linger.ms": 1}
        )
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": clickhouse.group,
                "group.instance.id": f"{clickhouse.group}-0",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 10_000,
                "max.poll.interval.ms": 600_000,
                "fetch.wait.max.ms": 50,
                "queued.min.messages": 100_000,
            }
        )
        self._consumer.subscribe(
            [self._layout.topic(topic) for topic in TABLES], on_assign=self._assigned, on_revoke=self._revoked
        )

    @property
    def assigned(self) -> bool:
        """Whether the sink has its partitions."""
        return bool(self._partitions)

    def step(self) -> None:
        """Consume a little and write what is due."""
        for message in self._consumer.consume(self._settings.block_rows, POLL_SECONDS):
            if message.error() is not None:
                if message.error().fatal():
                    raise RuntimeError(f"consumer: {message.error().str()}")
                continue
            self._buffer(message)
        due = self._due()
        if due:
            self._write(due)
        if due or not any(p.buffer for p in self._partitions.values()):
            self.progress_at = time.monotonic()

    def close(self) -> None:
        """Write what is buffered and leave the group."""
        self._write([place for place, p in self._partitions.items() if p.buffer])
        self._consumer.close()
        self._producer.flush(5)
        self._store.close()

    def _buffer(self, message: Any) -> None:
        partition = self._partitions.get((message.topic(), message.partition()))
        if partition is None:
            return
        if not partition.buffer:
            partition.since = time.monotonic()
        partition.buffer.append(message)
        partition.bytes += len(message.value() or b"")

    def _due(self) -> list[Place]:
        """All buffered partitions when any one is full or old enough: one round serves them all."""
        now = time.monotonic()
        waiting = {place: p for place, p in self._partitions.items() if p.buffer}
        full = any(
            len(p.buffer) >= self._settings.block_rows
            or p.bytes >= self._settings.block_bytes
            or now - p.since >= self._settings.block_ms / 1000
            for p in waiting.values()
        )
        return list(waiting) if full else []

    def _write(self, places: list[Place]) -> None:
        """One round. A partition's records leave its buffer only when its position is committed."""
        if not places:
            return
        now = int(time.time() * 1000)
        blocks: dict[Place, Rows] = {}
        letters: list[DeadLetter] = []
        opened: dict[Place, tuple[int, Intent | None]] = {}
        ends: dict[Place, int] = {}
        for place in places:
            partition = self._partitions[place]
            taken = partition.buffer[: self._settings.block_rows]
            partition.buffer = partition.buffer[len(taken) :]
            partition.bytes = sum(len(m.value() or b"") for m in partition.buffer)
            name = self._layout.base(place[0])
            rows, refused = make_rows(
                TABLES[name], self._codecs[name], name, place[1], taken, partition.repeats, now
            )
            letters.extend(self._letter(taken[r.row], r.reason, r.message, now) for r in refused)
            ends[place] = taken[-1].offset() + 1
            partition.intent = Intent(taken[0].offset(), taken[-1].offset())
            opened[place] = (taken[0].offset(), partition.intent)
            if len(rows):
                blocks[place] = rows
        self._send_letters(letters)
        reached("before-intent")
        self._commit(opened)
        reached("after-intent")
        self._insert(blocks)
        reached("after-insert")
        self._commit({place: (end, None) for place, end in ends.items()})
        reached("after-commit")
        for place, end in ends.items():
            self._partitions[place].position = end
            self._partitions[place].intent = None
            SINK_QUERYABLE.labels(self._layout.base(place[0]), str(place[1])).set(end)
        for place, rows in blocks.items():
            SINK_ROWS.labels(TABLES[self._layout.base(place[0])].name).inc(len(rows))
            EVENT_AGE.labels("queryable").observe(
                max(0.0, time.time() - rows.columns["_timestamp"][-1] / 1000)
            )

    def _insert(self, blocks: dict[Place, Rows]) -> None:
        by_table: dict[str, dict[Place, Rows]] = defaultdict(dict)
        for place, rows in blocks.items():
            by_table[self._layout.base(place[0])][place] = rows
        gathered: dict[str, dict[Place, Rows]] = defaultdict(dict)
        for topic, parts in by_table.items():
            gathered[TABLES[topic].name] |= parts
        for parts in gathered.values():
            table = TABLES[self._layout.base(next(iter(parts))[0])]
            begun = time.perf_counter()
            self._store.insert(
                table,
                {(self._layout.base(t), p): rows for (t, p), rows in parts.items()},
                {(self._layout.base(t), p): self._partitions[t, p].intent for t, p in parts},
                keep_polling=self._keep_polling,
            )
            SINK_FLUSH.observe(time.perf_counter() - begun)

    def _keep_polling(self) -> None:
        """While the engine is away: stay in the group without taking more."""
        assignment = self._consumer.assignment()
        self._consumer.pause(assignment)
        for message in self._consumer.consume(1000, 0.01):
            if message.error() is None:
                self._buffer(message)
        self._consumer.resume(assignment)

    def _commit(self, wanted: dict[Place, tuple[int, Intent | None]]) -> None:
        from confluent_kafka import TopicPartition

        offsets = [
            TopicPartition(topic, partition, offset, metadata=intent.encode() if intent else "")
            for (topic, partition), (offset, intent) in wanted.items()
        ]
        for answer in self._consumer.commit(offsets=offsets, asynchronous=False):
            if answer.error is not None:
                raise RuntimeError(f"commit of {answer.topic}[{answer.partition}] failed: {answer.error}")

    def _assigned(self, consumer: Any, places: list[Any]) -> None:
        """Take partitions over: finish what an intent left open, and refuse what contradicts the table."""
        from confluent_kafka import TopicPartition

        start = []
        for place in consumer.committed(places, timeout=30):
            name = self._layout.base(place.topic)
            table = TABLES[name]
            intent = intents.decode(place.metadata)
            where = f"{place.topic}[{place.partition}]"
            newest = self._store.newest_offset(table, name, place.partition) if table.raw else None
            intents.check_position(where, place.offset, intent, newest)
            position = max(place.offset, 0)
            repeats = (
                self._store.repeats(table, name, place.partition, below=position) if table.raw else Repeats()
            )
            self._partitions[place.topic, place.partition] = Partition(position, repeats)
            if intent is not None:
                log.info(
                    "an intent is open; the table is asked",
                    partition=where,
                    first=intent.first,
                    last=intent.last,
                )
                self._finish(place.topic, place.partition, intent)
                position = self._partitions[place.topic, place.partition].position
            start.append(TopicPartition(place.topic, place.partition, position))
        consumer.assign(start)

    def _finish(self, topic: str, partition: int, intent: Intent) -> None:
        """Insert exactly what is missing of an open intent, and close it."""
        name = self._layout.base(topic)
        state = self._partitions[topic, partition]
        records = self._reread(topic, partition, intent)
        now = int(time.time() * 1000)
        rows, refused = make_rows(
            TABLES[name], self._codecs[name], name, partition, records, state.repeats, now
        )
        self._send_letters([self._letter(records[r.row], r.reason, r.message, now) for r in refused])
        state.intent = intent.again()
        self._commit({(topic, partition): (intent.first, state.intent)})
        held = self._store.held(TABLES[name], name, partition, intent.first, intent.last)
        left = rows.only(intents.missing(rows.offsets, held))
        if len(left):
            self._store.insert(
                TABLES[name],
                {(name, partition): left},
                {(name, partition): state.intent},
                keep_polling=lambda: None,
            )
        log.info("intent finished", topic=topic, partition=partition, held=len(held), inserted=len(left))
        self._commit({(topic, partition): (intent.last + 1, None)})
        state.position, state.intent = intent.last + 1, None

    def _reread(self, topic: str, partition: int, intent: Intent) -> list[Any]:
        """The records of an intent, from the topic."""
        from confluent_kafka import Consumer, TopicPartition

        reader: Any = Consumer(
            {
                "bootstrap.servers": self._kafka_bootstrap,
                "group.id": f"{self._settings.group}-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            }
        )
        found: list[Any] = []
        try:
            reader.assign([TopicPartition(topic, partition, intent.first)])
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                for message in reader.consume(10_000, 0.1):
                    if message.error() is not None:
                        if message.error().name() == "_PARTITION_EOF":
                            return found
                        raise intents.IntentError(
                            f"{topic}[{partition}] from {intent.first}: {message.error().str()}"
                        )
                    if message.offset() > intent.last:
                        return found
                    found.append(message)
                    if message.offset() == intent.last:
                        return found
            raise TimeoutError(
                f"{topic}[{partition}]: offsets {intent.first} to {intent.last} could not be read again"
            )
        finally:
            reader.close()

    def _revoked(self, consumer: Any, places: list[Any]) -> None:  # noqa: ARG002
        """Another owner comes: what is only buffered is forgotten, an open intent is in the commit's metadata."""
        for place in places:
            self._partitions.pop((place.topic, place.partition), None)

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
        failures: list[str] = []

        def delivered(error: Any, _message: Any) -> None:
            if error is not None:
                failures.append(error.str())

        for letter in letters:
            name = self._layout.base(letter.topic)
            if name not in LETTER_TOPICS:
                raise RuntimeError(
                    f"{letter.topic}[{letter.partition}] offset {letter.offset}: {letter.message}"
                )
            self._producer.produce(
                letter.topic + DEAD_LETTER_SUFFIX,
                key=letter.key,
                value=letter.value,
                partition=letter.partition,
                timestamp=letter.timestamp,
                headers=letter.all_headers(),
                on_delivery=delivered,
            )
            DEAD_LETTERS.labels(name, letter.reason).inc()
        if letters and (self._producer.flush(60) or failures):
            raise RuntimeError(
                f"{len(letters)} dead letters could not be written: {failures[:1] or 'no answer'}"
            )


def run(kafka: KafkaSettings, clickhouse: ClickHouseSettings, *, http_port: int) -> None:
    """Run the sink until SIGTERM or SIGINT. Metrics and health are on ``http_port``."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    sink = Sink(kafka, clickhouse)
    server = serve(
        http_port,
        lambda: (sink.assigned, "partitions assigned"),
        lambda: (time.monotonic() - sink.progress_at < STALLED_SECONDS, "progress"),
    )
    log.info("sink started", group=clickhouse.group, pid=os.getpid())
    try:
        while not stopping.is_set():
            sink.step()
    finally:
        sink.close()
        server.close()
    log.info("sink stopped")

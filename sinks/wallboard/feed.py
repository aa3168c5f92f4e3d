"""How the board learns: ClickHouse's snapshot first, then the topics, the highest version of everything.

The offsets that the sink had committed are read before the snapshot, so whatever is not in the snapshot is read
from the topics. A snapshot of which a part was computed anew is shown once the rest has come. Runs in one thread;
everything it does to the board happens under the board's lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import structlog

from monitoring.metrics import EVENT_AGE
from schemas import deployment
from schemas.catalogue import AGGREGATES, ALERTS, DOMAINS, HEARTBEATS
from schemas.codec import Codec, Decoded
from schemas.registry import open_ids
from schemas.settings import KafkaSettings
from schemas.stranded import hearing
from sinks.settings import ClickHouseSettings
from sinks.wallboard.progress import STREAM_GROUP, Progress
from sinks.wallboard.snapshot import load_snapshot
from sinks.wallboard.state import Board
from sinks.wallboard.store import Cell, Store
from sinks.wallboard.switching import Switching

log = structlog.get_logger()

BATCH = 5_000
POLL_SECONDS = 0.05
LOOK_SECONDS = 1.0
RETRY_SECONDS = 2.0
#: How long a first picture waits for the rest of what was computed anew.
FIRST_SECONDS = 20.0


class Feed:
    """Keeps a board up to date. ``changed`` is set whenever the board has something new to show; ``held`` says that there is
    no picture yet, and one will come."""

    def __init__(
        self,
        kafka: KafkaSettings,
        clickhouse: ClickHouseSettings,
        board: Board,
        workers_group: str = STREAM_GROUP,
    ) -> None:
        self.board = board
        self.switching = Switching()
        self.held = True
        self._store = Store()  # the board's, once it is whole
        self._unread: set[tuple[str, int]] = set()
        self.lock = threading.Lock()
        self.changed = threading.Event()
        self._kafka = kafka
        self._workers_group = workers_group
        self._layout = kafka.layout()
        self._clickhouse = clickhouse
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wallboard-feed", daemon=True)
        ids = open_ids(kafka.schema_registry_url)
        self._figures = {
            self._layout.topic(t.name): DOMAINS[domain].name if domain in DOMAINS else domain
            for domain, t in AGGREGATES.items()
        }
        self._codecs = {
            **{self._layout.topic(t.name): Codec(t.schema, ids) for t in AGGREGATES.values()},
            self._layout.topic(ALERTS.name): Codec(ALERTS.schema, ids),
            self._layout.topic(HEARTBEATS.name): Codec(HEARTBEATS.schema, ids),
            **{self._layout.topic(t.name): Codec(t.schema, ids) for t in DOMAINS.values()},
        }

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for the thread."""
        self._stop.set()
        self._thread.join(10)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        now = time.time_ns() // 1_000_000
        self.board.profile.calendar.minutes(
            now - 1, now
        )  # its tables are made at first use, better without the lock
        self._first_picture()
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001  (the edge of the thread: say so on the board and try again)
                log.warning("wallboard feed interrupted", error=str(error))
                if self.held:
                    self._show()
                self._say("TERTUNDA", "sambungan ke bus terputus; mencoba lagi")
                self._stop.wait(RETRY_SECONDS)

    def _first_picture(self) -> None:
        """What ClickHouse has, also while Kafka is away."""
        try:
            self._load()
            self._say("TERTUNDA", "angka terakhir dari gudang data")
        except Exception as error:  # noqa: BLE001  (no picture is a state the board shows; _follow tries again)
            log.warning("no first picture from ClickHouse yet", error=str(error))
            self._show()

    def _load(self) -> None:
        """Fill a new store from ClickHouse; it is shown at once where nothing in it waits for the rest."""
        self._store, self.switching = Store(), Switching()
        load_snapshot(self._clickhouse, self.board, self._store, self.lock, self.switching)
        if self.switching.settled():
            self._show()

    def _show(self) -> None:
        with self.lock:
            self.board.store = self._store
            self.held = False
        self.changed.set()

    def _follow(self) -> None:
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer(
            {
                "bootstrap.servers": self._kafka.bootstrap_servers,
                "group.id": self._clickhouse.group,  # only to read what the sink committed; never subscribes or commits
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "fetch.wait.max.ms": 50,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                **hearing(),
            }
        )
        progress: Progress | None = None
        try:
            start = self._starting_points(consumer)
            self._load()
            simulated = self._simulated()
            with self.lock:
                self.board.simulated = self.board.simulated or simulated
            self._unread = {place for place in start if place[0] in self._figures}
            consumer.assign(
                [TopicPartition(topic, partition, offset) for (topic, partition), offset in start.items()]
            )
            progress = Progress(self._kafka, self._workers_group)
            begun, looked = time.monotonic(), 0.0
            while not self._stop.is_set():
                self._take(consumer.consume(BATCH, POLL_SECONDS))
                whole = not self._unread and self.switching.level()
                if not self._shown and (whole or time.monotonic() - begun > FIRST_SECONDS):
                    self._show()
                if time.monotonic() - looked > LOOK_SECONDS:
                    looked = time.monotonic()
                    self._say(*progress.look())
        finally:
            consumer.close()
            if progress is not None:
                progress.close()

    def _starting_points(self, consumer: Any) -> dict[tuple[str, int], int]:
        from confluent_kafka import TopicPartition

        known = consumer.list_topics(timeout=10).topics
        asked = [TopicPartition(t, p) for t in self._codecs if t in known for p in known[t].partitions]
        domain_topics = {self._layout.topic(t.name) for t in DOMAINS.values()}
        points: dict[tuple[str, int], int] = {}
        for place in consumer.committed(asked, timeout=10):
            low, high = consumer.get_watermark_offsets(place, timeout=10)
            begin = max(place.offset, low)
            # of the events themselves only the news matter here: that their sources are alive
            points[place.topic, place.partition] = (
                max(begin, high - 1, 0) if place.topic in domain_topics else begin
            )
        return points

    def _simulated(self) -> bool:
        facts = deployment.read(self._kafka.bootstrap_servers, self._layout)
        return facts.get(deployment.ORIGIN) == deployment.SIMULATED

    def _take(self, messages: Iterable[Any]) -> None:
        by_topic: dict[str, list[Any]] = {}
        ended: set[tuple[str, int]] = set()
        for message in messages:
            error = message.error()
            if error is None:
                by_topic.setdefault(message.topic(), []).append(message)
                ended.discard((message.topic(), message.partition()))
            elif error.name() == "_PARTITION_EOF" and message.topic() in self._figures:
                ended.add((message.topic(), message.partition()))
        self._unread -= ended
        if not by_topic and not self.switching.busy:
            return
        decoded = [
            (topic, found, self._codecs[topic].decode_batch([m.value() for m in found]))
            for topic, found in by_topic.items()
        ]
        with self.lock:
            news = [self._put(*one) for one in decoded]
            for aggregates, partition in ended:
                self.switching.at_end((self._figures[aggregates], partition))
            if self.switching.busy:
                news.append(bool(self._store.put(self.switching.due(time.monotonic()))))
        if any(news):
            self.changed.set()

    def _put(self, topic: str, messages: list[Any], decoded: Decoded) -> bool:
        records = decoded.columns
        name = self._layout.base(topic)
        if name == ALERTS.name:
            news = False
            for alert in records.to_pylist():
                news |= self.board.put_alert(alert)
                self.board.as_of = max(self.board.as_of, alert["published_at"])
            return news
        if name.startswith("aggregates."):
            if records.num_rows:
                self._arrived(max(records.column("published_at").to_pylist()))
                if not self.board.simulated and any(records.column("simulated").to_pylist()):
                    self.board.simulated = True
            cells = _cells(records)
            new = self.switching.sift(cells, time.monotonic()) if self._shown else self.switching.learn(cells)
            return bool(self._store.put(new))
        heard = zip(
            records.column("source").to_pylist(), records.column("occurred_at").to_pylist(), strict=True
        )
        stamps = [messages[int(row)].timestamp()[1] for row in decoded.rows]
        for (source, occurred_at), stamp in zip(heard, stamps, strict=True):
            self.board.hear(source, stamp, occurred_at)
        return True

    def _arrived(self, published_at: int) -> None:
        if published_at <= self.board.as_of:
            return
        self.board.as_of = published_at
        self.board.lag_ms = max(0, time.time_ns() // 1_000_000 - published_at)
        EVENT_AGE.labels("wallboard").observe(self.board.lag_ms / 1000)

    @property
    def _shown(self) -> bool:
        return self.board.store is self._store

    def _say(self, link: str, why: str) -> None:
        with self.lock:
            if (self.board.link, self.board.why) == (link, why):
                return
            self.board.link, self.board.why = link, why
        self.changed.set()


def _cells(records: Any) -> Iterable[Cell]:
    columns = (records.column(name).to_pylist() for name in Cell._fields)
    return map(Cell._make, zip(*columns, strict=True))

"""The worker's producer: idempotent, every delivery report awaited, any failure final.

``write`` returns only when every record of the commit is on Kafka with all acknowledgements. If it raises, the
worker must stop: what was written is absolute, versioned and will be written again from the committed offset.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from schemas.catalogue import AGGREGATES, ALERTS, DEAD_LETTER_SUFFIX, Layout, Topic
from schemas.codec import Codec
from schemas.dead_letters import Headers
from schemas.registry import SchemaIds
from streams.engine.client import client_settings
from streams.engine.pending import Commit

DELIVERY_MS = 60_000


class OutputError(RuntimeError):
    """A record could not be put on Kafka; nothing may be committed."""


class Record(NamedTuple):
    """One record to write; ``topic`` is the cluster's name, ``partition`` -1 lets the key decide."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int = -1
    timestamp: int = 0
    headers: Headers = ()


class Encoder:
    """From commits to records."""

    def __init__(self, layout: Layout, ids: SchemaIds) -> None:
        self._layout = layout
        self._aggregates = Codec(next(iter(AGGREGATES.values())).schema, ids)
        self._alerts = Codec(ALERTS.schema, ids)

    def records(self, commit: Commit) -> Iterator[Record]:
        """Aggregates, alerts, then dead letters of one commit. Raises ValueError naming a field that is wrong."""
        topic = AGGREGATES[commit.domain]
        name = self._layout.topic(topic.name)
        for key, change in commit.pending.aggregates.items():
            aggregate: dict[str, Any] = {
                "metric": key.metric,
                "dimension": key.dimension,
                "value": key.value,
                "local_day": key.local_day,
                "source_topic": commit.topic,
                "source_partition": commit.source.partition,
                "amount": change.amount,
                "version": change.version,
                "as_of": change.as_of,
                "published_at": change.published_at,
                "simulated": change.simulated,
            }
            yield self._record(name, topic, aggregate, self._aggregates)
        for alert in commit.pending.alerts.values():
            yield self._record(self._layout.topic(ALERTS.name), ALERTS, alert, self._alerts)
        for letter in commit.pending.letters:
            yield Record(
                letter.topic + DEAD_LETTER_SUFFIX,
                letter.key,
                letter.value,
                letter.partition,
                letter.timestamp,
                letter.all_headers(),
            )

    @staticmethod
    def _record(name: str, topic: Topic, record: dict[str, Any], codec: Codec) -> Record:
        return Record(name, topic.key_of(record), codec.encode(record))


class OutputProducer:
    """Writes the records of commits and waits for them. Used by one thread at a time."""

    def __init__(self, bootstrap: str, client_id: str = "nadi-stream") -> None:
        from confluent_kafka import Producer

        self._producer: Any = Producer(
            {
                **client_settings(bootstrap, client_id),
                "enable.idempotence": True,
                "acks": "all",
                "compression.type": "lz4",
                "linger.ms": 1,
                "delivery.timeout.ms": DELIVERY_MS,
                "queue.buffering.max.kbytes": 65_536,
            }
        )
        self._failure: str | None = None

    def write(self, records: Iterable[Record]) -> int:
        """Put all records on Kafka; how many they were. Raises OutputError, after which nothing more is taken."""
        count = 0
        for record in records:
            self._produce(record)
            count += 1
        if count:
            left = self._producer.flush(DELIVERY_MS / 1000 + 5)
            if left:
                self._failure = self._failure or f"{left} of {count} records are not on Kafka"
        self._check()
        return count

    def _produce(self, record: Record) -> None:
        deadline = time.monotonic() + DELIVERY_MS / 1000
        while True:
            self._check()
            try:
                self._producer.produce(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    partition=record.partition,
                    timestamp=record.timestamp,
                    headers=list(record.headers),
                    on_delivery=self._delivered,
                )
            except BufferError:  # the local queue is full: let deliveries make room
                if time.monotonic() > deadline:
                    raise OutputError(
                        f"{record.topic}: no room for a record in {DELIVERY_MS // 1000} s"
                    ) from None
                self._producer.poll(0.05)
            else:
                return

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failure = f"{message.topic()}[{message.partition()}]: {error}"

    def _check(self) -> None:
        if self._failure is not None:
            raise OutputError(self._failure)

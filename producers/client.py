"""The client library: typed events onto Kafka, each once, with errors that reach the caller.

The producer is idempotent and never transactional (transaction markers would leave gaps in the source topics). A
retry by the caller keeps its ``event_id``, and so is recognised downstream.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from monitoring.metrics import PUBLISHED
from producers import corrections
from schemas import cloudevents, deployment
from schemas.catalogue import DOMAINS, HEARTBEATS, TOPICS, Topic
from schemas.codec import Codec
from schemas.events import EVENTS
from schemas.registry import open_ids
from schemas.settings import EXACT_PRODUCER, KafkaSettings

Delivered = Callable[[str, int, int], None]

QUEUE_MESSAGES = 200_000


class PublishError(RuntimeError):
    """Events that the broker did not take; ``failed`` counts them, the message gives the first reason."""

    def __init__(self, message: str, failed: int) -> None:
        super().__init__(message)
        self.failed = failed


def open_producer(kafka: KafkaSettings, name: str, **options: Any) -> Any:
    """The producer of everything that departments publish: idempotent, acknowledged by all, never transactional.

    ``name`` is its client id, ``options`` are librdkafka's.
    """
    from confluent_kafka import Producer

    return Producer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            **EXACT_PRODUCER,
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": QUEUE_MESSAGES,
            "client.id": name,
            **options,
        }
    )


class Publisher:
    """Publishes events of one origin. Use it as a context manager: leaving it flushes.

    ``origin`` is ``live`` or ``simulated``; a deployment settles it once and the other is refused with
    ``DeploymentMismatchError``. Every call may raise ``PublishError`` for an earlier event whose delivery failed.
    """

    def __init__(self, kafka: KafkaSettings, *, origin: Literal["live", "simulated"]) -> None:
        self._layout = kafka.layout()
        self._origin = origin
        self._ids = open_ids(kafka.schema_registry_url)
        self._codecs: dict[str, Codec] = {}
        self._failed = 0
        self._first_failure = ""
        self.published = 0
        deployment.settle(kafka.bootstrap_servers, self._layout, deployment.ORIGIN, origin)
        self._producer: Any = open_producer(kafka, "nadi-publisher")

    def publish(
        self,
        domain: str,
        record: Mapping[str, Any],
        *,
        timestamp: int | None = None,
        traceparent: str | None = None,
        on_delivery: Delivered | None = None,
        trusted: bool = False,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Queue one event of a domain (or a topic of the catalogue).

        ``timestamp`` (UTC ms) only counts where the topics carry CreateTime; the default there is ``occurred_at``.
        ``on_delivery`` hears topic, partition and offset. ``trusted`` skips the typed check for input that was
        typed already; the schema is checked all the same, and that a correction gives a reason. ``headers`` come beside
        those of CloudEvents. Raises ValueError naming the field that is wrong.
        """
        self._raise_failures()
        topic = DOMAINS.get(domain) or TOPICS[domain]
        if bool(record.get("simulated", False)) != (self._origin == "simulated"):
            raise ValueError(
                f"simulated = {record.get('simulated')!r} does not fit a publisher of {self._origin} events"
            )
        if not trusted:
            EVENTS[topic.schema].model_validate(dict(record))
        if wrong := corrections.fault(record):
            raise ValueError(f"{wrong.field} = {record.get(wrong.field)!r}: {wrong.sentence}")
        if timestamp is None and self._layout.timestamps == "CreateTime":
            timestamp = int(record["occurred_at"])
        self._produce(topic, record, timestamp, traceparent, on_delivery, headers)

    def heartbeat(
        self, source: str, opd: str, *, last_event_id: str | None = None, last_event_at: int | None = None
    ) -> None:
        """Say that a source is alive."""
        record = {
            "event_id": str(uuid.uuid4()),
            "source": source,
            "opd": opd,
            "occurred_at": int(time.time() * 1000),
            "kind": "heartbeat",
            "last_event_id": last_event_id,
            "last_event_at": last_event_at,
            "events_sent": self.published,
            "simulated": self._origin == "simulated",
        }
        self.publish(HEARTBEATS.name, record)

    def flush(self, timeout: float = 60.0) -> None:
        """Wait until the broker has everything. Raises PublishError when it has not."""
        left = self._producer.flush(timeout)
        if left:
            raise PublishError(f"the broker did not confirm {left} events within {timeout:.0f} s", left)
        self._raise_failures()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.flush(5)

    def _codec(self, schema: str) -> Codec:
        if schema not in self._codecs:
            self._codecs[schema] = Codec(schema, self._ids)
        return self._codecs[schema]

    def _produce(
        self,
        topic: Topic,
        record: Mapping[str, Any],
        timestamp: int | None,
        traceparent: str | None,
        on_delivery: Delivered | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        message: dict[str, Any] = {
            "topic": self._layout.topic(topic.name),
            "key": topic.key_of(record),
            "value": self._codec(topic.schema).encode(record),
            "headers": [*cloudevents.headers(record, topic.name, traceparent), *headers],
            "on_delivery": lambda error, sent: self._delivered(topic.name, error, sent, on_delivery),
        }
        if timestamp is not None:
            message["timestamp"] = timestamp
        while True:
            try:
                self._producer.produce(**message)
                break
            except BufferError:  # the queue is full: wait for the broker rather than grow
                self._producer.poll(0.1)
        self._producer.poll(0)

    def _delivered(self, topic: str, error: Any, sent: Any, on_delivery: Delivered | None) -> None:
        if error is not None:
            self._failed += 1
            self._first_failure = self._first_failure or f"{topic}: {error.str()}"
            PUBLISHED.labels(topic, "failed").inc()
            return
        self.published += 1
        PUBLISHED.labels(topic, "accepted").inc()
        if on_delivery is not None:
            on_delivery(sent.topic(), sent.partition(), sent.offset())

    def _raise_failures(self) -> None:
        if self._failed:
            failed, self._failed = self._failed, 0
            reason, self._first_failure = self._first_failure, ""
            raise PublishError(f"{failed} events were not taken by the broker, the first: {reason}", failed)

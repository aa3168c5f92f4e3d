"""The index out of the topics: what the gateway wrote in the last days, read to the end before it accepts anything."""

from __future__ import annotations

import time
from typing import Any

from producers.gateway import marks
from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.index import Index, Place, key_of
from schemas.catalogue import SANDBOX, Layout
from schemas.settings import KafkaSettings

SILENCE_SECONDS = 30.0
MANY = 5_000


def fill(index: Index, kafka: KafkaSettings, now: int) -> int:
    """Put every receipt of the retention into ``index``; ``now`` is UTC ms. Returns how many records were read.

    Blocks. Raises TimeoutError when the broker falls silent, RuntimeError when a topic cannot be read.
    """
    from confluent_kafka import Consumer, KafkaException

    consumer: Any = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers, "group.id": "nadi-gateway-index", "log_level": 2,
            "enable.auto.commit": False, "enable.partition.eof": True, "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
        }
    )  # fmt: skip
    try:
        return _fill(index, consumer, kafka.layout(), now)
    except KafkaException as error:
        raise TimeoutError(f"broker {kafka.bootstrap_servers} does not answer: {error}") from error
    finally:
        consumer.close()


def _fill(index: Index, consumer: Any, layout: Layout, now: int) -> int:
    left = _starts(consumer, layout, now - index.retention_ms)
    consumer.assign(list(left.values()))
    read = 0
    heard = time.monotonic()
    while left:
        rows = []
        for message in consumer.consume(MANY, 0.05):
            heard = time.monotonic()
            if (error := message.error()) is None:
                read += 1
                topic = layout.base(message.topic())
                if mark := marks.read(message.headers()):
                    source = SANDBOX + mark.source if topic.startswith(SANDBOX) else mark.source
                    place = Place(
                        mark.hash, topic, message.partition(), message.offset(), mark.received_at, mark.opd
                    )
                    rows.append((key_of(mark.event_id, source), place))
            elif error.name() == "_PARTITION_EOF":
                left.pop((message.topic(), message.partition()), None)
            elif not error.retriable() and error.name() not in ("_TRANSPORT", "_ALL_BROKERS_DOWN"):
                raise RuntimeError(f"{message.topic()}[{message.partition()}]: {error.str()}")
        if rows:
            index.add(rows)
        if time.monotonic() - heard > SILENCE_SECONDS:
            raise TimeoutError(
                f"the broker sent nothing for {SILENCE_SECONDS:.0f} s; {len(left)} partitions unread"
            )
    return read


def _starts(consumer: Any, layout: Layout, since: int) -> dict[tuple[str, int], Any]:
    """Where to begin in every partition of the topics that the gateway writes."""
    from confluent_kafka import OFFSET_BEGINNING, TopicPartition

    existing = consumer.list_topics(timeout=10).topics
    names = [layout.topic(prefix + name) for name in PUBLISHABLE for prefix in ("", SANDBOX)]
    wanted = [(name, part) for name in names if name in existing for part in existing[name].partitions]
    if layout.timestamps == "CreateTime":  # offsets do not follow the clock there
        return {(name, part): TopicPartition(name, part, OFFSET_BEGINNING) for name, part in wanted}
    asked = [TopicPartition(name, part, since) for name, part in wanted]
    return {(p.topic, p.partition): p for p in consumer.offsets_for_times(asked, timeout=30)}

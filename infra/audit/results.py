"""Reading back what the pipeline said about a log: standing alerts and dead letters, from the topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.catalogue import ALERTS, DOMAINS, Layout
from schemas.codec import Codec, DecodeError
from schemas.registry import open_ids

Offsets = dict[tuple[str, int], int]


def _consumer(bootstrap: str, group: str) -> Any:
    from confluent_kafka import Consumer

    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )


def end_offsets(bootstrap: str, topics: list[str]) -> Offsets:
    """The end offset of every partition of the topics that holds something."""
    return {key: end for key, end in watermarks(bootstrap, topics).items() if end > 0}


def watermarks(bootstrap: str, topics: list[str]) -> Offsets:
    """The end offset of every partition of the topics."""
    from confluent_kafka import TopicPartition

    consumer = _consumer(bootstrap, "nadi-audit")
    try:
        ends: Offsets = {}
        for topic in topics:
            for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
                _low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                ends[topic, partition] = high
        return ends
    finally:
        consumer.close()


def wait_until_committed(
    bootstrap: str,
    group: str,
    ends: Offsets,
    *,
    alive: Callable[[], None],
    progress: Callable[[int, int], None] = lambda *_: None,
    timeout: float = 3600.0,
) -> None:
    """Wait until a group has committed every end offset, and so flushed everything that follows from it.

    ``alive`` is called between looks and raises when a worker has died. Raises TimeoutError when nothing moved
    for ``timeout`` seconds.
    """
    from confluent_kafka import TopicPartition

    consumer = _consumer(bootstrap, group)
    total = sum(ends.values())
    best, since = -1, time.monotonic()
    try:
        while ends:
            alive()
            asked = [TopicPartition(topic, partition) for topic, partition in ends]
            committed = {
                (tp.topic, tp.partition): max(tp.offset, 0) for tp in consumer.committed(asked, timeout=10)
            }
            done = sum(min(offset, ends[key]) for key, offset in committed.items())
            progress(done, total)
            if done == total:
                return
            if done > best:
                best, since = done, time.monotonic()
            elif time.monotonic() - since > timeout:
                raise TimeoutError(f"the workers stand at {done} of {total} events for {timeout:.0f} s")
            time.sleep(0.05)
    finally:
        consumer.close()


def records(bootstrap: str, topics: list[str]) -> Iterator[Any]:
    """Every message of the topics, from the first to the end as it is now."""
    from confluent_kafka import TopicPartition

    ends = end_offsets(bootstrap, topics)
    consumer = _consumer(bootstrap, "nadi-audit")
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in ends])
        left = dict(ends)
        while left:
            for message in consumer.consume(10_000, 0.1):
                key = (message.topic(), message.partition())
                if message.error():
                    if message.error().name() == "_PARTITION_EOF":
                        left.pop(key, None)
                    continue
                yield message
    finally:
        consumer.close()


@dataclass(frozen=True, slots=True)
class Results:
    """``standing`` alerts (the highest revision each, withdrawn ones left out), in a fixed order, and the number of
    dead letters by error class."""

    standing: list[dict[str, Any]]
    dead_letters: dict[str, int]


def read(bootstrap: str, layout: Layout, domain: str) -> Results:
    """What stands on the topics for one domain."""
    codec = Codec(ALERTS.schema, open_ids())
    newest: dict[str, dict[str, Any]] = {}
    for message in records(bootstrap, [layout.topic(ALERTS.name)]):
        try:
            alert = codec.decode(message.value())
        except DecodeError:
            continue  # the sink dead-letters it
        known = newest.get(alert["alert_id"])
        if known is None or alert["revision"] >= known["revision"]:
            newest[alert["alert_id"]] = alert
    dead: dict[str, int] = {}
    for message in records(bootstrap, [layout.topic(DOMAINS[domain].dead_letters)]):
        headers = dict(message.headers() or [])
        reason = headers.get("dlq.error.class", b"?").decode()
        dead[reason] = dead.get(reason, 0) + 1
    standing = [a for a in newest.values() if a["status"] != "withdrawn" and a["domain"] == domain]
    standing.sort(key=lambda a: (a["rule"], a["subject"], a["scope"]))
    return Results(standing, dead)

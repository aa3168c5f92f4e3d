"""Reading back what the pipeline said about a log: standing alerts and dead letters, from the topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.records import Partition, read_topics
from schemas.catalogue import ALERTS, DOMAINS, Layout
from schemas.codec import Codec, DecodeError
from schemas.registry import open_ids


def wait_until_committed(
    bootstrap: str,
    group: str,
    ends: Mapping[Partition, int],
    *,
    alive: Callable[[], None],
    progress: Callable[[int, int], None] = lambda *_: None,
    timeout: float = 3600.0,
) -> None:
    """Wait until a group has committed every end offset, and so flushed everything that follows from it.

    ``alive`` is called between looks and raises when a worker has died. Raises TimeoutError when nothing moved
    for ``timeout`` seconds.
    """
    from confluent_kafka import Consumer, TopicPartition

    consumer: Any = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    ends = {place: end for place, end in ends.items() if end > 0}
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
    for message in read_topics(bootstrap, [layout.topic(ALERTS.name)]):
        try:
            alert = codec.decode(message.value())
        except DecodeError:
            continue  # the sink dead-letters it
        known = newest.get(alert["alert_id"])
        if known is None or alert["revision"] >= known["revision"]:
            newest[alert["alert_id"]] = alert
    dead: dict[str, int] = {}
    for message in read_topics(bootstrap, [layout.topic(DOMAINS[domain].dead_letters)]):
        headers = dict(message.headers() or [])
        reason = headers.get("dlq.error.class", b"?").decode()
        dead[reason] = dead.get(reason, 0) + 1
    standing = [a for a in newest.values() if a["status"] != "withdrawn" and a["domain"] == domain]
    standing.sort(key=lambda a: (a["rule"], a["subject"], a["scope"]))
    return Results(standing, dead)

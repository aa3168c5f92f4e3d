"""How fresh the tables are: which rows can be queried, by partition, for any process that can read the group.

The sink's committed offset means exactly this: every record below it is a row, or a dead letter, and can be queried.
An intent that is open lies above it. So freshness is published where the sink's truth stands, and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from schemas.catalogue import Layout
from sinks.clickhouse.group import AWAY
from sinks.clickhouse.intent import IntentError, read

ANSWER_SECONDS = 10.0

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Freshness:
    """One partition of a topic (catalogue name).

    Rows of offsets below ``queryable`` can be queried, since ``at`` (UTC ms, 0 for unknown). The topic holds records
    from ``begin`` to below ``end``, aborted and unfinished transactions left out. ``waiting`` is the timestamp (UTC ms) of
    the first record that cannot be queried yet, None where there is none.
    """

    topic: str
    partition: int
    begin: int
    queryable: int
    end: int
    at: int
    waiting: int | None

    def behind_ms(self, now: int) -> int:
        """How long the first record that waits has been on the topic, 0 where none waits; ``now`` in UTC ms."""
        return max(0, now - self.waiting) if self.waiting is not None else 0


def freshness(bootstrap: str, layout: Layout, group: str, topics: Iterable[str]) -> list[Freshness]:
    """The freshness of these topics (catalogue names), in their order.

    Costs four requests, and a fetch for the partitions that are behind. Raises KafkaException or TimeoutError when the
    broker does not answer.
    """
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 4})
    # asked of this client: without leaders at hand, one in forty of its questions of offsets waits for one or three seconds
    known = admin.list_topics(timeout=ANSWER_SECONDS).topics
    names = [layout.topic(topic) for topic in topics]
    places = [TopicPartition(t, p) for t in names if t in known for p in sorted(known[t].partitions)]
    bounds = _answered(lambda: _bounds(admin, places))
    consumer: Any = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,  # only to read what the sink committed; never subscribes or commits
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        standings = {}
        for place in _answered(lambda: consumer.committed(places, timeout=ANSWER_SECONDS)):
            try:
                standings[place.topic, place.partition] = read(place.offset, place.metadata)
            except IntentError:  # somebody set the offset by hand
                standings[place.topic, place.partition] = read(place.offset, None)
        behind = {key: s.position for key, s in standings.items() if s.position < bounds[key][1]}
        waiting = _first_stamps(consumer, behind)
    finally:
        consumer.close()
    return [
        Freshness(
            layout.base(topic),
            partition,
            bounds[topic, partition][0],
            standing.position,
            bounds[topic, partition][1],
            standing.at,
            waiting.get((topic, partition)),
        )
        for (topic, partition), standing in standings.items()
    ]


def _answered(ask: Callable[[], Answer]) -> Answer:
    """Ask until there is an answer: a coordinator or a leader may only just be starting."""
    from confluent_kafka import KafkaException

    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].name() not in AWAY or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _bounds(admin: Any, places: list[Any]) -> dict[tuple[str, int], tuple[int, int]]:
    """The first offset of each place, and the one after what readers of committed records may see."""
    from confluent_kafka import IsolationLevel
    from confluent_kafka.admin import OffsetSpec

    found: list[dict[tuple[str, int], int]] = []
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
        asked = admin.list_offsets(
            dict.fromkeys(places, spec),
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=ANSWER_SECONDS,
        )
        found.append({(p.topic, p.partition): int(f.result(ANSWER_SECONDS).offset) for p, f in asked.items()})
    first, after = found
    return {key: (first[key], after[key]) for key in first}


def _first_stamps(consumer: Any, behind: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """The timestamp of the first record at or after each offset; partitions without one are left out."""
    from confluent_kafka import KafkaException, TopicPartition

    stamps: dict[tuple[str, int], int] = {}
    left = set(behind)
    if left:
        consumer.assign([TopicPartition(topic, p, offset) for (topic, p), offset in behind.items()])
    deadline = time.monotonic() + ANSWER_SECONDS
    while left:
        message = consumer.poll(max(0.0, deadline - time.monotonic()))
        if message is None:
            raise TimeoutError(f"{len(left)} partitions were not read within {ANSWER_SECONDS:.0f} s")
        place = (message.topic(), message.partition())
        if message.error() is None:
            if place in left:
                stamps[place] = message.timestamp()[1]
        elif message.error().name() != "_PARTITION_EOF":
            raise KafkaException(message.error())
        if place in left:
            left.discard(place)
            consumer.pause([TopicPartition(*place)])
    return stamps

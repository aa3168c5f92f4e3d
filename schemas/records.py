"""Plain reading of topics up to where they end, holes included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

SILENCE_SECONDS = 30.0
LEADER_SECONDS = 10.0
BATCH = 5_000

Partition = tuple[str, int]


def partitions(bootstrap: str, topics: Iterable[str]) -> list[Partition]:
    """Every partition of those of the cluster topics that exist. Raises TimeoutError when no broker answers."""
    with _asking(bootstrap) as consumer:
        return _partitions(consumer, topics)


def bounds(bootstrap: str, of: Iterable[Partition]) -> dict[Partition, tuple[int, int]]:
    """The first offset of each partition, and the one after its last. Raises TimeoutError when no broker answers."""
    with _asking(bootstrap) as consumer:
        return _bounds(consumer, of)


def ends(bootstrap: str, of: Iterable[Partition]) -> dict[Partition, int]:
    """The offset after the last record of each partition. Raises TimeoutError when no broker answers."""
    return {place: end for place, (_, end) in bounds(bootstrap, of).items()}


def since(bootstrap: str, of: Iterable[Partition], at: int) -> dict[Partition, int]:
    """The first offset of each partition whose record is of an instant (UTC ms) or later, and the end where none is; for topics
    whose clock is the broker's. Raises TimeoutError when no broker answers."""
    from confluent_kafka import TopicPartition

    with _asking(bootstrap) as consumer:
        asked = [TopicPartition(*place, at) for place in of]
        found = consumer.offsets_for_times(asked, timeout=30) if asked else []
    return {(one.topic, one.partition): one.offset for one in found}


def read(bootstrap: str, starts: Mapping[Partition, int | None]) -> Iterator[Any]:
    """Every committed message of the partitions, each in order, from its start (None: the first) to its end.

    The end is where the broker says so: transactions leave holes, so no offset arithmetic finds it. Raises
    TimeoutError when the broker falls silent.
    """
    with _asking(bootstrap) as consumer:
        yield from _read(consumer, starts)


def read_topics(
    bootstrap: str,
    topics: Iterable[str],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    after: Mapping[Partition, int] | None = None,
) -> Iterator[Any]:
    """Every committed message of cluster topics that exist, as ``read`` does, from ``after`` (next offsets) on.

    ``progress`` hears how many of how many offsets are read.
    """
    with _asking(bootstrap) as consumer:
        known = _bounds(consumer, _partitions(consumer, topics))
        starts = {place: max(begin, (after or {}).get(place, 0)) for place, (begin, _) in known.items()}
        left = {place: end - starts[place] for place, (_, end) in known.items() if end > starts[place]}
        total = remaining = sum(left.values())
        for number, message in enumerate(_read(consumer, {place: starts[place] for place in left})):
            place = (message.topic(), message.partition())
            now = max(0, known[place][1] - message.offset() - 1)
            remaining -= left[place] - now
            left[place] = now
            if number % BATCH == 0:
                progress(total - remaining, total)
            yield message
        progress(total, total)


def pick(bootstrap: str, wanted: Iterable[tuple[str, int, int]]) -> Iterator[Any]:
    """The committed messages at (cluster topic, partition, offset), each partition in order; those that are gone are
    left out. Raises TimeoutError when the broker falls silent."""
    offsets: dict[Partition, list[int]] = {}
    for topic, partition, offset in wanted:
        offsets.setdefault((topic, partition), []).append(offset)
    with _asking(bootstrap) as consumer:
        known = _bounds(consumer, _partitions(consumer, dict.fromkeys(topic for topic, _ in offsets)))
        for place, all_of_it in offsets.items():
            begin, end = known.get(place, (0, 0))
            left = sorted({offset for offset in all_of_it if begin <= offset < end})
            while left:
                first, near = left[0], [offset for offset in left if offset < left[0] + BATCH]
                left = left[len(near) :]
                for message in _read(consumer, {place: first}):
                    if message.offset() in near:
                        yield message
                    if message.offset() >= near[-1]:
                        break


@contextmanager
def _asking(bootstrap: str) -> Iterator[Any]:
    """A consumer; a broker that does not answer is a TimeoutError."""
    from confluent_kafka import KafkaException

    consumer = _consumer(bootstrap)
    try:
        yield consumer
    except KafkaException as error:
        raise TimeoutError(f"broker {bootstrap} does not answer: {error}") from error
    finally:
        consumer.close()


def _partitions(consumer: Any, topics: Iterable[str]) -> list[Partition]:
    existing = consumer.list_topics(timeout=10).topics
    return [
        (topic, partition)
        for topic in topics
        if topic in existing and existing[topic].error is None
        for partition in sorted(existing[topic].partitions)
    ]


def _bounds(consumer: Any, of: Iterable[Partition]) -> dict[Partition, tuple[int, int]]:
    """Asked again while a partition's leader is being chosen."""
    from confluent_kafka import KafkaException, TopicPartition

    found: dict[Partition, tuple[int, int]] = {}
    deadline = time.monotonic() + LEADER_SECONDS
    for place in of:
        while place not in found:
            try:
                found[place] = consumer.get_watermark_offsets(TopicPartition(*place), timeout=10)
            except KafkaException as error:
                if error.args[0].name() not in LEADERLESS or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
    return found


def _read(consumer: Any, starts: Mapping[Partition, int | None]) -> Iterator[Any]:
    from confluent_kafka import OFFSET_BEGINNING, TopicPartition

    if not starts:
        return
    left = set(starts)
    for topic in {topic for topic, _ in starts}:
        consumer.list_topics(topic, timeout=10)  # or the first fetch waits half a second
    consumer.assign(
        [
            TopicPartition(topic, partition, OFFSET_BEGINNING if start is None else start)
            for (topic, partition), start in starts.items()
        ]
    )
    heard = time.monotonic()
    while left:
        for message in consumer.consume(BATCH, 0.02):
            error = message.error()
            if error is None:
                yield message
                heard = time.monotonic()  # what the reader took for it is no silence of the broker
            elif error.name() == "_PARTITION_EOF":
                heard = time.monotonic()
                left.discard((message.topic(), message.partition()))
            elif not error.retriable() and error.name() not in _PASSING:
                raise RuntimeError(f"{message.topic()}[{message.partition()}]: {error.str()}")
        if time.monotonic() - heard > SILENCE_SECONDS:
            raise TimeoutError(
                f"the broker sent nothing for {SILENCE_SECONDS:.0f} s; {len(left)} partitions unread"
            )


#: A partition's leader is being chosen, or the client has not heard of the partition yet.
LEADERLESS = frozenset(
    {"NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_PARTITION"}
)

#: Errors that librdkafka reports while it goes on trying.
_PASSING = frozenset({"_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE"})


def _consumer(bootstrap: str) -> Any:
    from confluent_kafka import Consumer

    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "nadi-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",  # what expired meanwhile is passed over
            "fetch.wait.max.ms": 10,
            "log_level": 2,
        }
    )

"""Reads a contender's output topic back into totals, as a consumer would see them: read_committed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.workload import Totals

AMOUNT, COUNT = "bench.amount", "bench.count"  # metrics of the processor in contenders/nadi_processor.py


def read_plain(bootstrap: str, topic: str) -> Totals:
    """The form of contenders/plain.py."""
    last: dict[tuple[str, ...], tuple[int, int]] = {}
    for _, value in _records(bootstrap, topic):
        for line in value.decode().split("\n"):
            *key, amount, count = line.split("|")
            last[tuple(key)] = (int(amount), int(count))
    return _added((key[:3], sums) for key, sums in last.items())


def read_faust(bootstrap: str, topic: str) -> Totals:
    """A table's changelog, JSON text to JSON [sum, count]: the highest count of a key, whatever partition it is in."""
    last: dict[bytes, list[int]] = {}
    for (_, key), value in _records(bootstrap, topic):
        new = json.loads(value)
        if new[1] > last.get(key, (0, 0))[1]:
            last[key] = new
    return _added((json.loads(key).split("|"), sums) for key, sums in last.items())


def read_nadi(bootstrap: str, topic: str) -> Totals:
    """The product's aggregates: the highest version of each key and source partition, added over partitions."""
    import polars as pl

    from schemas.codec import Codec
    from schemas.registry import open_ids

    codec = Codec("aggregates", open_ids(""))
    frames = []
    batch: list[bytes | None] = []

    def decode() -> None:
        if batch:
            frames.append(pl.DataFrame(pl.from_arrow(codec.decode_batch(batch).columns)))
            batch.clear()

    for _, value in _records(bootstrap, topic):
        batch.append(value)
        if len(batch) == 100_000:
            decode()
    decode()
    if not frames:
        return {}
    key = ["metric", "dimension", "value", "local_day", "source_partition"]
    standing = pl.concat(frames).sort("version").unique(key, keep="last", maintain_order=True)
    found: dict[tuple[str, str, str], list[int]] = {}
    for metric, dimension, value, day, amount in standing.select(*key[:4], "amount").iter_rows():
        if metric in (AMOUNT, COUNT):
            found.setdefault((dimension, value, day), [0, 0])[metric == COUNT] += amount
    return {k: (amount, count) for k, (amount, count) in found.items()}


READERS: dict[str, Callable[[str, str], Totals]] = {
    "plain": read_plain,
    "faust": read_faust,
    "nadi": read_nadi,
}


def _added(partial: Iterator[tuple[Any, Any]]) -> Totals:
    found: Totals = {}
    for (dimension, value, day), (amount, count) in partial:
        before = found.get((dimension, value, day), (0, 0))
        found[dimension, value, day] = (before[0] + int(amount), before[1] + int(count))
    return found


def _records(bootstrap: str, topic: str) -> Iterator[tuple[tuple[int, bytes], bytes]]:
    """((partition, key), value) of everything that stands on the topic now, each partition in order."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "benchmark-totals",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.queue.backoff.ms": 5,
        }
    )
    try:
        known = consumer.list_topics(topic, 10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in known])
        left = set(known)
        while left:
            for message in consumer.consume(10_000, 0.05):
                if message.error() is None:
                    yield (message.partition(), message.key() or b""), message.value()
                elif message.error().name() == "_PARTITION_EOF":
                    left.discard(message.partition())
                else:
                    raise RuntimeError(f"{topic}: {message.error()}")
    finally:
        consumer.close()

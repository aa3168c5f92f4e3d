"""Publishes at an even pace and notes when each event's output, and its row, are there. Run by latency.py.

Nothing but the probe writes to the topic, so the n-th event sent to a partition has offset n. Two threads watch:

- the output: a read_committed consumer of the aggregates. A record of the day's revenue carries the offset up to
  which its partition is counted; every event below it is out.
- the queries: the sink commits an offset when the rows below it can be queried. Not without a ``sink_group``.

The watchers only note what they saw and when; ages are computed at the end. Prints JSON, milliseconds.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import fastavro
import numpy as np
from confluent_kafka import (
    OFFSET_END,
    Consumer,
    KafkaException,
    Producer,
    TopicPartition,
)
from hdrh.histogram import HdrHistogram

from benchmarks.load import Encoder, murmur2
from benchmarks.workload import CHUNK, OFFICES, OPDS, chunks
from schemas.registry import current
from schemas.version import unpack

WARM_UP_SECONDS = 30
LAST_SECONDS = 30.0
TICK_SECONDS = 0.002
POLL_SECONDS = 0.05
HEADER = 5
TOTAL = b"revenue.received|total|"
CUTS = (50.0, 90.0, 99.0, 99.9)
HIGHEST_US = 120_000_000


@dataclass(slots=True)
class Seen:
    """(Unix seconds, partition, offset below which everything is there), in order of time."""

    rows: list[tuple[float, int, int]] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)

    def note(self, at: float, partition: int, below: int) -> None:
        if below > self.reached.get(partition, 0):
            self.reached[partition] = below
            self.rows.append((at, partition, below))

    def has(self, sent: list[int]) -> bool:
        return all(self.reached.get(p, 0) >= count for p, count in enumerate(sent))

    def times(self, partition: int, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """When each of the partition's first ``count`` offsets was there; not a number where it never was."""
        mine = [(at, below) for at, p, below in self.rows if p == partition]
        instants = np.array([at for at, _ in mine] + [np.nan])
        return instants[np.searchsorted([below for _, below in mine], np.arange(count), side="right")]


def watch_output(options: dict[str, Any], seen: Seen, stop: threading.Event) -> None:
    """Follow the aggregates as a reader that takes only what is committed."""
    schema = fastavro.parse_schema(json.loads(current("aggregates")))
    consumer = Consumer(
        {
            "bootstrap.servers": options["bootstrap"],
            "group.id": "benchmark-probe",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
        }
    )
    consumer.assign([TopicPartition(options["output"], p, OFFSET_END) for p in range(options["partitions"])])
    while not stop.is_set():
        messages = consumer.consume(1, 0.1)
        messages += consumer.consume(10_000, 0)
        now = time.time()
        for message in messages:
            if message.error() is None and (message.key() or b"").startswith(TOTAL):
                body = io.BytesIO(message.value())
                body.seek(HEADER)
                record = fastavro.schemaless_reader(body, schema, None)
                seen.note(now, record["source_partition"], unpack(record["version"]).next_offset)
    consumer.close()


def watch_queries(options: dict[str, Any], seen: Seen, stop: threading.Event) -> None:
    """Follow the sink's committed offsets."""

    group = Consumer({"bootstrap.servers": options["bootstrap"], "group.id": options["sink_group"]})
    places = [TopicPartition(options["topic"], p) for p in range(options["partitions"])]
    while not stop.is_set():
        try:
            found = group.committed(places, timeout=10)
        except KafkaException:  # asked again in a moment; a gap shows as age
            found = []
        now = time.time()
        for place in found:
            seen.note(now, place.partition, place.offset)
        time.sleep(POLL_SECONDS)
    group.close()


def publish(options: dict[str, Any]) -> list[list[float]]:
    """Send everything at its time; when each event of each partition was due (Unix seconds)."""
    rate = options["rate"]
    events = rate * (WARM_UP_SECONDS + options["seconds"])
    homes = [murmur2(f"{OPDS[i // 5]}|{o}".encode()) % options["partitions"] for i, o in enumerate(OFFICES)]
    keys = [f"{OPDS[i // 5]}|{o}".encode() for i, o in enumerate(OFFICES)]
    values, offices = _encoded(events)
    producer = Producer(
        {
            "bootstrap.servers": options["bootstrap"],
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": "lz4",
        }
    )
    producer.list_topics(options["topic"], 10)
    due: list[list[float]] = [[] for _ in range(options["partitions"])]
    begun = time.time() + 0.5
    number = 0
    while number < events:
        ready = min(events, int((time.time() - begun) * rate) + 1)
        while number < ready:
            home = homes[offices[number]]
            due[home].append(begun + number / rate)
            producer.produce(options["topic"], values[number], keys[offices[number]], home)
            number += 1
        producer.poll(0)
        time.sleep(TICK_SECONDS)
    if left := producer.flush(30):
        raise RuntimeError(f"{left} events were not taken by the broker")
    return due


def _encoded(events: int) -> tuple[list[bytes], list[int]]:
    """All values beforehand, and the index of each one's cash office."""
    encoder = Encoder()
    values: list[bytes] = []
    offices: list[int] = []
    for part in chunks(max(events, CHUNK)):
        values += encoder.encode(part)
        offices += part.office.tolist()
        if len(values) >= events:
            break
    return values[:events], offices[:events]


def summary(due: list[list[float]], seen: Seen, first: float) -> dict[str, Any]:
    """Percentiles of the ages of events due from ``first`` on (Unix seconds). Raises ValueError for lost ones."""
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for partition, instants in enumerate(due):
        planned = np.array(instants)
        ages = (seen.times(partition, len(planned)) - planned)[planned >= first]
        if np.isnan(ages).any():
            raise ValueError(f"{int(np.isnan(ages).sum())} events of partition {partition} never came")
        for age in np.maximum(ages * 1e6, 1).astype(np.int64).tolist():
            histogram.record_value(age)
    found: dict[str, Any] = {
        f"p{cut:g}": round(histogram.get_value_at_percentile(cut) / 1000, 1) for cut in CUTS
    }
    found["max"] = round(histogram.get_max_value() / 1000, 1)
    found["hdr"] = _text(histogram.encode())
    return found


def _text(encoded: Any) -> str:
    return encoded.decode() if isinstance(encoded, bytes) else base64.b64encode(bytes(encoded)).decode()


def main() -> None:
    """Publish, watch, wait for the last, print."""
    sys.setswitchinterval(0.0005)
    options = json.loads(sys.argv[1])
    stop = threading.Event()
    output, queries = Seen(), Seen()
    watchers: list[tuple[Callable[..., None], Seen]] = [(watch_output, output)]
    if options["sink_group"]:
        watchers.append((watch_queries, queries))
    threads = [threading.Thread(target=watch, args=(options, seen, stop)) for watch, seen in watchers]
    for thread in threads:
        thread.start()
    try:
        due = publish(options)
        sent = [len(instants) for instants in due]
        deadline = time.monotonic() + LAST_SECONDS
        while not all(seen.has(sent) for _, seen in watchers) and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    first = min(min(instants) for instants in due) + WARM_UP_SECONDS
    found: dict[str, Any] = {"events": sum(sent), "output": summary(due, output, first)}
    if options["sink_group"]:
        found["queryable"] = summary(due, queries, first)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

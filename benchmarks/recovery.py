"""``python -m benchmarks recovery``: kill -9, start again; how long until the first output, and how much memory.

For each state: fill the topic, let a worker compute it, kill it, publish one event, start a worker, and wait until
a read_committed reader can see what the event changed. Three instants, in seconds from the start of the process:
``claim`` (the worker has claimed the last task and read its state), ``output``; and ``claim_to_output`` between.
Writes ``results/recovery.json``.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import murmur2
from benchmarks.machine import machine
from infra.embedded.kafka import Broker
from schemas.catalogue import AGGREGATES, DOMAINS, Layout, create_topics
from schemas.codec import Codec
from schemas.registry import open_ids

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PARTITIONS = 4
CLAIMED = re.compile(r"^(\S+) .*task claimed", re.MULTILINE)
#: Seconds to the first output with a million keys; MB of a worker with a million open permits.
BAR_SECONDS, BAR_MB = 5.0, 1000

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What a worker must hold: ``keys`` aggregate keys, or open permits, made by one event each or two."""

    name: str
    domain: str
    processor: str
    keys: int

    def events(self) -> Iterator[Record]:
        """The events that make it."""
        if self.domain == "revenue":
            for number in range(self.keys // 2):  # a sum and a count each
                yield receipt(number)
        else:
            for number in range(self.keys):
                yield permit(number)


STATES = (
    State("10 k aggregate keys", "revenue", "bench", 10_000),
    State("100 k aggregate keys", "revenue", "bench", 100_000),
    State("1 M aggregate keys", "revenue", "bench", 1_000_000),
    State("1 M open permits", "permits", "permits", 1_000_000),
)


def _envelope(kind: str) -> Record:
    return {
        "event_id": str(uuid.uuid4()),
        "source": "/opd/2.18.01/perizinan",
        "opd": "2.18.01",
        "occurred_at": time.time_ns() // 1_000_000,
        "kind": kind,
        "simulated": True,
    }


def receipt(number: int) -> Record:
    """A receipt of a village that no other receipt has."""
    return {
        **_envelope("receipt"),
        "cash_office": f"KAS-{number % 200:03d}",
        "account": "4.1.01.09.01.0001",
        "amount": 25_000,
        "village": f"{number:08d}",
    }


def permit(number: int) -> Record:
    """The acceptance of a permit that stays open."""
    return {
        **_envelope("accepted"),
        "case_id": f"PBG-{number:08d}",
        "permit_type": "PBG",
        "step": "DAFTAR",
        "unit": "DPMPTSP-LOKET",
    }


class Course:
    """One state on a broker: its topics under a prefix of its own."""

    def __init__(self, bootstrap: str, state: State, fetch: str, folder: Path) -> None:
        from confluent_kafka.admin import AdminClient

        self.bootstrap, self.state, self.folder = bootstrap, state, folder
        self._admin: Any = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._layout = Layout(f"recovery-{state.domain}-{state.keys}.", PARTITIONS)
        self._options = {
            "bootstrap": bootstrap,
            "prefix": self._layout.prefix,
            "partitions": PARTITIONS,
            "group": f"recovery-{state.domain}-{state.keys}",
            "folder": str(folder),
            "fetch": fetch,
            "processor": state.processor,
        }
        self._topic = DOMAINS[state.domain]
        self._codec = Codec(self._topic.schema, open_ids(""))
        create_topics(self._admin, self._layout)

    def fill(self, records: Iterator[Record]) -> int:
        """Publish; returns how many."""
        from confluent_kafka import Producer

        settings = {"enable.idempotence": True, "linger.ms": 20, "compression.type": "lz4"}
        limits = {"queue.buffering.max.messages": 2_000_000, "batch.size": 500_000}
        producer: Any = Producer({"bootstrap.servers": self.bootstrap, **settings, **limits})
        count = 0
        for record in records:
            key = self._topic.key_of(record)
            name = self._layout.topic(self._topic.name)
            while len(producer) > 500_000:
                producer.poll(0.05)
            producer.produce(name, self._codec.encode(record), key, murmur2(key) % PARTITIONS)
            count += 1
        if left := producer.flush(120):
            raise RuntimeError(f"{left} events were not written")
        return count

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """A worker in a process of its own."""
        command = [sys.executable, "-m", "benchmarks.worker", json.dumps(self._options)]
        with log.open("wb") as errors:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd=ROOT, start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    def wait_done(self, process: subprocess.Popen[bytes], log: Path, seconds: float = 600) -> None:
        """Until the group has committed every end offset. Raises RuntimeError with the end of the log."""
        from confluent_kafka import Consumer, KafkaException, TopicPartition

        ends = self._ends(self._layout.topic(self._topic.name))
        places = [TopicPartition(self._layout.topic(self._topic.name), p) for p in ends]
        # the admin client's way crashes while the broker has only just made the groups' topic (librdkafka #5040)
        group: Any = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self._options["group"]})

        def done() -> bool:
            try:
                found = {place.partition: place.offset for place in group.committed(places, timeout=10)}
            except KafkaException:
                return False
            return all(found.get(p, -1) >= end for p, end in ends.items() if end)

        try:
            _until(done, process, log, seconds, 0.2)
        finally:
            group.close()

    def wait_output(self, before: dict[int, int], process: subprocess.Popen[bytes], log: Path) -> float:
        """Until the output has grown beyond ``before``; the instant (Unix seconds)."""
        _until(lambda: self.output() != before, process, log, 120, 0.01)
        return time.time()

    def output(self) -> dict[int, int]:
        """The last stable offsets of the aggregates."""
        return self._ends(self._layout.topic(AGGREGATES[self.state.domain].name))

    def _ends(self, topic: str) -> dict[int, int]:
        from confluent_kafka import IsolationLevel, TopicPartition
        from confluent_kafka.admin import OffsetSpec

        asked = {TopicPartition(topic, p): OffsetSpec.latest() for p in range(PARTITIONS)}
        answer = self._admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED)
        return {place.partition: future.result(10).offset for place, future in answer.items()}


def _until(
    done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float, pause: float
) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if process.poll() is not None or time.monotonic() > deadline:
            end = log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(
                f"the worker {'ended' if process.poll() is not None else 'is too slow'}:\n{end}"
            )
        time.sleep(pause)


def measure(bootstrap: str, state: State, fetch: str, folder: Path) -> Record:
    """Fill, compute, kill, start again."""
    folder.mkdir()
    place = Course(bootstrap, state, fetch, folder)
    count = place.fill(state.events())
    first_log, log = folder / "first.log", folder / "second.log"
    begun = time.time()
    process = place.start(first_log)
    try:
        place.wait_done(process, first_log)
        computed = time.time() - begun
        time.sleep(2)
        full = psutil.Process(process.pid).memory_info().rss
    finally:
        _kill(process)
    before = place.output()
    place.fill(iter([receipt(1) if state.domain == "revenue" else permit(state.keys + 1)]))
    begun = time.time()
    process = place.start(log)
    try:
        seen = place.wait_output(before, process, log)
        again = psutil.Process(process.pid).memory_info().rss
    finally:
        _kill(process)
    claimed = [_instant(text) for text in CLAIMED.findall(log.read_text("utf-8", "replace"))]
    claim = max(claimed, default=seen)
    return {
        "state": state.name,
        "keys": state.keys,
        "events": count,
        "computed_s": round(computed, 1),
        "rss_mb": round(full / 2**20),
        "claim_s": round(claim - begun, 2),
        "output_s": round(seen - begun, 2),
        "claim_to_output_s": round(seen - claim, 2),
        "rss_after_mb": round(again / 2**20),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def main(fetch: str, only: list[str]) -> Record:
    """All states on one broker."""
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder,
        Broker(Path(folder) / "kafka") as broker,
    ):
        for number, state in enumerate(STATES):
            if only and state.name not in only:
                continue
            rows.append(measure(broker.bootstrap, state, fetch, Path(folder) / f"worker-{number}"))
            print(json.dumps(rows[-1]), flush=True)
    result = {"machine": machine(), "fetch": fetch, "states": rows, "bars": bars(rows)}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "recovery.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return result


def bars(rows: list[Record]) -> list[Record]:
    """What the figures are held to."""
    found = []
    for row in rows:
        if row["state"] == "1 M aggregate keys":
            found.append(
                {
                    "measure": "process start to first output, 1 M keys",
                    "wanted_s": BAR_SECONDS,
                    "s": row["output_s"],
                    "reached": row["output_s"] < BAR_SECONDS,
                }
            )
        if row["state"] == "1 M open permits":
            most = max(row["rss_mb"], row["rss_after_mb"])
            found.append(
                {
                    "measure": "memory of a worker, 1 M open permits",
                    "wanted_mb": BAR_MB,
                    "mb": most,
                    "reached": most < BAR_MB,
                }
            )
    return found

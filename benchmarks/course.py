"""A topic that is filled and the worker that computes it, with the events to fill it with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.load import murmur2
from schemas.catalogue import AGGREGATES, DOMAINS, Layout, create_topics
from schemas.codec import Codec
from schemas.registry import open_ids

ROOT = Path(__file__).parents[1]
PARTITIONS = 4
#: Who sends everything.
SOURCE = "/opd/2.18.01/perizinan"

Record = dict[str, Any]


def _envelope(kind: str) -> Record:
    return {
        "event_id": str(uuid.uuid4()),
        "source": SOURCE,
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
    """Topics under a prefix of their own on a broker, ``name``, and the options of their worker (worker.py)."""

    def __init__(
        self,
        bootstrap: str,
        name: str,
        domain: str,
        processor: str,
        fetch: str,
        folder: Path,
        regency: bool = False,
    ) -> None:
        from confluent_kafka.admin import AdminClient

        self.bootstrap = bootstrap
        self.layout = Layout(f"{name}.", PARTITIONS)
        self._admin: Any = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._options = {
            "bootstrap": bootstrap,
            "prefix": self.layout.prefix,
            "partitions": PARTITIONS,
            "group": name,
            "folder": str(folder),
            "fetch": fetch,
            "processor": processor,
            "regency": regency,
        }
        self._topic = DOMAINS[domain]
        self._output = AGGREGATES[domain]
        self._codec = Codec(self._topic.schema, open_ids(""))
        create_topics(self._admin, self.layout)

    def fill(self, records: Iterable[Record]) -> int:
        """Publish; returns how many."""
        from confluent_kafka import Producer

        settings = {"enable.idempotence": True, "linger.ms": 20, "compression.type": "lz4"}
        limits = {"queue.buffering.max.messages": 2_000_000, "batch.size": 500_000}
        producer: Any = Producer({"bootstrap.servers": self.bootstrap, **settings, **limits})
        count = 0
        for record in records:
            key = self._topic.key_of(record)
            name = self.layout.topic(self._topic.name)
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

        ends = self._ends(self.layout.topic(self._topic.name))
        places = [TopicPartition(self.layout.topic(self._topic.name), p) for p in ends]
        # the admin client's way crashes while the broker has only just made the groups' topic (librdkafka #5040)
        group: Any = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self._options["group"]})

        def done() -> bool:
            try:
                found = {place.partition: place.offset for place in group.committed(places, timeout=10)}
            except KafkaException:
                return False
            return all(found.get(p, -1) >= end for p, end in ends.items() if end)

        try:
            until(done, process, log, seconds, 0.2)
        finally:
            group.close()

    def wait_output(self, before: dict[int, int], process: subprocess.Popen[bytes], log: Path) -> float:
        """Until the output has grown beyond ``before``; the instant (Unix seconds)."""
        until(lambda: self.output() != before, process, log, 120, 0.01)
        return time.time()

    def output(self) -> dict[int, int]:
        """The last stable offsets of the aggregates."""
        return self._ends(self.layout.topic(self._output.name))

    def _ends(self, topic: str) -> dict[int, int]:
        from confluent_kafka import IsolationLevel, TopicPartition
        from confluent_kafka.admin import OffsetSpec

        asked = {TopicPartition(topic, p): OffsetSpec.latest() for p in range(PARTITIONS)}
        answer = self._admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED)
        return {place.partition: future.result(10).offset for place, future in answer.items()}


def until(
    done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float, pause: float
) -> None:
    """Ask ``done`` every ``pause`` seconds until it says so. Raises RuntimeError with the end of the worker's log when the
    worker ended or ``seconds`` have passed."""
    deadline = time.monotonic() + seconds
    while not done():
        if process.poll() is not None or time.monotonic() > deadline:
            end = log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(
                f"the worker {'ended' if process.poll() is not None else 'is too slow'}:\n{end}"
            )
        time.sleep(pause)


def kill(process: subprocess.Popen[bytes]) -> None:
    """``kill -9``."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)

"""Topics, a publisher, worker processes and plain readers for tests of the stream workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.catalogue import AGGREGATES, REVENUE, Layout
from schemas.codec import Codec
from schemas.registry import open_ids
from schemas.settings import KafkaSettings

WORKER = Path(__file__).with_name("stream_process.py")
Headers = list[tuple[str, bytes]]


@dataclass
class StreamStack:
    """One set of topics on a broker, and the workers of one group."""

    bootstrap: str
    layout: Layout
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    regency: bool = False
    product: bool = False
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from confluent_kafka import Producer

        self.codec = Codec("revenue.receipts", open_ids())
        self.topic = self.layout.topic(REVENUE.name)
        self.group = f"{self.layout.prefix}workers"
        self._producer: Any = Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True})

    def __enter__(self) -> StreamStack:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait(10)

    # ---- events in

    def publish(
        self, number: int, *, amount: int = 1, event_id: str | None = None, at: int | None = None
    ) -> None:
        """One receipt, counted in ``sent`` by department."""
        now = at if at is not None else time.time_ns() // 1_000_000
        record = {
            "event_id": event_id or str(uuid.uuid4()),
            "source": "/test",
            "opd": f"1.0{number % 3}",
            "occurred_at": now,
            "kind": "receipt",
            "cash_office": f"K{number % 50}",
            "account": "4.1.01",
            "amount": amount,
        }
        self.produce(self.codec.encode(record), REVENUE.key_of(record), timestamp=at or 0)
        self.sent[record["opd"]] = self.sent.get(record["opd"], 0) + 1

    def produce(
        self,
        value: bytes | None,
        key: bytes,
        headers: Headers | None = None,
        partition: int = -1,
        timestamp: int = 0,
    ) -> None:
        self._producer.produce(
            self.topic, value, key, partition=partition, headers=headers or [], timestamp=timestamp
        )
        self._producer.poll(0)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    # ---- workers

    def start(self, index: int = 0, **environment: str) -> subprocess.Popen[bytes]:
        kafka = KafkaSettings(
            bootstrap_servers=self.bootstrap,
            topic_prefix=self.layout.prefix,
            partitions=self.layout.partitions,
            timestamps=self.layout.timestamps,
        )
        options = {
            "kafka": kafka.model_dump(),
            "streams": {"group": self.group, "session_timeout_s": 6.0, **self.options},
            "index": index,
            "data_dir": str(self.folder),
            "regency": self.regency,
            "product": self.product,
        }
        log = (self.folder / f"worker-{index}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, str(WORKER), json.dumps(options)],
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
        log.close()
        self._running.append(process)
        return process

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    @staticmethod
    def end(process: subprocess.Popen[bytes]) -> int:
        """SIGTERM; the exit code. Fails when it takes ten seconds."""
        process.terminate()
        return process.wait(10)

    # ---- results out

    def read(self, topic: str) -> list[Any]:
        """All committed messages of a cluster topic, up to the end it has now."""
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        left = set(range(self.layout.partitions))
        consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
        found = []
        deadline = time.monotonic() + 30
        while left and time.monotonic() < deadline:
            for message in consumer.consume(1000, 0.1):
                if message.error() is None:
                    found.append(message)
                else:
                    assert message.error().name() == "_PARTITION_EOF", message.error()
                    left.discard(message.partition())
        consumer.close()
        assert not left, f"{topic} could not be read to its end"
        return found

    def table(self) -> dict[tuple[str, str], int]:
        """Metric and value to the sum over partitions of the highest versions, as readers do it."""
        codec = Codec("aggregates", open_ids())
        highest: dict[tuple[str, str, int], tuple[int, int]] = {}
        for message in self.read(self.layout.topic(AGGREGATES["revenue"].name)):
            value = codec.decode(message.value())
            key = (value["metric"], value["value"], value["source_partition"])
            if value["version"] >= highest.get(key, (-1, 0))[0]:
                highest[key] = (value["version"], value["amount"])
        sums: dict[tuple[str, str], int] = {}
        for (metric, name, _), (_, amount) in highest.items():
            sums[metric, name] = sums.get((metric, name), 0) + amount
        return sums

    def rows(self) -> dict[str, int]:
        """Rows by department, as the workers count them."""
        return {name: amount for (metric, name), amount in self.table().items() if metric == "toy.rows"}

    def positions(self) -> dict[int, tuple[int, int]]:
        """Partition to (committed, end); -1001 where nothing is committed."""
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": self.group, "enable.auto.commit": False}
        )
        try:
            asked = [TopicPartition(self.topic, p) for p in range(self.layout.partitions)]
            return {
                tp.partition: (tp.offset, consumer.get_watermark_offsets(tp, timeout=10)[1])
                for tp in consumer.committed(asked, timeout=10)
            }
        finally:
            consumer.close()

    def done(self) -> bool:
        """Whether the group has committed the end of every partition that has records; a broker that is just
        starting cannot say yet."""
        from confluent_kafka import KafkaException

        try:
            positions = self.positions()
        except KafkaException:
            return False
        return all(committed == end for committed, end in positions.values() if end)

    def wait(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(path.read_text()[-4000:] for path in sorted(self.folder.glob("worker-*.log")))

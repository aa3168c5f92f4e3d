"""An engine process, a sink process and events for the tests of the ClickHouse sink. All parts are real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from schemas.catalogue import PERMITS, Layout
from schemas.codec import Codec
from schemas.registry import current, open_ids
from schemas.settings import KafkaSettings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.settings import ClickHouseSettings

ENGINE = "import sys; from pathlib import Path; from infra.embedded.clickhouse import serve; serve(Path(sys.argv[1]), int(sys.argv[2]))"
SINK = """
import sys
from schemas.settings import KafkaSettings
from sinks.clickhouse.sink import run
from sinks.settings import ClickHouseSettings
run(KafkaSettings.model_validate_json(sys.argv[1]), ClickHouseSettings.model_validate_json(sys.argv[2]), http_port=0)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, check: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


@dataclass
class EngineProcess:
    """The embedded engine on a folder; start, stop and kill it like a server."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> EngineProcess:
        self.process = subprocess.Popen([sys.executable, "-c", ENGINE, str(self.folder), str(self.port)])
        wait_for("the engine answers", self._answers)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the engine died"
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:  # noqa: S310
                return answer.read() == b"Ok.\n"
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@cache
def _defaults() -> dict[str, Any]:
    return {f["name"]: f["default"] for f in json.loads(current("permits.steps"))["fields"] if "default" in f}


@dataclass
class SinkStack:
    """Topics of its own, a database of its own, and the sink between them."""

    bootstrap: str
    layout: Layout
    url: str
    block_ms: int = 50
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from confluent_kafka import Producer

        name = f"db_{uuid.uuid4().hex[:10]}"
        self.kafka = KafkaSettings(
            bootstrap_servers=self.bootstrap,
            topic_prefix=self.layout.prefix,
            partitions=self.layout.partitions,
        )
        self.settings = ClickHouseSettings(
            url=self.url, database=name, group=f"{self.layout.prefix}sink", block_ms=self.block_ms
        )
        self.codec = Codec("permits.steps", open_ids())
        self.topic = self.layout.topic(PERMITS.name)
        self.producer: Any = Producer(
            {"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "linger.ms": 2}
        )
        self.client = connect(self.settings)
        migrate(self.client, name)
        self.sent: dict[int, int] = {}

    def __enter__(self) -> SinkStack:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait(10)
        self.client.close()

    def start(self, failpoint: str = "") -> subprocess.Popen[bytes]:
        environment = os.environ | ({"NADI_FAILPOINT": failpoint} if failpoint else {})
        process = subprocess.Popen(
            [sys.executable, "-c", SINK, self.kafka.model_dump_json(), self.settings.model_dump_json()],
            env=environment,
        )
        self._running.append(process)
        return process

    def event(self, **changes: Any) -> dict[str, Any]:
        """A well-formed permit step."""
        record = {
            "event_id": str(uuid.uuid4()),
            "source": "dpmptsp-1",
            "opd": "2.16",
            "occurred_at": int(time.time() * 1000),
            "kind": "submitted",
            "case_id": uuid.uuid4().hex[:8],
            "mode": "live",
            "corrects": None,
            "correction_reason": None,
            "simulated": True,
        }
        return _defaults() | record | changes

    def publish(self, partition: int, value: bytes | None, **options: Any) -> None:
        self.producer.produce(self.topic, value=value, partition=partition, **options)
        self.producer.poll(0)
        self.sent[partition] = self.sent.get(partition, 0) + 1

    def publish_many(self, count: int, *, partitions: int = 4) -> None:
        for number in range(count):
            self.publish(number % partitions, self.codec.encode(self.event(register_number=number)))
        self.flush()

    def flush(self) -> None:
        assert self.producer.flush(30) == 0

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.client.query(sql.replace("{db}", self.settings.database)).result_rows)

    def offsets(self) -> dict[int, list[int]]:
        rows = self.query(
            "SELECT _partition, arraySort(groupArray(_offset)) FROM {db}.permits_steps GROUP BY _partition"
        )
        return {int(partition): [int(o) for o in offsets] for partition, offsets in rows}

    def stored(self) -> int:
        return int(self.query("SELECT count() FROM {db}.permits_steps")[0][0])

    def wait_for_rows(self, count: int, seconds: float = 120.0) -> None:
        wait_for(f"{count} rows", lambda: self.stored() >= count, seconds)

    def committed(self) -> dict[int, int]:
        from confluent_kafka import Consumer, TopicPartition

        reader: Any = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.settings.group})
        try:
            places = [TopicPartition(self.topic, p) for p in range(self.layout.partitions)]
            return {p.partition: p.offset for p in reader.committed(places, timeout=10)}
        finally:
            reader.close()

    def assert_exact(self) -> None:
        """Every offset that was sent is one row, whatever happened between."""
        assert self.offsets() == {partition: list(range(count)) for partition, count in self.sent.items()}

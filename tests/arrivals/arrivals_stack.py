"""The gateway and a stream worker as `nadi run` starts them, with keys as `nadi opd` gives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.access import issuing
from infra.embedded import ports
from infra.settings import PROFILES
from producers.access.keys import TYPE_PREFIX
from schemas import records
from schemas.catalogue import AGGREGATES, REVENUE
from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from schemas.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
PERMITS_OPD, REVENUE_OPD, OFFICE = "2.18.01", "5.02.02", "6.01.01"
REVENUE_SOURCE = "/opd/5.02.02/pajak"


@dataclass
class Keys:
    """``trial`` is a sandbox key of the revenue office."""

    revenue: str
    permits: str
    trial: str
    operator: str


def eventually(what: str, true: Callable[[], Any], seconds: float = 180.0) -> Any:
    """What ``true`` gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)
    return found


@dataclass
class ArrivalsStack:
    """One set of topics and one data folder; ``folder`` keeps the logs."""

    kafka: KafkaSettings
    folder: Path
    port: int = field(default_factory=lambda: ports.free()[0])
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.profile = Profile.load(PROFILES / "contoh")
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=60)

    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("NADI_")},
            "PYTHONPATH": str(ROOT),
            "NADI_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "NADI_KAFKA__TOPIC_PREFIX": self.kafka.topic_prefix,
            "NADI_KAFKA__PARTITIONS": str(self.kafka.partitions),
            "NADI_GATEWAY__PORT": str(self.port),
            "NADI_STREAMS__GROUP": f"{self.kafka.topic_prefix}workers",
            "NADI_DATA_DIR": str(self.folder / "data"),
        }

    def start(self, part: str) -> None:
        extra = ["--http-port", "0"] if part == "stream" else []
        with (self.folder / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(
                [sys.executable, "-m", "infra.cli", "run", part, *extra],
                cwd=self.folder, env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip
        if part == "gateway":
            eventually("the gateway is ready", self.ready)

    def ready(self) -> bool:
        assert self.processes["gateway"].poll() is None, (self.folder / "gateway.log").read_text()[-3000:]
        try:
            return self.http.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self, part: str) -> None:
        self.processes[part].kill()
        self.processes[part].wait()

    def close(self) -> None:
        for part in self.processes:
            self.kill(part)

    def key(self, opd: str, **wish: Any) -> str:
        return self._heard(issuing.add(self.kafka, self.profile, issuing.Wish(opd, **wish))[0].key)

    def operator(self) -> str:
        return self._heard(issuing.operator(self.kafka, self.profile, OFFICE, 1, ())[0].key)

    def _heard(self, key: str) -> str:
        """A key that the gateway has heard of."""
        eventually("the key is known", lambda: self.get("/v1/me", key).status_code == 200, 30)
        return key

    def event(self, amount: Any = 1_500_000, source: str = REVENUE_SOURCE, **data: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0", "id": str(uuid.uuid4()), "source": source,
            "type": f"{TYPE_PREFIX}revenue.receipts.receipt.v1", "time": "2026-11-27T09:30:00+07:00",
            "data": {"cash_office": "KAS-01", "account": "4.1.01.09.01.0001", "amount": amount, **data},
        }  # fmt: skip

    def send(self, event: Any, key: str, path: str = "/v1/events") -> httpx.Response:
        kind = "cloudevents-batch+json" if isinstance(event, list) else "cloudevents+json"
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        given = {"authorization": f"Bearer {key}", "content-type": f"application/{kind}"}
        return self.http.post(path, content=content, headers=given)

    def get(self, path: str, key: str) -> httpx.Response:
        return self.http.get(path, headers={"authorization": f"Bearer {key}"})

    def past_the_gateway(self, **changes: Any) -> str:
        """An event written to Kafka by other means, which the worker refuses; its event id."""
        from confluent_kafka import Producer

        record = {
            "event_id": str(uuid.uuid4()), "source": REVENUE_SOURCE, "opd": REVENUE_OPD, "occurred_at": 1_795_000_000_000,
            "kind": "receipt", "cash_office": "KAS-01", "account": "4.1.01.09.01.0001", "amount": -5_000_000, **changes,
        }  # fmt: skip
        producer: Any = Producer({"bootstrap.servers": self.kafka.bootstrap_servers})
        producer.produce(
            self.kafka.layout().topic(REVENUE.name), Codec(REVENUE.schema, open_ids()).encode(record),
            REVENUE.key_of(record), headers=headers(record, REVENUE.name),
        )  # fmt: skip
        assert producer.flush(30) == 0
        return str(record["event_id"])

    def total(self) -> dict[tuple[str, str, str], int]:
        """What is counted in the regency: (metric, dimension, value) to the sum of the highest versions."""
        topic, codec = (
            self.kafka.layout().topic(AGGREGATES["revenue"].name),
            Codec("aggregates", open_ids()),
        )
        found: dict[Any, tuple[int, int]] = {}
        for message in records.read_topics(self.kafka.bootstrap_servers, [topic]):
            row = codec.decode(message.value())
            key = tuple(
                row[n]
                for n in ("metric", "dimension", "value", "local_day", "source_topic", "source_partition")
            )
            if row["version"] >= found.get(key, (-1, 0))[0]:
                found[key] = (row["version"], row["amount"])
        sums: dict[tuple[str, str, str], int] = {}
        for key, (_, amount) in found.items():
            sums[key[:3]] = sums.get(key[:3], 0) + amount
        return sums

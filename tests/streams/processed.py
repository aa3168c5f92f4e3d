"""Receipts and permits that a real worker has processed on a real broker, for tests of what comes after."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from domain_rows import SOURCE, record

from infra.settings import Settings
from infra.state.logs import headers
from schemas.catalogue import DOMAINS, Layout
from schemas.codec import Codec
from schemas.registry import open_ids
from streams.settings import StreamSettings

HOUR_MS = 3_600_000
EVENTS = 400


@dataclass
class Processed:
    """``settings`` name the broker and no ClickHouse. Case C<n> has the events of ids 4n to 4n+3; every other is open."""

    settings: Settings
    layout: Layout
    producer: Any

    def send(self, topic: Any, value: dict[str, Any], stamp: int = 0, partition: int = -1) -> None:
        """Publish; ``stamp`` is the record's timestamp where the topics are laid out for it. Without ``partition`` the key
        chooses."""
        encoded = Codec(topic.schema, open_ids()).encode(value)
        name = self.layout.topic(topic.name)
        self.producer.produce(name, encoded, topic.key_of(value), timestamp=stamp, partition=partition)
        self.producer.poll(0)

    def flush(self) -> None:
        assert self.producer.flush(30) == 0


def empty(kafka: Any, **layout_options: Any) -> Processed:
    """Topics of their own that nothing was published to; options as ``Layout``."""
    from confluent_kafka import Producer

    layout = kafka.layout(**layout_options)
    settings = Settings.model_construct(
        kafka=kafka.settings(layout),
        streams=StreamSettings(group=f"{layout.prefix}workers"),
        clickhouse=Settings().clickhouse,
        wallboard=Settings().wallboard.model_copy(update={"port": 1}),  # nothing answers there
    )
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    return Processed(settings, layout, producer)


def processed(kafka: Any, folder: Path) -> Processed:
    """Publish, and run a worker until it has committed all of it."""
    found = empty(kafka)
    now = time.time_ns() // 1_000_000
    for number in range(EVENTS):
        common = {
            "event_id": str(UUID(int=number)),
            "source": SOURCE,
            "opd": "1.01",
            "occurred_at": now - number * HOUR_MS,
        }
        corrects = str(UUID(int=number - 10)) if number % 20 == 10 else None
        revenue = record(
            "revenue", **common, kind="receipt", cash_office=f"K{number % 5}", account="4.1.01",
            amount=number, channel="cash", corrects=corrects,
        )  # fmt: skip
        found.send(DOMAINS["revenue"], revenue)
        if number % 7 == 0:
            found.send(DOMAINS["revenue"], revenue)  # a retry
        last = "issued" if number % 8 < 4 else "started"  # the old ones of the open cases are late
        kind = (last, "returned", "accepted", "submitted")[number % 4]
        permit = record(
            "permits", **common, kind=kind, case_id=f"C{number // 4}", permit_type="PBG", unit="LOKET"
        )
        found.send(DOMAINS["permits"], permit)
    ceiling = record(
        "budget", event_id=str(UUID(int=EVENTS)), source=SOURCE, opd="1.01", occurred_at=now, kind="ceiling",
        fiscal_year=2026, program="1.01.01", activity="1.01.01.1", sub_activity="1.01.01.1.1", account="5.1.02",
        amount=10**9, ceiling_stage="APBD",
    )  # fmt: skip
    found.send(DOMAINS["budget"], ceiling)
    found.producer.produce(found.layout.topic("revenue.receipts"), b"\x07junk", b"k")
    found.flush()
    wanted = {
        "revenue.receipts": EVENTS + EVENTS // 7 + 2,
        "permits.steps": EVENTS,
        "budget.disbursements": 1,
    }
    run(found, folder, lambda: committed(found.settings) == wanted)
    return found


def run(found: Processed, folder: Path, done: Callable[[], bool], regency: str = "prompt") -> None:
    """Run a worker until something is so; ``regency`` is one of ``reference_worker.REGENCIES``."""
    settings, log = found.settings, folder / "worker.log"
    with log.open("wb") as stream:
        worker = subprocess.Popen(
            [
                sys.executable, str(Path(__file__).with_name("reference_worker.py")),
                settings.kafka.model_dump_json(), settings.streams.model_dump_json(), str(folder), regency,
            ],
            stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not done():
            assert time.monotonic() < deadline, (committed(settings), log.read_text()[-3000:])
            time.sleep(0.2)
    finally:
        worker.terminate()
        try:
            worker.wait(15)
        except subprocess.TimeoutExpired:  # a busy machine: what is committed is whole all the same
            worker.kill()
            worker.wait(15)


def committed(settings: Settings) -> dict[str, int]:
    """Offsets committed by topic, those of no events left out."""
    done: dict[str, int] = {}
    for header in headers(settings.kafka).values():
        for topic, lane in header.lanes.items():
            done[topic] = done.get(topic, 0) + lane.position
    return {topic: count for topic, count in done.items() if count}

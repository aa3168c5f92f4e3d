"""`nadi state verify` on a real broker: equal after real workers, and a wrong figure is found and named."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from domain_rows import SOURCE, record
from reference_worker import prompt

from infra.records import read_topics
from infra.settings import Settings
from infra.verify import verify
from infra.verify.published import newest
from schemas.catalogue import AGGREGATES, ALERTS, DOMAINS
from schemas.codec import Codec
from schemas.registry import open_ids
from schemas.settings import KafkaSettings
from streams.settings import StreamSettings

pytestmark = pytest.mark.kafka


def _send(producer: Any, layout: Any, topic: Any, record_: dict[str, Any]) -> None:
    value = Codec(topic.schema, open_ids()).encode(record_)
    producer.produce(layout.topic(topic.name), value, topic.key_of(record_))
    producer.poll(0)


def test_verify_agrees_and_finds_a_wrong_figure(kafka: Any, tmp_path: Path) -> None:
    from confluent_kafka import Producer

    layout = kafka.layout()
    given = KafkaSettings(
        bootstrap_servers=kafka.bootstrap, topic_prefix=layout.prefix, partitions=layout.partitions
    )
    streams = StreamSettings(group=f"{layout.prefix}workers")
    settings = Settings.model_construct(
        kafka=given, streams=streams, clickhouse=Settings().clickhouse, wallboard=Settings().wallboard
    )
    settings.wallboard.port = 1  # nothing answers there
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    now = time.time_ns() // 1_000_000
    hour = 3_600_000
    for number in range(400):
        common = {
            "event_id": str(UUID(int=number)),
            "source": SOURCE,
            "opd": "1.01",
            "occurred_at": now - number * hour,
        }
        corrects = str(UUID(int=number - 10)) if number % 20 == 10 else None
        revenue = record(
            "revenue", **common, kind="receipt", cash_office=f"K{number % 5}", account="4.1.01",
            amount=number, channel="cash", corrects=corrects,
        )  # fmt: skip
        _send(producer, layout, DOMAINS["revenue"], revenue)
        if number % 7 == 0:
            _send(producer, layout, DOMAINS["revenue"], revenue)  # a retry
        last = (
            "issued" if number % 8 < 4 else "started"
        )  # every other case is open, and the old ones are late
        kind = (last, "returned", "accepted", "submitted")[number % 4]
        permit = record(
            "permits", **common, kind=kind, case_id=f"C{number // 4}", permit_type="PBG", unit="LOKET"
        )
        _send(producer, layout, DOMAINS["permits"], permit)
    assert producer.flush(30) == 0
    producer.produce(layout.topic("revenue.receipts"), b"\x07junk", b"k")
    producer.flush(30)
    worker = subprocess.Popen(
        [
            sys.executable, str(Path(__file__).with_name("reference_worker.py")), given.model_dump_json(),
            streams.model_dump_json(), str(tmp_path),
        ],
        stdout=(log := (tmp_path / "worker.log").open("wb")), stderr=log,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            reports = {
                domain: verify(domain, settings, prompt(), lambda *_: None)
                for domain in ("revenue", "permits")
            }
            if all(r.events and not r.behind for r in reports.values()):
                break
            assert time.monotonic() < deadline, (reports, (tmp_path / "worker.log").read_text()[-3000:])
            time.sleep(0.5)
    finally:
        worker.terminate()
        worker.wait(15)
    assert all(report.ok and report.same_profile for report in reports.values()), reports
    assert reports["revenue"].repeats == 58
    assert reports["revenue"].refused == 1
    assert reports["revenue"].figures > 50
    assert reports["permits"].figures > 50
    assert reports["permits"].standing_alerts > 20

    codec = Codec("aggregates", open_ids())
    name = layout.topic(AGGREGATES["revenue"].name)
    message = next(iter(read_topics(kafka.bootstrap, [name])))
    lie = codec.decode(message.value())
    figure = (lie["metric"], lie["dimension"], lie["value"], lie["local_day"])
    standing = newest("revenue", settings)[figure][lie["source_partition"]]
    lie.update(amount=standing.amount + 1, version=standing.version)
    _send(producer, layout, AGGREGATES["revenue"], lie)
    producer.flush(30)
    found = verify("revenue", settings, prompt(), lambda *_: None).differences
    assert [(d.metric, d.dimension, d.value, d.local_day) for d in found] == [figure]
    assert found[0].state == found[0].reference
    assert found[0].topic == found[0].reference + 1

    alerts = Codec(ALERTS.schema, open_ids())
    message = next(iter(read_topics(kafka.bootstrap, [layout.topic(ALERTS.name)])))
    invented = {**alerts.decode(message.value()), "alert_id": str(UUID(int=1)), "subject": "C-none"}
    _send(producer, layout, ALERTS, invented)
    producer.flush(30)
    report = verify("permits", settings, prompt(), lambda *_: None)
    assert not report.ok
    assert [(a.subject, a.state, a.reference) for a in report.alerts] == [("C-none", None, None)]

    other = dataclasses.replace(prompt(), hash="1" * 64)
    assert not verify("revenue", settings, other, lambda *_: None).same_profile

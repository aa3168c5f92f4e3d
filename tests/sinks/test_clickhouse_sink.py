"""The sink between a real broker and a real engine: every record is a row once, or a dead letter, whatever dies."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_stack import EngineProcess, SinkStack, wait_for

from schemas.acceptance import FUTURE_LIMIT_MS
from schemas.catalogue import PERMITS
from sinks.clickhouse.audit import audit

pytestmark = pytest.mark.kafka


@pytest.fixture
def stack(kafka: Any, engine_url: str) -> Iterator[SinkStack]:
    with SinkStack(kafka.bootstrap, kafka.layout(), engine_url) as found:
        yield found


@pytest.mark.parametrize("where", ["embedded", pytest.param("server", marks=pytest.mark.docker)])
def test_rows_are_exact_and_audited(kafka: Any, where: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("engine_url" if where == "embedded" else "server_url")
    with SinkStack(kafka.bootstrap, kafka.layout(), url) as stack:
        stack.publish_many(400)
        process = stack.start()
        stack.wait_for_rows(400)
        stack.publish_many(40)
        stack.wait_for_rows(440)
        stack.assert_exact()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert stack.committed() == stack.sent
        report = audit(stack.client, stack.settings.database, stack.settings.group)
        assert [(p.topic, p.partition, p.rows, p.ok) for p in report] == [
            (PERMITS.name, n, 110, True) for n in range(4)
        ]


@pytest.mark.parametrize(
    "failpoint",
    ["before-letters", "before-intent", "after-intent", "during-insert", "after-insert", "after-commit:1"],
)
def test_a_killed_sink_leaves_no_gap_and_no_double(stack: SinkStack, failpoint: str) -> None:
    stack.publish_many(300)
    stack.publish(0, b"\x00\x00\x00\x00\x01broken")
    stack.flush()
    assert stack.start(failpoint).wait(120) == -signal.SIGKILL
    stack.publish_many(100)
    stack.start()
    stack.wait_for_rows(400)
    wait_for("the letter", lambda: bool(letters(stack)))
    time.sleep(0.5)
    report = audit(stack.client, stack.settings.database, stack.settings.group)
    assert sum(p.rows for p in report) == 400
    assert sum(p.dead_letters for p in report) == 1
    assert all(p.ok for p in report), report
    assert {p.partition: p.last + 1 for p in report} == stack.sent


def letters(stack: SinkStack) -> list[tuple[Any, ...]]:
    return stack.query(
        "SELECT DISTINCT original_topic, original_partition, original_offset, reason FROM {db}.dead_letters ORDER BY ALL"
    )


def test_a_killed_engine_loses_nothing(kafka: Any, tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "engine").start()
    try:
        with SinkStack(kafka.bootstrap, kafka.layout(), engine.url) as stack:
            stack.publish_many(40)
            sink = stack.start()
            stack.wait_for_rows(40)
            for _ in range(3):
                for _ in range(10):
                    stack.publish_many(20)
                    time.sleep(0.03)
                engine.kill()
                stack.publish_many(20)
                engine.start()
            expected = sum(stack.sent.values())
            stack.wait_for_rows(expected)
            time.sleep(0.5)
            stack.assert_exact()
            assert sink.poll() is None, "the sink outlives the engine"
    finally:
        engine.kill()


@pytest.mark.skipif(
    not shutil.which("strace"), reason="no strace: the engine's own system calls are no kill points here"
)
@pytest.mark.parametrize("call", ["/^rename:when=1", "/^rename:when=2", "/^write:when=9"])
def test_an_engine_killed_in_its_system_calls_loses_nothing(kafka: Any, tmp_path: Path, call: str) -> None:
    """MergeTree logs an insert's token before it renames the part: killed between the two, a token alone loses it."""
    engine = EngineProcess(tmp_path / "engine").start()
    assert engine.process is not None
    names, _, when = call.partition(":")
    try:
        with SinkStack(kafka.bootstrap, kafka.layout(), engine.url) as stack:
            stack.publish_many(40)
            stack.start()
            stack.wait_for_rows(40)
            inject = [f"trace={names}", f"inject={names}:signal=SIGKILL:{when}"]
            tracer = subprocess.Popen(
                [
                    "strace",
                    "-f",
                    "-qq",
                    "-o",
                    str(tmp_path / "calls"),
                    "-p",
                    str(engine.process.pid),
                    "-e",
                    inject[0],
                    "-e",
                    inject[1],
                ],
                stderr=subprocess.PIPE,
            )
            time.sleep(1.0)
            if tracer.poll() is not None:
                pytest.skip(f"strace may not attach here: {tracer.stderr.read()!r}")  # type: ignore[union-attr]
            try:
                for _ in range(200):  # strace counts calls by thread, and the engine has many
                    stack.publish_many(8)
                    if engine.process.poll() is not None:
                        break
                    time.sleep(0.1)
                assert engine.process.poll() is not None, "the engine never came to that call"
            finally:
                tracer.kill()
                tracer.wait(10)
                engine.kill()
            engine.start()
            stack.wait_for_rows(sum(stack.sent.values()))
            time.sleep(0.5)
            stack.assert_exact()
    finally:
        engine.kill()


def test_bad_records_are_dead_letters_byte_for_byte(stack: SinkStack) -> None:
    good = stack.event()
    now = int(time.time() * 1000)
    bad: dict[str, bytes | None] = {
        "NullValue": None,
        "BadMagic": b"\x01\x00\x00\x00\x01xxxx",
        "UnknownSchemaId": b"\x00\x00\x0f\xff\xffxxxx",
        "Truncated": stack.codec.encode(good)[:40],
        "TrailingBytes": stack.codec.encode(good) + b"\x00",
        "BadEventId": stack.codec.encode(stack.event(event_id="ONE")),
        "MissingKey": stack.codec.encode(stack.event(opd="")),
        "NegativeAmount": stack.codec.encode(stack.event(fee_paid=-1)),
        "FarFuture": stack.codec.encode(stack.event(occurred_at=now + FUTURE_LIMIT_MS + 86_400_000)),
    }
    stack.publish(1, stack.codec.encode(good))
    for reason, value in bad.items():
        stack.publish(1, value, key=reason.encode(), headers=[("ce_id", b"\xff\x00")])
    stack.publish(1, stack.codec.encode(stack.event(occurred_at=now + 3 * 86_400_000)))
    stack.flush()
    stack.start()
    stack.wait_for_rows(2)
    wait_for("all letters", lambda: len(letters(stack)) == len(bad))
    assert stack.query("SELECT _offset, is_future FROM {db}.permits_steps ORDER BY _offset") == [
        (0, False),
        (10, True),
    ]
    rows = stack.client.query(
        f"SELECT reason, hex(key), if(value IS NULL, NULL, hex(value)), original_offset, stage, consumer_group, "
        f"hex(headers[1].2) FROM {stack.settings.database}.dead_letters ORDER BY original_offset"
    ).result_rows
    assert [
        (reason, bytes.fromhex(key).decode(), None if value is None else bytes.fromhex(value), offset)
        for reason, key, value, offset, *_ in rows
    ] == [(reason, reason, value, n) for n, (reason, value) in enumerate(bad.items(), 1)]
    assert {(stage, group, header) for *_, stage, group, header in rows} == {
        ("insert", stack.settings.group, "FF00")
    }
    (only,) = audit(stack.client, stack.settings.database, stack.settings.group)
    assert (only.rows, only.dead_letters, only.ok) == (2, 9, True)


def test_repeats_are_marked_also_after_a_restart(stack: SinkStack) -> None:
    value = stack.codec.encode(stack.event())
    for _ in range(2):
        stack.publish(2, value)
    stack.flush()
    first = stack.start()
    stack.wait_for_rows(2)
    first.kill()
    first.wait(10)
    stack.publish(2, value)
    stack.publish(2, stack.codec.encode(stack.event()))
    stack.flush()
    stack.start()
    stack.wait_for_rows(4)
    marks = stack.query("SELECT is_repeat FROM {db}.permits_steps ORDER BY _offset")
    assert [mark for (mark,) in marks] == [False, True, True, False]
    assert all(p.ok for p in audit(stack.client, stack.settings.database, stack.settings.group))


def test_what_contradicts_the_table_stops_the_sink(
    stack: SinkStack, kafka: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition

    stack.publish_many(40)
    first = stack.start()
    stack.wait_for_rows(40)
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0

    admin = kafka.admin()

    def set_offset(offset: int) -> None:
        """As an administrator would; the group must be empty, so wait until its static member is forgotten."""
        other: Any = Consumer({"bootstrap.servers": stack.bootstrap, "group.id": stack.settings.group})
        (place,) = other.committed([TopicPartition(stack.topic, 0)], timeout=10)
        other.close()
        place.offset = offset

        def done() -> bool:
            wanted = ConsumerGroupTopicPartitions(stack.settings.group, [place])
            try:
                answer = admin.alter_consumer_group_offsets([wanted])[stack.settings.group].result(10)
            except KafkaException:
                return False
            return all(p.error is None for p in answer.topic_partitions)

        wait_for("the group takes the offset", done)

    set_offset(3)
    assert stack.start().wait(120) != 0
    assert "never to the beginning" in capfd.readouterr().err
    assert stack.stored() == 40
    set_offset(10)
    stack.client.command(f"TRUNCATE TABLE {stack.settings.database}.permits_steps")
    assert stack.start().wait(120) != 0
    assert "The table lost rows" in capfd.readouterr().err


def test_values_and_alerts_arrive(stack: SinkStack) -> None:
    from clickhouse_rows import full_record

    from schemas.catalogue import AGGREGATES, ALERTS
    from schemas.codec import Codec
    from schemas.registry import open_ids

    codec = Codec("aggregates", open_ids())
    topic = stack.layout.topic(AGGREGATES["permits"].name)
    for version in (5, 7, 6):
        record = full_record("aggregates", full=True) | {"version": version, "amount": version * 100}
        stack.producer.produce(topic, value=codec.encode(record), partition=0)
    alert = full_record("risk.alerts", full=True) | {"alert_id": str(uuid.uuid4())}
    for revision in (1, 2):
        stack.producer.produce(
            stack.layout.topic(ALERTS.name),
            value=Codec("risk.alerts", open_ids()).encode(alert | {"revision": revision}),
            partition=1,
        )
    stack.flush()
    stack.start()
    wait_for("alert", lambda: stack.query("SELECT revision FROM {db}.alerts FINAL") == [(2,)])
    wait_for("value", lambda: stack.query("SELECT amount, version FROM {db}.aggregates FINAL") == [(700, 7)])


def test_metrics_and_health(stack: SinkStack) -> None:
    from sinks.clickhouse import sink as module

    stack.publish_many(8)
    sink = module.Sink(stack.kafka, stack.settings)
    server = module.serve(0, lambda: (sink.assigned, "x"), lambda: (True, "x"))
    try:
        while stack.stored() < 8:
            sink.step()
        with urllib.request.urlopen(f"{server.url}/metrics", timeout=5) as answer:  # noqa: S310
            text = answer.read().decode()
        for name in (
            'nadi_sink_rows_total{table="permits_steps"}',
            "nadi_sink_flush_duration_seconds_count",
            f'nadi_sink_queryable_offset{{partition="0",topic="{PERMITS.name}"}} 2.0',
            'nadi_processor_event_age_seconds_count{stage="queryable"}',
        ):
            assert name in text, name
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=5) as answer:  # noqa: S310
            assert answer.status == 200
    finally:
        sink.close()
        server.close()

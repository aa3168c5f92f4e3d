"""The embedded broker: starts, keeps its data, creates no topic by itself, listens on 127.0.0.1 only."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer

from infra.embedded import kafka as embedded
from schemas.catalogue import PERMITS
from tests.conftest import TestKafka


@pytest.mark.kafka
def test_topics_are_as_catalogued(kafka: TestKafka) -> None:
    layout = kafka.layout(partitions=3)
    topics = kafka.admin().list_topics(timeout=10).topics
    for name, (partitions, _) in layout.configurations().items():
        assert len(topics[name].partitions) == partitions


@pytest.mark.kafka
def test_no_topic_appears_by_itself(kafka: TestKafka) -> None:
    assert "nowhere" not in kafka.admin().list_topics("nowhere", timeout=10).topics or (
        kafka.admin().list_topics("nowhere", timeout=10).topics["nowhere"].error is not None
    )


@pytest.mark.kafka
def test_data_is_kept_between_runs(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    with embedded.Broker(folder, keep=True) as broker:
        kafka = TestKafka(broker.bootstrap)
        topic = kafka.layout("").topic(PERMITS.name)
        producer = Producer({"bootstrap.servers": broker.bootstrap})
        producer.produce(topic, b"kept", partition=0)
        assert producer.flush(10) == 0
        assert broker.process is not None
        listening = psutil.Process(broker.process.pid).net_connections("tcp")
        hosts = {c.laddr.ip.removeprefix("::ffff:") for c in listening if c.status == psutil.CONN_LISTEN}
        assert hosts == {"127.0.0.1"}
    with embedded.Broker(folder, keep=True) as broker:
        consumer = Consumer(
            {"bootstrap.servers": broker.bootstrap, "group.id": "g", "auto.offset.reset": "earliest"}
        )
        consumer.subscribe([topic])
        deadline = time.monotonic() + 20
        message = None
        while message is None and time.monotonic() < deadline:
            message = consumer.poll(0.5)
        consumer.close()
        assert message is not None
        assert message.value() == b"kept"

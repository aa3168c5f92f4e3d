"""The instruments of the fault tests themselves: a cluster that loses nodes, a network that stands still."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from infra import records
from schemas.catalogue import REVENUE
from tests.conftest import TestKafka
from tests.faults.cluster import Cluster


def produce(bootstrap: str, topic: str, first: int, count: int, partitions: int) -> None:
    """Numbers as values, in transactions, so that __transaction_state is needed as well."""
    producer: Any = Producer(
        {"bootstrap.servers": bootstrap, "transactional.id": f"numbers-{first}", "log_level": 0}
    )
    producer.init_transactions(60)
    producer.begin_transaction()
    for number in range(first, first + count):
        producer.produce(topic, str(number).encode(), partition=number % partitions)
    producer.commit_transaction(60)


def numbers(bootstrap: str, topic: str) -> list[int]:
    places = records.partitions(bootstrap, [topic])
    return sorted(int(m.value()) for m in records.read(bootstrap, dict.fromkeys(places)))


@pytest.mark.timeout(400)
def test_three_brokers_lose_no_record_when_leaders_die_or_freeze(tmp_path: Path) -> None:
    with Cluster(tmp_path / "cluster", 3) as cluster:
        layout = TestKafka(cluster.bootstrap).layout(partitions=3, replication=3)
        topic = layout.topic(REVENUE.name)
        cluster.wait_in_sync()
        produce(cluster.bootstrap, topic, 0, 300, 3)
        inside = cluster._metadata().topics
        for name in ("__transaction_state", topic):
            assert {len(p.replicas) for p in inside[name].partitions.values()} == {3}
        killed = cluster.kill_leader(topic, 0)
        began = time.monotonic()
        cluster.wait_led()
        print(f"led again after {time.monotonic() - began:.1f} s")
        assert cluster.leader(topic, 0) not in (-1, killed)
        produce(cluster.bootstrap, topic, 300, 300, 3)
        cluster.restart(killed)
        cluster.wait_in_sync()
        frozen = cluster.leader(topic, 1)
        cluster.pause(frozen)
        cluster.wait_led()
        assert cluster.leader(topic, 1) != frozen
        produce(cluster.bootstrap, topic, 600, 300, 3)
        cluster.resume(frozen)
        cluster.wait_in_sync()
        assert numbers(cluster.bootstrap, topic) == list(range(900))


@pytest.mark.timeout(300)
def test_a_consumer_behind_the_proxy_stalls_and_resumes(tmp_path: Path) -> None:
    with Cluster(tmp_path / "cluster", 1, proxied=True) as cluster:
        layout = TestKafka(cluster.bootstrap).layout(partitions=1)
        topic = layout.topic(REVENUE.name)
        (proxy,) = cluster.proxies
        seen = AdminClient({"bootstrap.servers": cluster.proxied_bootstrap}).list_topics(timeout=10).brokers
        assert {broker.port for broker in seen.values()} == {proxy.port}
        consumer = Consumer(
            {
                "bootstrap.servers": cluster.proxied_bootstrap,
                "group.id": "behind",
                "auto.offset.reset": "earliest",
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        consumer.subscribe([topic])
        got: list[int] = []

        def hear(seconds: float, until: int) -> None:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and len(got) < until:
                got.extend(int(m.value()) for m in consumer.consume(1000, 0.1) if m.error() is None)

        produce(cluster.bootstrap, topic, 0, 100, 1)
        hear(30, 100)
        assert len(got) == 100
        proxy.stall()
        passed = proxy.passed
        produce(cluster.bootstrap, topic, 100, 100, 1)
        hear(3, 101)
        assert len(got) == 100
        assert proxy.passed == passed
        proxy.resume()
        hear(30, 200)
        assert got == list(range(200))
        proxy.delay(0.3)
        accepted = proxy.accepted
        proxy.cut()
        produce(cluster.bootstrap, topic, 200, 100, 1)
        hear(30, 300)
        assert got == list(range(300))
        assert proxy.accepted > accepted
        began = time.monotonic()
        consumer.get_watermark_offsets(consumer.assignment()[0], timeout=20, cached=False)
        assert time.monotonic() - began >= 0.6  # there and back
        consumer.close()

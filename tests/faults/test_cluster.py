"""The instruments of the fault tests themselves: a cluster that loses nodes, a network that stands still."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import records
from schemas.catalogue import REVENUE
from schemas.settings import EXACT_PRODUCER
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


@pytest.mark.timeout(300)
def test_a_committed_transaction_is_whole_after_its_broker_was_killed(tmp_path: Path) -> None:
    """Kafka 4.3 and 4.4 leave out the markers of partitions that have no leader yet (KAFKA-20734); what the same producer
    aborts next takes the committed records along."""
    with Cluster(tmp_path / "cluster", 1) as cluster:
        admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
        for turn in range(2):
            names = [f"turn{turn}.{n}" for n in range(3)]
            for made in admin.create_topics([NewTopic(name, 2, 1) for name in names]).values():
                made.result(30)
            writers = [Writer(cluster.bootstrap, names, f"{turn}-{n}") for n in range(16)]
            for writer in writers:
                writer.start()
            time.sleep(3)
            cluster.kill(1)
            cluster.restart(1)
            for writer in writers:
                writer.ended.set()
                writer.join(90)
                writer.abort_one()
            places = records.partitions(cluster.bootstrap, names)
            seen: dict[tuple[str, int], set[bytes]] = {place: set() for place in places}
            for message in records.read(cluster.bootstrap, dict.fromkeys(places)):
                seen[message.topic(), message.partition()].add(message.value())
            acknowledged = {value for writer in writers for value in writer.acknowledged}
            whole = seen.popitem()[1]
            assert acknowledged
            assert acknowledged <= whole
            assert all(values == whole for values in seen.values())


class Writer(threading.Thread):
    """One transaction after another, each with its number on every partition of the topics, until the broker dies."""

    def __init__(self, bootstrap: str, topics: list[str], name: str) -> None:
        super().__init__()
        self.topics, self.acknowledged, self.ended = topics, list[bytes](), threading.Event()
        self.options = EXACT_PRODUCER | {
            "bootstrap.servers": bootstrap, "transactional.id": name, "log_level": 0, "linger.ms": 0,
        }  # fmt: skip

    def run(self) -> None:
        producer: Any = Producer(self.options)
        with contextlib.suppress(KafkaException):
            producer.init_transactions(60)
            while not self.ended.is_set():
                value = f"{self.options['transactional.id']}/{len(self.acknowledged)}".encode()
                self._write(producer, value)
                producer.commit_transaction(2)
                self.acknowledged.append(value)

    def abort_one(self) -> None:
        """What a worker does that was killed with the broker, and started again, and killed again."""
        producer: Any = Producer(self.options)
        producer.init_transactions(60)
        self._write(producer, b"aborted")
        producer.abort_transaction(60)

    def _write(self, producer: Any, value: bytes) -> None:
        producer.begin_transaction()
        for topic in self.topics:
            for partition in (0, 1):
                producer.produce(topic, value, partition=partition)

"""The gateway is killed, a second one starts, the broker is away: nothing is lost and nothing stands twice."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_running import Running

from infra.embedded import ports
from infra.embedded.kafka import BrokerFolder
from producers.gateway.examples import cloud_event
from schemas.catalogue import Layout, create_topics
from schemas.records import read_topics
from schemas.settings import KafkaSettings
from tests.broker_process import start_broker

pytestmark = pytest.mark.kafka
KILLS = 3


def event(number: int = 0) -> dict[str, Any]:
    made = cloud_event("permits.steps", str(uuid.uuid4()))
    return {**made, "data": {**made["data"], "case_id": f"K-{number % 50}"}}


def stored(kafka: KafkaSettings) -> Counter[str]:
    """How often each event stands on the topic."""
    topic = kafka.layout().topic("permits.steps")
    return Counter(dict(m.headers())["ce_id"].decode() for m in read_topics(kafka.bootstrap_servers, [topic]))


def test_the_index_is_read_again(kafka: Any, tmp_path: Path) -> None:
    gateway = Running(kafka.settings(kafka.layout()), tmp_path / "log")
    try:
        events = [event() for _ in range(5)]
        before = gateway.send(events).json()["items"]
        gateway.kill()
        gateway.start(wait=False)
        early = 0
        while not gateway.ready():
            try:
                answer = gateway.send(events[0])
                assert answer.status_code in (202, 503), answer.text
                early += answer.status_code == 503
            except httpx.TransportError:
                time.sleep(0.02)
        after = gateway.send([*events, event()])
        items = after.json()["items"]
        assert [item["receipt"] for item in items[:5]] == [item["receipt"] for item in before]
        assert [item["replayed"] for item in items] == [True] * 5 + [False]
        changed = gateway.send({**events[0], "data": {"case_id": "LAIN"}})
        assert changed.status_code == 422
        assert early, "no request came before the index was read"
    finally:
        gateway.kill()


def test_a_second_gateway_ends_the_first(kafka: Any, tmp_path: Path) -> None:
    settings = kafka.settings(kafka.layout())
    first = Running(settings, tmp_path / "first")
    second = None
    try:
        sent = event()
        receipt = first.send(sent).json()
        second = Running(settings, tmp_path / "second")
        assert first.process.wait(15) != 0
        assert "another gateway took the claim" in (tmp_path / "first").read_text()
        assert second.send(sent).json() == receipt
    finally:
        first.kill()
        if second is not None:
            second.kill()


class Sender(threading.Thread):
    """Sends batches, each until all of it is accepted."""

    def __init__(self, gateway: Running, stop: threading.Event, most: int) -> None:
        super().__init__()
        self._gateway, self._end, self._most = gateway, stop, most
        self.accepted: set[str] = set()
        self.refused: list[Any] = []

    def wait_for(self, accepted: int) -> None:
        """Until so many events are accepted."""
        deadline = time.monotonic() + 60
        while len(self.accepted) < accepted:
            assert time.monotonic() < deadline, f"{len(self.accepted)} accepted, {accepted} wanted"
            time.sleep(0.01)

    def run(self) -> None:
        for number in range(self._most):
            batch = [event(number * 50 + i) for i in range(50)]
            while True:
                try:
                    answer = self._gateway.send(batch)
                except httpx.HTTPError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 202:
                    self.accepted |= {e["id"] for e in batch}
                    break
                if answer.status_code not in (207, 503):
                    self.refused.append(answer.text)
                    return
                time.sleep(0.05)
            if self._end.is_set():
                break


def test_killed_under_load_every_event_is_there_once(kafka: Any, tmp_path: Path) -> None:
    gateway = Running(kafka.settings(kafka.layout()), tmp_path / "log")
    stop = threading.Event()
    sender = Sender(gateway, stop, 100_000)
    try:
        sender.start()
        for _ in range(KILLS):
            sender.wait_for(len(sender.accepted) + 200)
            gateway.kill()
            gateway.start()
        sender.wait_for(len(sender.accepted) + 200)
        stop.set()
        sender.join(60)
        assert not sender.refused, sender.refused
        found = stored(gateway.kafka)
        assert sender.accepted <= set(found), "an accepted event is not on the topic"
        assert max(found.values()) == 1, "an event stands twice"
        assert len(sender.accepted) > 500
    finally:
        gateway.kill()


def test_a_broker_that_is_away_is_a_503_and_then_nothing_is_missing(tmp_path: Path) -> None:
    from confluent_kafka.admin import AdminClient

    broker = BrokerFolder(tmp_path / "kafka", *ports.free(2))
    process = start_broker(broker)
    gateway = None
    try:
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap)
        create_topics(AdminClient({"bootstrap.servers": broker.bootstrap}), Layout())
        gateway = Running(settings, tmp_path / "log", answer_seconds=3.0)
        events = [event() for _ in range(4)]
        assert gateway.send(events[0]).status_code == 202
        process.kill()
        process.wait()
        away = [gateway.send(e) for e in events[1:3]]
        assert [a.status_code for a in away] == [503, 503], [a.text for a in away]
        assert all(int(a.headers["retry-after"]) >= 1 for a in away)
        time.sleep(1.5)
        begun = time.monotonic()
        assert gateway.send(events[3]).status_code == 503
        assert time.monotonic() - begun < 3.0, "a broker known to be away is waited for"
        assert not gateway.ready()
        process = start_broker(broker)
        deadline = time.monotonic() + 90
        left = list(events)
        while left:
            left = [e for e in left if gateway.send(e).status_code != 202]
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.1)
        assert stored(settings) == Counter(e["id"] for e in events)
    finally:
        if gateway is not None:
            gateway.kill()
        process.kill()

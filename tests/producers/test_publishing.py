"""Publishing on a real broker: the client, files, the simulator and its resumed history."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from producers.client import Publisher
from producers.files import Columns, good_events
from producers.simulator import Simulator, simulate_year
from producers.simulator.publishing import DAY_MS, Position, simulate_live
from producers.tokens import Tokens
from schemas.catalogue import DOMAINS, PERMITS, REVENUE
from schemas.codec import Codec
from schemas.deployment import DeploymentMismatchError
from schemas.profile import Profile
from schemas.records import read_topics
from schemas.registry import LockFileIds
from schemas.settings import KafkaSettings

pytestmark = pytest.mark.kafka


def consume(kafka: KafkaSettings, topic: str) -> list[Any]:
    """Every message of a topic, each partition in order."""
    return list(read_topics(kafka.bootstrap_servers, [kafka.layout().topic(topic)]))


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"00000000-0000-4000-8000-{number:012d}",
        "source": "/opd/2.18.01/permits",
        "opd": "2.18.01",
        "occurred_at": 1_795_395_600_000 + number,
        "kind": "submitted",
        "case_id": f"K-{number % 7}",
        **fields,
    }


def test_events_arrive_in_order_of_their_key_with_headers(kafka: Any) -> None:
    settings = kafka.settings(kafka.layout())
    places: list[tuple[str, int, int]] = []
    with Publisher(settings, origin="live") as publisher:
        for number in range(200):
            publisher.publish("permits", record(number), on_delivery=lambda *place: places.append(place))
    assert publisher.published == 200
    assert len(set(places)) == 200
    codec = Codec(PERMITS.schema, LockFileIds.load())
    last: dict[bytes, int] = {}
    for message in consume(settings, PERMITS.name):
        value = codec.decode(message.value())
        headers = dict(message.headers())
        assert headers["ce_id"].decode() == value["event_id"]
        assert headers["ce_type"] == b"id.go.nadi.permits.steps.submitted.v1"
        assert message.key() == value["case_id"].encode()
        assert value["occurred_at"] > last.get(message.key(), 0)
        last[message.key()] = value["occurred_at"]
    assert len(last) == 7


def test_what_does_not_fit_is_raised_at_once_and_the_rest_arrives(kafka: Any) -> None:
    settings = kafka.settings(kafka.layout())
    with Publisher(settings, origin="live") as publisher:
        publisher.publish("permits", record(1))
        for wrong in (record(2, occurred_at="kemarin"), record(3, unknown=1), record(4, simulated=True)):
            with pytest.raises(ValueError, match=r"occurred_at|unknown|simulated"):
                publisher.publish("permits", wrong)
        with pytest.raises(ValueError, match="occurred_at"):
            publisher.publish("permits", record(5, occurred_at="kemarin"), trusted=True)
        publisher.heartbeat("/opd/2.18.01/permits", "2.18.01")
    assert len(consume(settings, PERMITS.name)) == 1


def test_a_live_stack_refuses_the_simulator_and_the_other_way_round(kafka: Any, regency: Profile) -> None:
    live = kafka.settings(kafka.layout())
    with Publisher(live, origin="live"):
        pass
    with pytest.raises(DeploymentMismatchError, match="live"):
        simulate_year(live, regency, 2025, 500)
    simulated = kafka.settings(kafka.layout())
    with Publisher(simulated, origin="simulated"):
        pass
    with pytest.raises(DeploymentMismatchError, match="simulated"), Publisher(simulated, origin="live"):
        pass


def test_a_year_arrives_whole_with_its_own_times(kafka: Any, regency: Profile) -> None:
    settings = kafka.settings(kafka.layout(timestamps="CreateTime"))
    counts = simulate_year(settings, regency, 2025, 1_000, 7)
    expected = Counter(domain for domain, _ in Simulator(regency, 7, 1_000).year(2025))
    assert counts == dict(expected)
    codec = Codec(REVENUE.schema, LockFileIds.load())
    messages = consume(settings, REVENUE.name)
    assert len(messages) == counts["revenue"]
    assert all(m.timestamp()[1] == codec.decode(m.value())["occurred_at"] for m in messages[::50])


def test_a_history_that_was_cut_off_is_completed_once_and_live_follows(
    kafka: Any, regency: Profile, tmp_path: Path
) -> None:
    settings = kafka.settings(kafka.layout())
    now = int(time.time() * 1000)
    path = tmp_path / "simulator.json"
    simulator = Simulator(regency, 5, 600)
    history = list(simulator.history(now - DAY_MS, now))
    with Publisher(
        settings, origin="simulated"
    ) as publisher:  # the first run was killed after 300, saved at 250
        for domain, event in history[:300]:
            publisher.publish(domain, event, trusted=True)
    Position(5, 600, now - DAY_MS, now, sent=250).save(path)
    stop = threading.Event()
    at_latest = threading.Timer(120.0, stop.set)
    at_latest.start()

    def until_live(sent: int) -> None:
        position = Position.load(path)
        if position is not None and position.complete and sent > len(history) - 250:
            stop.set()

    sent = simulate_live(settings, regency, path, stop, rate=50, progress=until_live)
    at_latest.cancel()
    assert sent > len(history) - 250
    saved = Position.load(path)
    assert saved is not None
    assert saved.complete
    assert saved.sent == len(history)
    wanted = {event["event_id"] for domain, event in history if domain in DOMAINS}
    found: set[str] = set()
    for topic in DOMAINS.values():
        codec = Codec(topic.schema, LockFileIds.load())
        found |= {codec.decode(m.value())["event_id"] for m in consume(settings, topic.name)}
    assert wanted < found


def test_a_file_arrives(kafka: Any, tmp_path: Path) -> None:
    settings = kafka.settings(kafka.layout())
    path = tmp_path / "izin.csv"
    path.write_text(
        "case_id;kind;occurred_at;applicant_token\nK-1;submitted;23/11/2026 08.00;9901010101900001\n", "utf-8"
    )
    columns = Columns(
        "permits",
        ZoneInfo("Asia/Jakarta"),
        Tokens.open(tmp_path / "tokens.key"),
        source="/opd/2.18.01/izin",
        opd="2.18.01",
    )
    with Publisher(settings, origin="live") as publisher:
        for event in good_events(path, columns):
            publisher.publish("permits", event)
    (message,) = consume(settings, PERMITS.name)
    assert b"9901010101900001" not in message.value()


def test_a_correction_gives_a_reason(kafka: Any) -> None:
    wrong, why = record(1), {"correction_reason": "tanggal salah ketik"}
    with Publisher(kafka.settings(kafka.layout()), origin="live") as publisher:
        for trusted in (False, True):
            with pytest.raises(ValueError, match="correction_reason"):
                publisher.publish("permits", record(2, corrects=wrong["event_id"]), trusted=trusted)
        with pytest.raises(ValueError, match="dirinya sendiri"):
            publisher.publish("permits", record(1, corrects=wrong["event_id"], **why))
        publisher.publish("permits", record(2, corrects=wrong["event_id"], **why))
    assert publisher.published == 1

"""Every permit rule through real workers that are killed again and again: the standing set of an undisturbed computation."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "streams"))
from domain_rows import chunks_of, record
from stream_stack import StreamStack

from infra.audit.results import wait_until_compared
from infra.settings import resolve_profile
from producers.simulator import Simulator
from schemas.catalogue import ALERTS, PERMITS, create_topics
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from schemas.settings import KafkaSettings
from streams.domains.permits import Permits
from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context

pytestmark = pytest.mark.kafka
PARTITIONS = 4
DAY = 86_400_000
POINTS = (
    "stream.after-process", "stream.before-commit", "stream.state-part", "stream.output", "stream.after-commit",
    "stream.after-claim",
)  # fmt: skip
Standing = dict[tuple[str, str, str], tuple[Any, ...]]


def lanes(profile: Profile) -> list[list[dict[str, Any]]]:
    """Four months of a small regency's permits by partition, in order of time: as they come from the simulator, with a
    few events twice."""
    rng = random.Random(7)  # noqa: S311
    found: list[list[dict[str, Any]]] = [[] for _ in range(PARTITIONS)]
    simulator = Simulator(profile, 7, 40_000)
    for number, group in enumerate(simulator.permits.groups(2024)):
        if number >= 450:
            break
        for event in group.events:
            lane = found[crc32(event["case_id"].encode()) % PARTITIONS]
            lane += [record("permits", **event)] * (2 if rng.random() < 0.02 else 1)
    for lane in found:
        lane.sort(key=lambda event: event["occurred_at"])
    return found


def standing(records: Any) -> Standing:
    """What stands last of every alert about permits."""
    last: dict[str, dict[str, Any]] = {}
    for alert in records:
        known = last.get(alert["alert_id"])
        if alert["domain"] == "permits" and (known is None or alert["revision"] >= known["revision"]):
            last[alert["alert_id"]] = alert
    return {
        (a["rule"], a["subject"], a["scope"]): (
            a["level"],
            a["level_at"],
            a["observed"],
            a["threshold"],
            a["evidence_digest"],
        )
        for a in last.values()
        if a["status"] != "withdrawn"
    }


def undisturbed(profile: Profile, events: list[list[dict[str, Any]]], until: int) -> Standing:
    """The same processors, each fed once from beginning to end."""
    peers, rows, found = Regency(Context(profile, event_clock=True)), [], []
    for partition, lane in enumerate(events):
        seen: set[str] = set()
        once = [e for e in lane if e["event_id"] not in seen and not seen.add(e["event_id"])]  # type: ignore[func-returns-value]
        mine = Permits(Context(profile, event_clock=True, partition=partition))
        for chunk in chunks_of("permits", once, len(once), partition=partition):
            mine.process(chunk)
            rows.append(Rows.of("permits", chunk))
        mine.advance(until)
        found += list(mine.alerts.records().values())
    peers.process(merge(rows, until + 1))
    peers.advance(until)
    return standing([*found, *peers.alerts.records().values()])


@pytest.fixture
def stack(kafka: Any, tmp_path: Path) -> Iterator[StreamStack]:
    layout = kafka.layout(timestamps="CreateTime", partitions=PARTITIONS)
    with StreamStack(kafka.bootstrap, layout, tmp_path) as made:
        made.product = True
        yield made


def test_the_same_standing_set_at_any_kill(stack: StreamStack) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient

    profile = Profile.load(resolve_profile("contoh"))
    events = lanes(profile)
    until = max(lane[-1]["occurred_at"] for lane in events) + 2 * DAY
    stack.options.update(clock="event", until=until, chunk_rows=256)
    create_topics(AdminClient({"bootstrap.servers": stack.bootstrap}), stack.layout)
    codec = Codec(PERMITS.schema, open_ids())
    producer = Producer({"bootstrap.servers": stack.bootstrap, "enable.idempotence": True})
    topic = stack.layout.topic(PERMITS.name)
    for partition, lane in enumerate(events):
        for event in lane:
            producer.produce(
                topic,
                codec.encode(event),
                event["case_id"].encode(),
                partition,
                timestamp=event["occurred_at"],
            )
            producer.poll(0)
    assert producer.flush(60) == 0

    rng = random.Random(11)  # noqa: S311
    deaths = 0
    for point in (*POINTS, *POINTS[:3]):
        worker = stack.start(deaths % 2, NADI_FAILPOINT=f"{point}:{rng.randrange(6)}")
        deadline = time.monotonic() + 45
        while worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        deaths += worker.poll() is not None
        stack.kill(worker)
    assert deaths >= 5, stack.logs()
    stack.start(0)
    stack.start(1)
    kafka = KafkaSettings(
        bootstrap_servers=stack.bootstrap,
        topic_prefix=stack.layout.prefix,
        partitions=PARTITIONS,
        timestamps="CreateTime",
    )
    wait_until_compared(kafka, until, lambda: None, timeout=120)
    stack.topic = topic
    stack.wait(stack.done, 120)
    alerts = Codec(ALERTS.schema, open_ids())
    said = standing(alerts.decode(message.value()) for message in stack.read(stack.layout.topic(ALERTS.name)))
    wanted = undisturbed(profile, events, until)
    assert said == wanted
    assert {rule for rule, _, _ in wanted} >= {"P01", "P07"}, "rules of both tasks said something"

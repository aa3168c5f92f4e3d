"""The fences that a real worker froze, where people read them: pages, commands, and what alerts name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "streams"))
from domain_rows import record
from stream_stack import StreamStack

from infra.audit.results import wait_until_compared
from infra.cli.main import build
from infra.rules.fences import frozen
from infra.rules.served import Served
from infra.rules.states import States
from infra.settings import Settings, resolve_profile
from producers.simulator import Simulator
from schemas import deployment
from schemas.catalogue import ALERTS, PERMITS, create_topics
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.rules import rules

pytestmark = pytest.mark.kafka
PARTITIONS = 4
DAY_MS = 86_400_000
PROFILE = Profile.load(resolve_profile("contoh"))


def publish(stack: StreamStack) -> int:
    """Months of a small regency's permits, in order of time; returns the last time (UTC ms)."""
    from confluent_kafka import Producer

    codec = Codec(PERMITS.schema, open_ids())
    producer = Producer({"bootstrap.servers": stack.bootstrap, "enable.idempotence": True})
    groups = zip(range(500), Simulator(PROFILE, 7, 40_000).permits.groups(2024), strict=False)
    events = [record("permits", **event) for _, group in groups for event in group.events]
    for event in sorted(events, key=lambda event: event["occurred_at"]):
        producer.produce(
            stack.topic, codec.encode(event), PERMITS.key_of(event),
            crc32(event["case_id"].encode()) % PARTITIONS, timestamp=event["occurred_at"],
        )  # fmt: skip
        producer.poll(0)
    assert producer.flush(60) == 0
    return max(int(event["occurred_at"]) for event in events)


@pytest.fixture(scope="module")
def stack(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamStack]:
    """A deployment of simulated data whose worker has frozen every day of it."""
    from confluent_kafka.admin import AdminClient

    layout = kafka.layout(timestamps="CreateTime", partitions=PARTITIONS)
    with StreamStack(kafka.bootstrap, layout, tmp_path_factory.mktemp("fences")) as made:
        create_topics(AdminClient({"bootstrap.servers": made.bootstrap}), layout)
        deployment.settle(made.bootstrap, layout, deployment.ORIGIN, deployment.SIMULATED)
        made.product, made.topic = True, layout.topic(PERMITS.name)
        until = publish(made) + 2 * DAY_MS
        made.options.update(clock="event", until=until)
        worker = made.start()
        wait_until_compared(kafka.settings(layout), until, lambda: None, timeout=60)
        made.wait(made.done)
        assert made.end(worker) == 0
        yield made


def settings_of(stack: StreamStack, folder: Path) -> dict[str, Any]:
    return {
        "kafka.bootstrap_servers": stack.bootstrap, "kafka.topic_prefix": stack.layout.prefix,
        "kafka.timestamps": "CreateTime", "streams.clock": "event", "clickhouse.url": "http://127.0.0.1:9",
        "data_dir": str(folder),
    }  # fmt: skip


def nadi(stack: StreamStack, folder: Path, *words: str) -> Any:
    sets = [word for key, value in settings_of(stack, folder).items() for word in ("--set", f"{key}={value}")]
    done = CliRunner().invoke(build(), [*sets, "rules", *words])
    assert done.exit_code == 0, done.output
    return done


def test_every_fence_that_an_alert_names_is_kept(stack: StreamStack, tmp_path: Path) -> None:
    kept = frozen(Settings.load(settings_of(stack, tmp_path)), PROFILE)
    assert kept is not None
    assert kept.simulated
    codec, named = Codec(ALERTS.schema, open_ids()), 0
    for message in stack.read(stack.layout.topic(ALERTS.name)):
        alert = codec.decode(message.value())
        if not alert["fence_id"]:
            continue
        day = date.fromisoformat(alert["fence_id"].split("/")[-2])
        (measured,) = kept.of(rules()[alert["rule"]], day)
        (fence,) = (fence for fence in measured.fences if fence.id == alert["fence_id"])
        assert fence.limit is not None
        if alert["rule"] == "P07":  # a step may be impossible besides
            assert fence.limit <= alert["threshold"]
        elif alert["rule"] != "P08":
            assert fence.limit == alert["threshold"]
        named += 1
    assert named, "nothing was found among peers"


def test_pages_and_commands_have_the_fences_of_the_last_day(stack: StreamStack, tmp_path: Path) -> None:
    settings = Settings.load(settings_of(stack, tmp_path))
    (measured,) = json.loads(nadi(stack, tmp_path, "show", "P07", "--json").stdout)["fences"]
    most = measured["fences"][0]
    assert measured["simulated"]
    assert most["peers"] >= rules()["P07"].minimum_sample
    assert most["limit"] < most["quantiles"]["25"] <= most["quantiles"]["75"]
    assert [one["peers"] for one in measured["fences"]] == sorted(
        (one["peers"] for one in measured["fences"]), reverse=True
    )
    assert most["id"] in nadi(stack, tmp_path, "show", "P07").stdout
    nadi(stack, tmp_path, "docs", "--out", str(tmp_path / "aturan"))
    written = (tmp_path / "aturan" / "P07.html").read_text("utf-8")
    served = Served(settings, PROFILE, States(tmp_path)).page("P07") or ""
    for page in (written, served):
        assert most["of"] in page
        assert "DATA SIMULASI" in page
        for one in measured["fences"]:
            assert one["id"] in page
    assert "belum cukup pembanding" in served


def test_fences_of_another_profile_are_not_read(stack: StreamStack, tmp_path: Path) -> None:
    settings = Settings.load(settings_of(stack, tmp_path))
    assert frozen(settings, replace(PROFILE, hash="1" * 64)) is None


def test_before_the_first_commit_there_are_none(kafka: Any, tmp_path: Path) -> None:
    settings = Settings.model_construct(kafka=kafka.settings(kafka.layout()), streams=Settings().streams)
    kept = frozen(settings, PROFILE)
    assert kept is not None
    assert kept.of(rules()["P07"]) == []

"""`nadi state verify` on a real broker: equal after real workers, and what is wrong is found and named."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

import pytest
from processed import Processed, processed
from reference_worker import prompt

from infra.verify import Report, verify
from infra.verify.published import newest
from schemas.catalogue import AGGREGATES, ALERTS, DOMAINS, Topic
from schemas.codec import Codec
from schemas.records import read_topics
from schemas.registry import open_ids

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stack(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Processed:
    return processed(kafka, tmp_path_factory.mktemp("verify"))


def compared(stack: Processed, domain: str) -> Report:
    return verify(domain, stack.settings, prompt(), lambda *_: None)


def first(stack: Processed, topic: Topic) -> dict[str, Any]:
    messages = read_topics(stack.settings.kafka.bootstrap_servers, [stack.layout.topic(topic.name)])
    return Codec(topic.schema, open_ids()).decode(next(iter(messages)).value())


def test_everything_agrees(stack: Processed) -> None:
    reports = {domain: compared(stack, domain) for domain in DOMAINS}
    assert all(report.ok and report.same_profile for report in reports.values()), reports
    assert all(report.behind == 0 and not report.moving for report in reports.values()), reports
    assert (reports["revenue"].events, reports["revenue"].repeats, reports["revenue"].refused) == (459, 58, 1)
    assert reports["revenue"].figures > 50
    assert reports["permits"].figures > 50
    assert reports["permits"].standing_alerts > 20
    assert reports["budget"].figures > 5


def test_an_event_that_no_task_has_committed_is_behind_and_no_difference(stack: Processed) -> None:
    topic = DOMAINS["population"]
    stack.producer.produce(stack.layout.topic(topic.name), b"later", b"k")
    stack.flush()
    report = compared(stack, "population")
    assert (report.ok, report.events, report.behind) == (True, 0, 1)


def test_a_wrong_figure_on_the_topic(stack: Processed) -> None:
    lie = first(stack, AGGREGATES["revenue"])
    figure = (lie["metric"], lie["dimension"], lie["value"], lie["local_day"])
    standing = newest("revenue", stack.settings)[figure][lie["source_partition"]]
    lie.update(amount=standing.amount + 1, version=standing.version)
    stack.send(AGGREGATES["revenue"], lie, partition=lie["source_partition"])  # after what it contradicts
    stack.flush()
    found = compared(stack, "revenue").differences
    assert [(d.metric, d.dimension, d.value, d.local_day) for d in found] == [figure]
    assert found[0].state == found[0].reference
    assert found[0].topic == found[0].reference + 1


def test_an_alert_that_nobody_found_and_one_that_says_something_else(stack: Processed) -> None:
    alert = first(stack, ALERTS)
    stack.send(ALERTS, {**alert, "alert_id": str(UUID(int=1)), "subject": "C-none"})
    stack.send(ALERTS, {**alert, "revision": alert["revision"] + 5, "status": "withdrawn"})
    stack.flush()
    report = compared(stack, "permits")
    assert not report.ok
    found = {difference.subject: difference for difference in report.alerts}
    assert found.keys() == {"C-none", alert["subject"]}
    assert (found["C-none"].state, found["C-none"].reference) == (None, None)
    assert str(found[alert["subject"]].topic).startswith("withdrawn")
    assert str(found[alert["subject"]].reference).startswith(alert["level"])


def test_another_profile_is_said(stack: Processed) -> None:
    other = dataclasses.replace(prompt(), hash="1" * 64)
    assert not verify("activities", stack.settings, other, lambda *_: None).same_profile

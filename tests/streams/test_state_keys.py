"""`nadi state tasks, show, export` on a real broker, from the logs that a real worker left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from processed import EVENTS, Processed, processed
from reference_worker import prompt

from infra.cli.status import _open_letters
from infra.state.export import HEADERS, export
from infra.state.keys import find, is_figure
from infra.state.logs import headers, recover, survey
from infra.state.standing import standing
from schemas.catalogue import DOMAINS, STATE_TOPIC
from streams.engine.processor import TOTALS
from streams.engine.state_group import Header, LaneState, Part, Piece, pieces_of, snapshot_end
from streams.engine.totals import SCHEMA

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stack(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Processed:
    return processed(kafka, tmp_path_factory.mktemp("state"))


def test_a_permit_in_words(stack: Processed) -> None:
    late, closed = find(stack.settings, prompt(), "C99"), find(stack.settings, prompt(), "C98")
    assert [(one.domain, one.store, one.key) for one in late] == [("permits", "cases", "C99")]
    state = late[0].state
    assert [event["kind"] for event in state["events"]] == ["submitted", "accepted", "returned", "started"]
    assert [event["event_id"] for event in state["events"]] == [
        str(UUID(int=n)) for n in (399, 398, 397, 396)
    ]
    assert (state["holder"], state["closed_at"]) == ("LOKET", None)
    assert {deadline["level"] for deadline in state["deadlines"]} == {"warning", "breach", "severe"}
    reached = [deadline["level"] for deadline in state["deadlines"] if deadline["reached"]]
    said = [alert for alert in state["alerts"] if alert["rule"] == "P01"]
    assert [alert["level"] for alert in said][-1] in reached
    revisions = [alert["revision"] for alert in said]
    assert revisions == sorted(set(revisions)), "what came between two commits was never said"
    assert closed[0].state["holder"] is None
    assert closed[0].state["closed_at"] == closed[0].state["events"][-1]["occurred_at"]


def test_other_keys_as_they_are(stack: Processed) -> None:
    lines = find(stack.settings, prompt(), "2026|5.1.02|1.01.01.1.1")
    assert [(one.domain, one.store) for one in lines] == [("budget", "lines")]
    ((order, day, values),) = lines[0].state["versions"]
    assert (order[0], values[0], day[:4]) == (1, 10**9, "2026")
    receipts = find(stack.settings, prompt(), str(UUID(int=0)))
    assert {(one.domain, one.store) for one in receipts} == {("revenue", "facts"), ("revenue", "chains")}
    alert = find(stack.settings, prompt(), "C99")[0].state["alerts"][-1]
    assert [one.state["record"]["subject"] for one in find(stack.settings, prompt(), alert["alert_id"])] == [
        "C99"
    ]
    assert find(stack.settings, prompt(), "nowhere") == []


def test_a_figure_is_told_from_a_key() -> None:
    assert is_figure("revenue.received")
    for key in ("C99", "1.01", "1.01|K1", "revenue", "503/7.1/2026", "revenue.|x"):
        assert not is_figure(key), key


def test_tasks(stack: Processed) -> None:
    everyone = standing(stack.settings.kafka)
    found = [task for task in everyone if task["task"] != "regency"]
    assert [task["task"] for task in found] == [0, 1, 2, 3]
    assert len(everyone) == len(found) + 1
    assert {task["fetch"] for task in found} <= {"confluent-kafka", "native"}
    assert all(
        "stream-0" in task["worker"] and task["claim"] == 1 and task["log_bytes"] > 0 for task in found
    )
    assert sum(task["inputs"]["permits.steps"]["position"] for task in found) == EVENTS
    assert all(lane["lag"] == 0 for task in found for lane in task["inputs"].values())
    stack.producer.produce(stack.layout.topic(DOMAINS["population"].name), b"later", b"k")
    stack.flush()
    lags = [
        task["inputs"]["population.changes"]["lag"]
        for task in standing(stack.settings.kafka)
        if task["task"] != "regency"
    ]
    assert sorted(lags) == [0, 0, 0, 1]


def test_everything_as_files(stack: Processed, tmp_path: Path) -> None:
    counts = export(stack.settings, prompt(), DOMAINS, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*counts, HEADERS}
    cases = pq.read_table(tmp_path / "permits.cases.parquet")
    assert sorted(cases.column("key").to_pylist()) == sorted(f"C{n}" for n in range(EVENTS // 4))
    assert {len(json.loads(body)["events"]) for body in cases.column("body").to_pylist()} == {4}
    facts = pq.read_table(tmp_path / "revenue.facts.parquet")
    assert sorted(facts.column("amount").to_pylist()) == list(range(EVENTS))
    said = json.loads((tmp_path / HEADERS).read_text("utf-8"))
    assert said.keys() == {"0", "1", "2", "3"}
    assert set(cases.column("task").to_pylist()) <= {int(task) for task in said}


def test_open_letters_count_records(stack: Processed) -> None:
    assert _open_letters(stack.settings) == {"revenue.receipts": 1}


def part(**values: int) -> Part:
    rows = [
        {"metric": m, "dimension": "total", "value": "", "local_day": "", "amount": n}
        for m, n in values.items()
    ]
    return Part("revenue", TOTALS, pa.RecordBatch.from_pylist(rows, schema=SCHEMA))


def test_a_log_with_a_snapshot_and_many_groups(kafka: Any) -> None:
    from confluent_kafka import Producer

    layout = kafka.layout()
    settings = kafka.settings(layout)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})

    def write(*pieces: Piece) -> None:
        for piece in pieces:
            producer.produce(layout.topic(STATE_TOPIC), piece.value, partition=2, headers=piece.headers())
        assert producer.flush(30) == 0

    def header(number: int) -> Header:
        return Header(number, 1, {"revenue.receipts": LaneState(number * 10)}, 0, at=1000 + number)

    assert headers(settings) == {}
    write(*pieces_of([part(a=1)], header(1)))
    frozen = next(iter(pieces_of([part(a=1)], header(1))))
    write(
        frozen._replace(kind=b"snapshot-part"), *pieces_of([part(b=2)], header(2)), snapshot_end(header(1), 1)
    )
    for number in range(3, 103):
        write(*pieces_of([part(b=number)], header(number)))
    write(*(Piece(b"part", 103, "revenue/totals", frozen.value) for _ in range(80)))  # a group under way
    found = headers(settings)
    assert {task: (h.number, h.lanes["revenue.receipts"].position) for task, h in found.items()} == {
        2: (102, 1020)
    }
    logs = {log.task: log for log in survey(settings)}
    assert (logs[2].snapshot_at, logs[2].header) == (1001, found[2])
    assert (logs[0].header, logs[0].bytes, logs[0].snapshot_at) == (None, 0, None)
    recovered = recover(settings, 2)
    rows = [row["amount"] for one in recovered.parts for row in one.batch.to_pylist()]
    assert rows == [1, 2, *range(3, 103)]
    assert recover(settings, 2, lambda _domain, store: store != TOTALS).parts == []
    assert recover(settings, 0).header is None

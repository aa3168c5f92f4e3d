"""The real permit log through the permits processor: the same 416 cases whatever the cut, order and partitions."""

from __future__ import annotations

import csv
import random
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from domain_rows import chunks_of, profile, record

from streams.domains import PROCESSORS
from streams.engine.processor import Context
from streams.reference import alerts, compute

LOG = Path(__file__).parents[3] / "shared" / "data" / "permits_wabo_receipt.csv"
pytestmark = pytest.mark.skipif(not LOG.exists(), reason=f"the permit log {LOG.name} is not here")


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@cache
def events() -> tuple[dict[str, Any], ...]:
    """The log's steps and one closing event per closed case, sorted by time."""
    found: dict[str, dict[str, Any]] = {}
    with LOG.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            case, due = row["case:concept:name"], _ms(row["case:deadline"])
            steps = [("finished", row["concept:name"], _ms(row["time:timestamp"]), row["concept:instance"])]
            if row["case:enddate"]:
                steps.append(("closed", None, _ms(row["case:enddate"]), "closing"))
            for kind, step, at, instance in steps:
                event_id = str(uuid5(NAMESPACE_URL, f"{case}/{instance}/{step}/{at}"))
                found[event_id] = record(
                    "permits", event_id=event_id, case_id=case, kind=kind, step=step, occurred_at=at, due_at=due,
                    permit_type="receipt", unit=row["org:group"], mode="backfill", opd="2.18", source="/wabo",
                )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda e: e["occurred_at"]))


UNTIL = _ms("2012-01-23T15:42:54.644+01:00")


@cache
def expected() -> frozenset[str]:
    dues = {e["case_id"]: e["due_at"] for e in events()}
    ends = {e["case_id"]: e["occurred_at"] for e in events() if e["kind"] == "closed"}
    late = {case for case, end in ends.items() if end > dues[case]}
    still_open = {case for case, due in dues.items() if case not in ends and due < UNTIL}
    assert (len(dues), len(late), len(still_open)) == (1434, 377, 39)
    return frozenset(late | still_open)


@pytest.mark.parametrize(
    ("partitions", "rows", "shuffled"), [(1, 50_000, False), (4, 700, False), (16, 37, True)]
)
def test_the_log_has_416_breaches(partitions: int, rows: int, shuffled: bool) -> None:
    stream = list(events())
    if shuffled:  # the arrival, not the clock: every record is stamped with the running maximum
        random.Random(partitions).shuffle(stream)  # noqa: S311
    standing: dict[str, dict[str, Any]] = {}
    for partition in range(partitions):
        mine = [e for e in stream if hash_of(e["case_id"]) % partitions == partition]
        clock, stamps = 0, []
        for event in mine:
            clock = max(clock, event["occurred_at"])
            stamps.append(clock)
        processor = PROCESSORS["permits"](Context(profile(), event_clock=True))
        for chunk in chunks_of("permits", mine, rows, timestamps=stamps, partition=partition):
            assert not processor.process(chunk)
        processor.advance(UNTIL)
        standing.update(processor.alerts.records())
    found = {
        a["subject"]
        for a in standing.values()
        if a["rule"] == "P01" and a["status"] != "withdrawn" and a["level"] in ("breach", "severe")
    }
    assert found == expected()
    assert len(found) == 416
    assert all("indikasi" in a["sentence"].lower() for a in standing.values())


def test_the_reference_agrees() -> None:
    stream = [(e, 0, offset, e["occurred_at"]) for offset, e in enumerate(events())]
    processor = PROCESSORS["permits"](Context(profile(), event_clock=True))
    standing: dict[str, dict[str, Any]] = {}
    for chunk in chunks_of("permits", list(events()), 1000):
        processor.process(chunk)
    processor.advance(UNTIL)
    standing.update(processor.alerts.records())
    plain = alerts(stream, profile(), UNTIL, event_clock=True)
    assert {
        case for rule, case, _ in plain if rule == "P01" and plain["P01", case, ""].level != "warning"
    } == expected()
    assert {
        (a["rule"], a["subject"], a["scope"]): (a["level"], a["level_at"], a["observed"])
        for a in standing.values()
        if a["status"] != "withdrawn"
    } == {place: (v.level, v.level_at, v.observed) for place, v in plain.items()}
    snapshot = {tuple(key): value for key, value in processor.totals.snapshot().items() if value}
    assert snapshot == compute("permits", stream, profile(), UNTIL, event_clock=True)


def hash_of(case: str) -> int:
    return uuid5(NAMESPACE_URL, case).int

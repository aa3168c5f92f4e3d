"""Every permit rule over the real receipt log: the count from the file and the reference over its events agree."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
import wabo_plain
from domain_rows import chunks_of, profile, record

from schemas.profile import Deemed, Incompatible, PermitType, Profile, Step
from streams.domains import PROCESSORS
from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context
from streams.reference import alerts
from streams.reference.permit_rules import judge

SINCE = date(2000, 1, 1)
needs_log = pytest.mark.skipif(
    not wabo_plain.LOG.exists(), reason=f"the permit log {wabo_plain.LOG.name} is not here"
)
#: Rules among peers: said at midnight, of the cases that had begun.
AT_MIDNIGHT = ("P05", "P07", "P08", "P11/register", "P13", "P15")
FOUND = {
    "plain": {"P05": 25},
    "declared": {"P02": 425, "P04": 0, "P05": 25, "P06": 1042},
}


@cache
def events(path: Path) -> list[dict[str, Any]]:
    """The log's steps and one closing event per closed case, by time, as the example's mapping makes them."""
    found: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            case = row["case:concept:name"]
            steps: list[tuple[str, str, dict[str, Any]]] = [
                (
                    "finished",
                    row["time:timestamp"],
                    {"step": row["concept:name"], "officer_token": row["org:resource"]},
                )
            ]
            if row["case:enddate"]:
                steps.append(("closed", row["case:enddate"], {}))
            for kind, at, fields in steps:
                place = row["concept:instance"] if kind == "finished" else case
                event_id = str(uuid5(NAMESPACE_URL, f"{kind}/{place}"))
                found[event_id] = record(
                    "permits", event_id=event_id, case_id=case, kind=kind, occurred_at=wabo_plain.utc_ms(at),
                    due_at=wabo_plain.utc_ms(row["case:deadline"]), permit_type=row["case:department"],
                    unit=row["org:group"], mode="backfill", opd="wabo", source="/telaah/wabo-receipt", **fields,
                )  # fmt: skip
    return sorted(found.values(), key=lambda e: (e["occurred_at"], e["event_id"]))


def received(path: Path) -> list[tuple[dict[str, Any], int, int, int]]:
    """The events as an audit reads them: the event's own time is the clock."""
    return [(event, 0, offset, event["occurred_at"]) for offset, event in enumerate(events(path))]


@cache
def declared() -> Profile:
    """A profile that knows the log's types: all its steps, their order, a pair, and days after which it is granted."""
    cases = wabo_plain.read().values()
    names = sorted({step for case in cases for _, step, _ in case.steps})
    after = wabo_plain.AFTER
    steps = tuple(
        Step(n, n, "", n == wabo_plain.MANDATORY, after=(after[n],) if n in after else ()) for n in names
    )
    types = {
        code: PermitType(
            code, code, code, steps,
            deemed=(Deemed(wabo_plain.DEEMED_DAYS, SINCE),),
            incompatible=(Incompatible(wabo_plain.CHECK, wabo_plain.DETERMINE, SINCE),),
        )
        for code in {case.permit_type for case in cases}
    }  # fmt: skip
    return replace(profile(), permit_types=types, _standards={}, _thresholds={})


def law(kind: str) -> Profile:
    """The profile that judges, as ``wabo_plain.counts`` names it."""
    return profile() if kind == "plain" else declared()


def table(counted: dict[str, dict[str, Any]]) -> str:
    """The counts as lines."""
    return "\n".join(
        f"{rule}  {counted[rule]['found']:5}  {counted[rule]['not_applicable']}" for rule in counted
    )


@needs_log
@pytest.mark.parametrize("kind", ["plain", "declared"])
def test_the_file_and_the_events_say_the_same(kind: str) -> None:
    said = judge(received(wabo_plain.LOG), law(kind), wabo_plain.last_event(), event_clock=True)
    by_rule: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (rule, _), outcome in said.outcomes.items():
        by_rule[rule][outcome] += 1
    of_events: dict[str, dict[str, Any]] = {
        rule: {
            "found": by_rule[rule]["found"],
            "not_applicable": {o: n for o, n in by_rule[rule].items() if o not in ("found", "not_found")},
        }
        for rule in sorted(by_rule)
    }
    of_file = wabo_plain.counts(kind)
    print(f"\n{kind}\n{table(of_file)}")
    assert of_events == of_file
    for rule, counter in by_rule.items():
        assert sum(counter.values()) == (1429 if rule in AT_MIDNIGHT else 1434), rule
    assert {rule: of_file[rule]["found"] for rule in FOUND[kind]} == FOUND[kind]
    standing = Counter(rule for rule, _, _ in said.findings)
    assert standing["P06"] == of_file["P06"]["found"], "one pair, one finding"
    assert not standing.keys() & {"P09", "P15", "P17", "P18"}, "nobody and nothing to say it of"


@needs_log
@pytest.mark.parametrize("kind", ["plain", "declared"])
def test_the_engine_counts_what_the_file_says(kind: str) -> None:
    """Cases by what each rule says of them, as both tasks count it."""
    context = Context(law(kind), event_clock=True)
    mine, peers = PROCESSORS["permits"](context), Regency(context)
    until = wabo_plain.last_event()
    for chunk in chunks_of("permits", events(wabo_plain.LOG), 1000):
        mine.process(chunk)
        peers.process(merge([Rows.of("permits", chunk)], chunk.clock + 1))
    mine.advance(until)
    peers.advance(until)
    counted: defaultdict[str, dict[str, Any]] = defaultdict(lambda: {"found": 0, "not_applicable": {}})
    totals = [*mine.totals.snapshot().items(), *peers.totals.snapshot().items()]
    assert not any(amount for key, amount in totals if ".asked_" in key.metric), "no pair to ask about"
    for (metric, dimension, value, _), cases in totals:
        rule, _, reason = value.partition("|")
        if cases and metric.endswith(".rules_found") and dimension == "rule":
            counted[rule]["found"] += cases
        elif cases and dimension == "reason":
            reasons = counted[rule]["not_applicable"]
            reasons[reason] = reasons.get(reason, 0) + cases
    of_file = wabo_plain.counts(kind)
    assert counted.pop("P01")["found"] == 416
    assert {rule: counted[rule] for rule in {*counted, *of_file}} == of_file


@needs_log
def test_the_file_has_416_breaches() -> None:
    plain = alerts(received(wabo_plain.LOG), profile(), wabo_plain.last_event(), event_clock=True)
    found = {
        case
        for (rule, case, _), verdict in plain.items()
        if rule == "P01" and verdict.level in ("breach", "severe")
    }
    assert found == wabo_plain.late()
    assert len(found) == 416


def test_only_the_offset_decides_who_is_late(tmp_path: Path) -> None:
    """Both end at 10:30 on the clock of the wall and are due at 10:00+01:00: one is half an hour early, one late."""
    columns = [
        "case:concept:name", "case:department", "case:deadline", "case:enddate", "concept:instance", "concept:name",
        "org:group", "org:resource", "time:timestamp",
    ]  # fmt: skip
    log = tmp_path / "offsets.csv"
    with log.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for case, offset in (("summer", "+02:00"), ("winter", "+01:00")):
            end, first = f"2011-11-01 10:30:00{offset}", "2011-10-20 09:00:00+02:00"
            writer.writerow(
                [case, "General", "2011-11-01 10:00:00+01:00", end, case, "T02", "Group 1", "R1", first]
            )
    until = wabo_plain.utc_ms("2011-12-01 00:00:00+01:00")
    assert wabo_plain.late(log) == {"winter"}
    plain = alerts(received(log), profile(), until, event_clock=True)
    assert {case for (_, case, _), verdict in plain.items() if verdict.level == "breach"} == {"winter"}
    processor = PROCESSORS["permits"](Context(profile(), event_clock=True))
    for chunk in chunks_of("permits", events(log), 10):
        assert not processor.process(chunk)
    processor.advance(until)
    standing = [a for a in processor.alerts.records().values() if a["status"] != "withdrawn"]
    assert [a["subject"] for a in standing] == ["winter"]

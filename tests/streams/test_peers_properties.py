"""The regency task's permit rules on a small busy office: any interleaving, any cut, any owner, the reference's findings."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from domain_rows import SOURCE, record, ruled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from regency_driver import rows_of, run

from schemas.profile import Profile
from schemas.profile.rows import Step, Threshold
from streams.domains.regency import Regency
from streams.reference.daily_rules import batches
from streams.reference.permit_rules import Judged, judge
from streams.reference.received import Received
from streams.reference.register import Register, days_later
from streams.rules import rules
from streams.rules.as_of import AsOf

START = 1_767_573_000_000  # Monday, 5 January 2026, 07:30 in Jakarta
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PARTITIONS = 2


def office() -> Profile:
    """Few of everything, so that three weeks are enough to compare."""
    kind = ruled().permit_types["PBG"]
    steps = (Step("berkas", "Berkas", "LOKET", minimum_minutes=4), Step("survei", "Survei", "PUPR"))
    since = date(2000, 1, 1)
    thresholds = (
        Threshold("P08.overtaken", 4, since), Threshold("P09.lift", 1.2, since), Threshold("P09.alpha", 0.05, since),
        Threshold("P09.least", 4, since), Threshold("P18.least", 8, since), Threshold("P18.ratio", 0.7, since),
        Threshold("P05.least", 1, since), Threshold("P15.returns", 1, since), Threshold("P11.register_days", 2, since),
    )  # fmt: skip
    return replace(
        ruled(),
        permit_types={"PBG": replace(kind, steps=steps)},
        thresholds=thresholds,
        _standards={},
        _thresholds={},
    )


PROFILE = office()


def busy(rng: random.Random, cases: int) -> list[dict[str, Any]]:
    """Cases of a few officers and agents over three weeks, with everything that a rule looks for now and then."""
    found: list[dict[str, Any]] = []
    number = 0
    for case in range(cases):
        at = START + rng.randrange(18) * DAY + rng.randrange(6 * 60) * MINUTE
        agent = rng.choice([None, None, None, "A1", "A2"])
        officers = (
            ["O1", "O2"] if agent == "A1" and rng.random() < 0.8 else ["O1", "O2", "O3", "O4", "O5", "O6"]
        )
        quick = 0.1 if agent or rng.random() < 0.05 else 1.0 if rng.random() < 0.8 else 6.0
        steps: list[tuple[str, str | None]] = [("submitted", None), ("accepted", None)]
        for step in ("berkas", "survei"):
            for _ in range(1 if rng.random() < 0.97 else 6):
                steps += [("started", step), ("finished", step)]
            steps += [("returned", None), ("resubmitted", None)] * rng.choice([0, 0, 0, 1, 2])
        steps += [(rng.choice(["issued", "issued", "issued", "rejected", "new"]), None)]
        events: list[dict[str, Any]] = []
        book = random.Random(case)  # noqa: S311 - so that the rest stays as it was drawn
        register = max(
            1, int((at - START) / HOUR) + (book.randrange(-200, 200) if book.random() < 0.1 else 0)
        )
        for kind, step in steps:
            minutes = rng.uniform(90, 110) if kind == "finished" else rng.expovariate(1 / 30)
            at += int(quick * minutes * MINUTE)
            number += 1
            events.append(record(
                "permits", event_id=str(UUID(int=number)), source=SOURCE, opd="1.01", occurred_at=at, kind=kind,
                case_id=f"C{case}", permit_type="PBG", step=step, officer_token=rng.choice([*officers, None]),
                applicant_token=f"P{rng.randrange(8)}", agent_token=agent, automatic=rng.random() < 0.03,
                register_number=register if kind == "submitted" or book.random() < 0.02 else None,
                unit=book.choice(["LOKET", None]) if kind == "submitted" else None,
                mode="backfill" if book.random() < 0.01 else "live",
                contact="telepon" if rng.random() < 0.05 else None,
                corrects=rng.choice(events)["event_id"] if events and rng.random() < 0.02 else None,
            ))  # fmt: skip
        found += events
    return found


def signed(rng: random.Random) -> list[dict[str, Any]]:
    """Permits issued in batches around the least that a page shows, over midnight and at the edges of ten minutes."""
    found: list[dict[str, Any]] = []
    midnight = START - 7 * HOUR - 30 * MINUTE
    for batch in range(8):
        near_midnight = midnight + rng.randrange(1, 5) * DAY - rng.choice([0, 1, 300_000, 600_000, 601_000])
        at = rng.choice([near_midnight, START + rng.randrange(4) * DAY])
        edges = [0, rng.choice([599_999, 600_000, 600_999, 601_000])]
        for number, case in enumerate(range(rng.choice([19, 20, 21, 24]))):
            here = at + (edges[number] if number < 2 else rng.randrange(600_000))
            made = {
                "source": SOURCE, "opd": "1.01", "occurred_at": here, "permit_type": "PBG", "case_id": f"C{100 * batch + case}",
                "kind": "issued" if rng.random() < 0.98 else "closed", "automatic": rng.random() < 0.02,
                "officer_token": rng.choice(["O1", "O2"]) if batch % 2 and rng.random() < 0.1 else "O1",
            }  # fmt: skip
            first = str(UUID(int=2 * len(found) + 1))
            found.append(record("permits", event_id=first, **made))
            if rng.random() < 0.03:
                later = {**made, "occurred_at": here + rng.choice([1000, HOUR])}
                found.append(
                    record("permits", event_id=str(UUID(int=2 * len(found))), corrects=first, **later)
                )
    return found


def arrivals(rng: random.Random, events: list[dict[str, Any]]) -> list[list[tuple[dict[str, Any], int]]]:
    """(event, timestamp) by partition in order of arrival, most within the lateness and some far beyond it."""
    lanes: list[list[tuple[dict[str, Any], int]]] = [[] for _ in range(PARTITIONS)]
    for event in events:
        late = rng.choice(
            [0, 0, 0, rng.randrange(8 * MINUTE), rng.randrange(3 * DAY) if rng.random() < 0.2 else 0]
        )
        lanes[int(event["case_id"][1:]) % PARTITIONS].append((event, event["occurred_at"] + late))
    for lane in lanes:
        lane.sort(key=lambda pair: pair[1])
    return lanes


def standing(processor: Regency) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    return {
        (a["rule"], a["subject"], a["scope"]): (a["level"], a["level_at"], a["observed"], a["threshold"])
        for a in processor.alerts.records().values()
        if a["status"] != "withdrawn" and a["rule"] != "S01"
    }


def agree(processor: Regency, plain: Judged) -> Counter[str]:
    """The same findings and the same coverage; returns how many of each rule."""
    wanted = {
        (rule, subject, scope): tuple(finding)
        for (rule, subject, scope), finding in plain.findings.items()
        if rules()[rule].among_peers(scope) and rules()[rule].kind != "page"
    }
    found = standing(processor)
    assert found.keys() == wanted.keys()
    for key, said in found.items():
        assert said[:2] == wanted[key][:2], key
        assert said[2:] == pytest.approx(wanted[key][2:], rel=1e-9), key
    compared = {rule.counted_as("regency") for rule in processor.permits.rules}
    counted: Counter[tuple[str, str]] = Counter()
    for key, cases in processor.totals.snapshot().items():
        rule, _, reason = key.value.partition("|")
        wanted_by = "reason" if key.metric.endswith("not_applicable") else "rule"
        if key.metric.startswith("regency.rules_") and key.dimension == wanted_by:
            counted[rule, reason or key.metric.removeprefix("regency.rules_")] += cases
    assert +counted == Counter((rule, said) for (rule, _), said in plain.outcomes.items() if rule in compared)
    return Counter(rule for rule, _, _ in found)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), cases=st.sampled_from([0, 40, 120]), event_clock=st.just(False))
def test_any_interleaving_and_cut_equals_the_reference(seed: int, cases: int, event_clock: bool) -> None:
    rng = random.Random(seed)  # noqa: S311
    lanes = arrivals(rng, busy(rng, cases))
    rows = [rows_of("permits", partition, lane) for partition, lane in enumerate(lanes) if lane]
    last = max((int(r.clocks[-1]) for r in rows), default=START)
    until = last + rng.randrange(3 * DAY)
    events = [
        (event, partition, offset, at)
        for partition, lane in enumerate(lanes)
        for offset, (event, at) in enumerate(lane)
    ]
    plain = judge(events, PROFILE, until, event_clock)
    said = []
    for cuts in ([], [rng.randrange(START, until) for _ in range(12)], list(range(START, until, 7 * HOUR))):
        processor = run(rows, cuts, until, rng, PROFILE)
        agree(processor, plain)
        said.append({
            i: {k: v for k, v in a.items() if k not in ("revision", "status", "clock")}
            for i, a in processor.alerts.records().items()
            if a["status"] != "withdrawn"
        })  # fmt: skip
    assert said[0] == said[1] == said[2]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_the_batches_of_each_day_are_those_of_the_reference(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    lanes = arrivals(rng, signed(rng))
    rows = [rows_of("permits", partition, lane) for partition, lane in enumerate(lanes) if lane]
    until = max(int(r.clocks[-1]) for r in rows) + 2 * DAY
    processor = run(rows, [rng.randrange(START, until) for _ in range(5)], until, rng, PROFILE)
    events = [
        Received(event, partition, offset, at)
        for partition, lane in enumerate(lanes)
        for offset, (event, at) in enumerate(lane)
    ]
    register = Register(events, PROFILE, event_clock=False)
    wanted: Counter[tuple[str, str]] = Counter()
    for day in register.days():
        if register.first_day < day <= (register.last_frozen(until) or ""):
            for found in batches(register, day).values():
                wanted["asked_found" if found else "asked_not_found", days_later(day, -1)] += 1
    said = Counter({
        (key.metric.removeprefix("regency."), key.local_day): amount
        for key, amount in processor.totals.snapshot().items()
        if (key.dimension, key.value) == ("rule", "P17")
    })  # fmt: skip
    assert +said == wanted
    assert wanted


def test_the_busy_office_finds_something_of_every_rule() -> None:
    """So that the property above is about something."""
    found: Counter[str] = Counter()
    for seed in range(3):
        rng = random.Random(seed)  # noqa: S311
        lanes = arrivals(rng, busy(rng, 300))
        rows = [rows_of("permits", partition, lane) for partition, lane in enumerate(lanes)]
        until = max(int(r.clocks[-1]) for r in rows) + 2 * DAY
        processor = run(rows, [], until, rng, PROFILE)
        found += Counter(rule for rule, _, _ in standing(processor))
        for alert in processor.alerts.records().values():
            if alert["rule"] == "P09":
                assert alert["parameters"]["P09.lift"] == "1.2", "the profile's value, not the rule's default"
            # asked just after midnight; of a type where the scope is of one
            if alert["rule"] in ("P09", "P18") and alert["status"] != "withdrawn":
                kind = "PBG" if alert["rule"] == "P18" else ""
                assert AsOf.told(alert["parameters"]) == AsOf(PROFILE.local_day(alert["clock"]), kind)
    wanted = {rule.id for rule in rules().values() if (rule.compare or rule.ask) and rule.kind != "page"}
    assert found.keys() >= wanted, found

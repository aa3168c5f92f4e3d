"""The rules about money and people: any interleaving, any cut, any owner, broken attempts: the reference's findings."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from daily_maker import START
from daily_rows import GENERATORS, daily_profile
from regency_driver import rows_of, run

from schemas.catalogue import DOMAINS
from schemas.profile.rows import FactSource
from streams.domains.regency import Regency
from streams.ledgers.alerts import DECIMALS
from streams.reference.ledgers import Judged, judge
from streams.reference.plain_rules import PLAIN
from streams.reference.received import Received
from streams.rules import rules

MINUTE, DAY = 60_000, 86_400_000
PARTITIONS = 3
#: The slowest source of the profile is the unknown one.
LATENESS = daily_profile().lateness_ms("")
OTHER = "/opd/1.02/other"
Event = dict[str, Any]
Lanes = dict[tuple[str, int], list[tuple[Event, int]]]


def arrivals(rng: random.Random, events: list[tuple[str, Event]]) -> Lanes:
    """(event, timestamp) by domain and partition in order of arrival: most come soon, some days later, and history
    when the period begins."""
    lanes: Lanes = {}
    for domain, event in events:
        late = rng.choice(
            [0, 0, 0, rng.randrange(8 * MINUTE), rng.randrange(5 * DAY) if rng.random() < 0.3 else 0]
        )
        partition = hash_of(DOMAINS[domain].key_of(event)) % PARTITIONS
        lanes.setdefault((domain, partition), []).append((event, max(event["occurred_at"], START) + late))
    for lane in lanes.values():
        lane.sort(key=lambda pair: pair[1])
    return lanes


def hash_of(key: bytes) -> int:
    """The same in every process."""
    return int.from_bytes(key[-6:], "big")


def said(processor: Regency) -> dict[tuple[str, str, str], tuple[str, float, float]]:
    return {
        (a["rule"], a["subject"], a["scope"]): (a["level"], a["observed"], a["threshold"])
        for a in processor.alerts.records().values()
        if a["status"] != "withdrawn" and a["rule"] in PLAIN
    }


def asked(processor: Regency) -> Counter[tuple[str, str, str]]:
    """Groups by rule, day and outcome, as the reference counts them."""
    found: Counter[tuple[str, str, str]] = Counter()
    for key, amount in processor.totals.snapshot().items():
        outcome = key.metric.removeprefix("regency.asked_")
        if amount and key.metric.startswith("regency.asked_"):
            rule, _, reason = key.value.partition("|")
            if rule in PLAIN and (reason or outcome != "few"):
                found[rule, key.local_day, reason or outcome] += amount
    return found


def shown(processor: Regency) -> dict[tuple[str, str, str], int]:
    """What pages show, by rule, subject and day."""
    found = {}
    for key, amount in processor.totals.snapshot().items():
        if key.metric == "regency.page" and amount:
            rule, _, subject = key.value.partition("|")
            found[rule, subject, key.local_day] = amount
    return found


def compare(domain: str, seed: int, fact_sources: tuple[FactSource, ...] = ()) -> Judged:
    rng = random.Random(f"{domain} {seed}")  # noqa: S311
    events = GENERATORS[domain](rng)
    profile = daily_profile()
    if fact_sources:
        profile = replace(profile, fact_sources=fact_sources)
        events = of_two_sources(rng, events)
    lanes = arrivals(rng, events)
    until = max(at for lane in lanes.values() for _, at in lane) + 40 * DAY
    received: dict[str, list[Received]] = {}
    for (name, partition), lane in lanes.items():
        received.setdefault(name, []).extend(
            Received(event, partition, offset, at) for offset, (event, at) in enumerate(lane)
        )
    plain = judge(PLAIN, received, profile, until, LATENESS)
    rows = [rows_of(*place, lane) for place, lane in lanes.items()]
    cuts = [START + rng.randrange(until - START) for _ in range(rng.choice([0, 3, 30]))]
    processor = run(rows, cuts, until, rng, profile)
    assert said(processor) == {
        name: (level, round(observed, DECIMALS), round(threshold, DECIMALS))
        for name, (level, observed, threshold) in plain.standing.items()
    }
    assert asked(processor) == Counter({name: n for name, n in plain.asked.items() if n})
    assert shown(processor) == {name: n for name, n in plain.pages.items() if n}
    return plain


def of_two_sources(rng: random.Random, events: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """The same, a third of it from another source; one correction in ten is of an event that its source did not send."""
    source: dict[str, str] = {}
    found = []
    for domain, event in events:
        own = source.get(event["corrects"] or "") or rng.choice([event["source"], event["source"], OTHER])
        if event["corrects"] and rng.random() < 0.1:
            own = OTHER
        source[event["event_id"]] = own
        found.append((domain, {**event, "source": own}))
    return found


def test_what_another_source_is_right_about_is_no_rules_business() -> None:
    rows = tuple(
        FactSource("budget", kind, ("document_number",), "/opd/1.01", OTHER, date(2025, 1, 1), until)
        for kind, until in (("sp2d", None), ("ceiling", date(2025, 6, 15)))
    )
    assert compare("budget", 1, rows).standing


@pytest.mark.parametrize("domain", sorted(GENERATORS))
@pytest.mark.parametrize("seed", range(3))
def test_any_way_of_reading_says_what_the_reference_says(domain: str, seed: int) -> None:
    compare(domain, seed)


@pytest.mark.parametrize("domain", sorted(GENERATORS))
def test_the_random_rows_make_every_rule_speak_and_be_silent(domain: str) -> None:
    """So that agreement means something."""
    outcomes: Counter[tuple[str, str]] = Counter()
    for seed in range(6):
        rng = random.Random(f"{domain} {seed}")  # noqa: S311
        received: dict[str, list[Received]] = {}
        for offset, (name, event) in enumerate(GENERATORS[domain](rng)):
            received.setdefault(name, []).append(Received(event, 0, offset, max(event["occurred_at"], START)))
        for rows in received.values():
            rows.sort(key=lambda row: row.timestamp)
        until = max(row.timestamp for rows in received.values() for row in rows) + 40 * DAY
        plain = judge(PLAIN, received, daily_profile(), until, LATENESS)
        outcomes.update((rule, outcome) for rule, _, outcome in plain.asked.elements())
    for name, rule in PLAIN.items():
        if rule.domain == domain:
            assert outcomes[name, "found"], f"{name} never found anything"
            assert outcomes[name, "not_found"], f"{name} always found something"


def test_every_rule_of_this_kind_has_a_plain_computation() -> None:
    assert set(PLAIN) == {rule.id for rule in rules().values() if rule.weigh is not None}

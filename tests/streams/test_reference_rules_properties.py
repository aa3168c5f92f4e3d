"""Whatever arrives: the reference answers for every rule and case, and its findings and outcomes belong together."""

from __future__ import annotations

import random
from datetime import date
from typing import Any
from uuid import UUID

from domain_rows import SOURCE, record
from hypothesis import given, settings
from hypothesis import strategies as st
from permit_cases import SINCE, law, ms

from schemas.profile import Authority, Deemed, Incompatible, Step, Tariff
from streams.reference.case_rules import CASE_RULES
from streams.reference.finding import FOUND
from streams.reference.peer_rules import PEER_RULES
from streams.reference.permit_rules import SAYING, Judged, judge

HOUR, LATENESS = 3_600_000, 600_000
#: Under which name cases are counted that P11 holds against the others of their register.
IN_REGISTER = "P11/register"
LAW = law(
    Step("berkas", "Berkas", "LOKET"),
    Step("survei", "Survei", "PUPR", after=("berkas",), minimum_minutes=60, valid_from=date(2026, 2, 3)),
    deemed=(Deemed(2, SINCE),),
    incompatible=(Incompatible("berkas", "survei", SINCE), Incompatible("berkas", "kind:issued", SINCE)),
    tariffs=(Tariff("PBG", 100, SINCE),),
    authorities=(Authority("A", "*", SINCE),),
)
ROWS = st.fixed_dictionaries(
    {
        "case_id": st.sampled_from(["C1", "C2", "C3"]),
        "kind": st.sampled_from(
            ["submitted", "accepted", "started", "finished", "finished", "returned", "rejected", "issued", "closed", "new"]
        ),
        "permit_type": st.sampled_from(["PBG", "PBG", "PBG", "", "X"]),
        "step": st.sampled_from([None, "berkas", "survei", "x"]),
        "officer_token": st.sampled_from([None, "A", "B"]),
        "applicant_token": st.sampled_from([None, "W"]),
        "agent_token": st.sampled_from([None, "K"]),
        "mode": st.sampled_from(["live"] * 9 + ["backfill"]),
        "automatic": st.sampled_from([False] * 4 + [True]),
        "contact": st.sampled_from([None, "phone"]),
        "new_documents": st.sampled_from([None, False, True]),
        "fee_assessed": st.sampled_from([None, 100, 90]),
        "fee_paid": st.sampled_from([None, 0, 90, 100]),
        "document_date": st.sampled_from([None, ms("2026-02-01 12:00")]),
    }
)  # fmt: skip


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[dict[str, Any], int, int, int]]:
    """Records in two partitions, each case in one of them, with corrections and late arrivals."""
    events, offsets, clock = [], [0, 0], ms("2026-02-02 07:00")
    for number, fields in enumerate(draw(st.lists(ROWS, min_size=1, max_size=25))):
        clock += draw(st.integers(0, 12)) * HOUR
        at = clock - draw(st.integers(-2, 60)) * HOUR
        earlier = draw(st.one_of(st.none(), st.none(), st.integers(0, number)))
        partition = int(fields["case_id"] == "C3")
        event = record(
            "permits", **fields, source=SOURCE, opd="1.01", event_id=str(UUID(int=number)), occurred_at=at,
            corrects=None if earlier is None else str(UUID(int=earlier)),
        )  # fmt: skip
        events.append((event, partition, offsets[partition], clock))
        offsets[partition] += 1
    return events


def known(events: list[tuple[dict[str, Any], int, int, int]], until: int, event_clock: bool) -> set[str]:
    """The cases that were known when a day was frozen last; nothing is before the second day."""
    lateness = 0 if event_clock else LATENESS
    frozen = LAW.calendar.day_start(LAW.local_day(until - lateness)) + lateness
    if LAW.local_day(until - lateness) <= LAW.local_day(events[0][3]):
        return set()
    return {record["case_id"] for record, _, _, clock in events if clock <= frozen}


def belong_together(said: Judged, cases: set[str], among_peers: set[str], clock: int) -> None:
    """Outcomes of every case for every rule about cases; found where something that counts stands, and only there."""
    by_rule = {
        rule: {case for one, case in said.outcomes if one == rule}
        for rule in {rule for rule, _ in said.outcomes} | {*CASE_RULES, *PEER_RULES, IN_REGISTER}
    }
    of_cases = {*CASE_RULES, *PEER_RULES, IN_REGISTER}
    assert by_rule == {rule: cases if rule in CASE_RULES else among_peers for rule in of_cases}
    named = {
        (IN_REGISTER if scope == "register" else rule, subject): finding
        for (rule, subject, scope), finding in said.findings.items()
    }
    assert {key for key, outcome in said.outcomes.items() if outcome == FOUND and key[0] in of_cases} == {
        (rule, subject)
        for (rule, subject), finding in named.items()
        if rule in of_cases and subject in cases and finding.level in SAYING
    }
    assert all(finding.at <= clock for finding in said.findings.values())


@settings(max_examples=150, deadline=None)
@given(arrivals(), st.integers(0, 300), st.booleans(), st.integers(0, 99))
def test_outcomes_and_findings_belong_together(
    events: list[tuple[dict[str, Any], int, int, int]], beyond: int, event_clock: bool, seed: int
) -> None:
    until = events[-1][3] + beyond * HOUR
    said = judge(events, LAW, until, event_clock)
    belong_together(said, {e[0]["case_id"] for e in events}, known(events, until, event_clock), until)
    shuffled = random.Random(seed).sample(events, len(events))  # noqa: S311
    assert judge(shuffled, LAW, until, event_clock) == said
    assert judge(events, LAW, {0: until, 1: until}, event_clock) == said


@settings(max_examples=100, deadline=None)
@given(arrivals(), st.integers(0, 300))
def test_a_case_rule_does_not_look_at_other_cases(
    events: list[tuple[dict[str, Any], int, int, int]], beyond: int
) -> None:
    until = events[-1][3] + beyond * HOUR
    together = judge(events, LAW, until)
    for case in {e[0]["case_id"] for e in events}:
        alone = judge([e for e in events if e[0]["case_id"] == case], LAW, until)
        for rule in CASE_RULES:
            assert alone.outcomes[rule, case] == together.outcomes[rule, case]

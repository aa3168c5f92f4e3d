"""The honest permit office: everything odd and innocent happens in it, and nothing that is forbidden."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from producers.simulator import Simulator
from producers.simulator.world import Group
from schemas.profile import PermitType, Profile

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
HOUR = 3_600_000
Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def contoh() -> Profile:
    return Profile.load(CONTOH)


@pytest.fixture(scope="module")
def groups(contoh: Profile) -> list[Group]:
    return list(Simulator(contoh, 11, 120_000).permits.groups(2025))


def first(events: Events, kind: str) -> dict[str, Any] | None:
    return next((record for record in events if record["kind"] == kind), None)


def started(profile: Profile, events: Events) -> date:
    accepted = first(events, "accepted")
    assert accepted is not None
    return date.fromisoformat(profile.local_day(accepted["occurred_at"]))


def kind_of(profile: Profile, events: Events) -> PermitType:
    return profile.permit_types[events[0]["permit_type"]]


def officers(events: Events, member: str) -> set[str]:
    kind = member.removeprefix("kind:")
    return {
        record["officer_token"]
        for record in events
        if record.get("officer_token")
        and (record["kind"] == kind if kind != member else record.get("step") == member)
    }


def test_every_innocent_explanation_happens(contoh: Profile, groups: list[Group]) -> None:
    seen: defaultdict[str, int] = defaultdict(int)
    for group in groups:
        events, decision = group.events, group.events[-1]
        local_hour = (decision["occurred_at"] + 7 * HOUR) // HOUR % 24
        seen["signed at night"] += decision["kind"] == "issued" and local_hour >= 18
        seen["two events at one timestamp"] += any(
            a["occurred_at"] == b["occurred_at"] for a, b in pairwise(events)
        )
        rejected, issued = first(events, "rejected"), first(events, "issued")
        if rejected and issued:
            back = first(events, "resubmitted")
            seen["granted after a refusal, with new documents"] += bool(back and back["new_documents"])
        seen["corrected"] += any(record.get("corrects") for record in events)
        seen["entered later"] += bool(group.arrivals)
        seen["deputy"] += bool(decision.get("delegation_id"))
        seen["machine"] += any(record.get("automatic") for record in events)
        steps = {record["step"] for record in events if record.get("step")}
        loops = {step.code for step in kind_of(contoh, events).steps if step.loop}
        for step in steps:
            rounds = sum(r["kind"] == "started" and r["step"] == step for r in events)
            seen["loop"] += rounds > 2 and step in loops
            seen["done twice"] += rounds == 2 and step not in loops
        seen["one officer for two steps"] += any(
            officers(events, a) & officers(events, b) for a in steps for b in steps if a < b
        )
        seen["paid after it was assessed"] += any(
            record.get("fee_assessed") and not record.get("fee_paid") for record in events
        )
        seen["clocks differ"] += any(
            a["kind"] == "started" and b["kind"] == "finished" and a["step"] != b["step"]
            for a, b in pairwise(events)
        )
        seen["returned twice"] += sum(record["kind"] == "returned" for record in events) == 2
        seen["agent"] += bool(events[0].get("agent_token"))
    wanted = (
        "signed at night,two events at one timestamp,granted after a refusal,corrected,entered later,deputy,machine,"
        "loop,done twice,one officer for two steps,paid after it was assessed,clocks differ,returned twice,agent"
    )
    for name in wanted.split(","):
        assert any(count for key, count in seen.items() if key.startswith(name)), name


def test_nothing_forbidden_happens(contoh: Profile, groups: list[Group]) -> None:
    mandates = {(m.officer_token, m.permit_type) for m in Simulator(contoh, 11, 120_000).permits.mandates()}
    for group in groups:
        events = group.events
        kind, day = kind_of(contoh, events), started(contoh, events)
        for pair in kind.pairs_on(day):
            assert not officers(events, pair.first) & officers(events, pair.second), events[0]["case_id"]
        assert sum(record["kind"] == "returned" for record in events) <= 2
        decision = first(events, "rejected") or first(events, "issued")
        if decision is not None and decision.get("officer_token"):
            assert (decision["officer_token"], kind.code) in mandates
        begun: dict[str, int] = {}
        ended: dict[str, int] = {}
        for record in events:
            if record["kind"] == "started":
                begun.setdefault(record["step"], record["occurred_at"])
            elif record["kind"] == "finished":
                ended.setdefault(record["step"], record["occurred_at"])
        if first(events, "issued"):
            assert {step.code for step in kind.steps_on(day) if step.mandatory} <= set(ended)
        for step in kind.steps_on(day):
            for before in step.after:
                if step.code in begun and before in ended:
                    assert begun[step.code] >= ended[before] - 60_000
        assessed = [record["fee_assessed"] for record in events if record.get("fee_assessed")]
        paid = [record["fee_paid"] for record in events if record.get("fee_paid")]
        if contoh.tariff(kind.code, day) is None or not first(events, "issued"):
            assert not paid
        elif not first(events, "rejected"):
            assert paid[-1] == assessed[-1] > 0


def test_who_is_not_late_keeps_every_promise(contoh: Profile, groups: list[Group]) -> None:
    late = sum(bool(group.ordinary) for group in groups)
    assert 0.04 < late / len(groups) < 0.08
    for group in groups:
        events = [record for record in group.events if not record.get("corrects")]
        closing = first(events, "rejected") or first(events, "issued")
        if group.ordinary or closing is None:
            continue
        accepted = first(events, "accepted")
        assert accepted is not None
        worked = contoh.calendar.elapsed(accepted["occurred_at"], closing["occurred_at"])
        for a, b in pairwise(events):
            if a["kind"] == "returned" and b["occurred_at"] <= closing["occurred_at"]:
                worked -= contoh.calendar.elapsed(a["occurred_at"], b["occurred_at"])
        standard = contoh.service_standard(events[0]["permit_type"], started(contoh, events))
        assert standard is not None
        assert worked <= standard, events[0]["case_id"]


def test_register_numbers_follow_the_days(contoh: Profile, groups: list[Group]) -> None:
    entries = [next(r for r in g.events if r.get("register_number")) for g in groups]
    days: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for entry in entries:
        day = contoh.local_day(entry["occurred_at"])
        days.setdefault((entry["unit"], day[:4]), []).append((entry["register_number"], day))
    for book in days.values():
        in_order = [day for _, day in sorted(book)]
        assert in_order == sorted(in_order)

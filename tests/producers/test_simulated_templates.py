"""Honest simulated cases keep to the templates of the profile contoh: no rule about them has anything to find."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from producers.simulator.permits import Permits
from producers.simulator.world import World
from schemas.profile import Profile

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
CLOCKS_DIFFER = 60_000  # two systems' clocks, ms
Case = list[dict[str, Any]]


@pytest.fixture(scope="module")
def world() -> World:
    return World(Profile.load(CONTOH), 11, 40_000)


@pytest.fixture(scope="module")
def cases(world: World) -> list[Case]:
    return [group.events for group in Permits(world).groups(2025)]


def first(case: Case, kind: str, step: str | None = None) -> int | None:
    return next((e["occurred_at"] for e in case if e["kind"] == kind and e.get("step") == step), None)


def test_mandatory_steps_are_done_in_their_order(world: World, cases: list[Case]) -> None:
    for case in cases:
        kind = world.profile.permit_types[case[0]["permit_type"]]
        steps = kind.steps_on(world.local_date(case[0]["occurred_at"]))
        for step in steps:
            begun, ended = first(case, "started", step.code), first(case[::-1], "finished", step.code)
            if case[-1]["kind"] == "issued" and step.mandatory:
                assert begun is not None
            for before in step.after if begun is not None else ():
                assert (first(case, "finished", before) or 0) <= begun + CLOCKS_DIFFER
            if begun is not None and ended is not None:
                assert world.profile.calendar.minutes(begun, ended) >= step.minimum_minutes


def test_no_officer_does_both_of_a_pair(world: World, cases: list[Case]) -> None:
    for case in cases:
        kind = world.profile.permit_types[case[0]["permit_type"]]
        done: dict[str, set[str]] = defaultdict(set)
        for event in case:
            if "officer_token" in event:
                done[f"kind:{event['kind']}"].add(event["officer_token"])
                done[event.get("step", "")].add(event["officer_token"])
        for pair in kind.pairs_on(world.local_date(case[0]["occurred_at"])):
            assert not done[pair.first] & done[pair.second]


def test_hardly_a_case_lasts_until_it_is_deemed_granted(world: World, cases: list[Case]) -> None:
    calendar, late = world.profile.calendar, 0
    for case in cases:
        kind = world.profile.permit_types[case[0]["permit_type"]]
        days = kind.deemed_on(world.local_date(case[0]["occurred_at"]))
        accepted = first(case, "accepted") or case[0]["occurred_at"]
        stopped = sum(
            calendar.minutes(event["occurred_at"], after["occurred_at"])
            for event, after in pairwise(case)
            if event["kind"] == "returned"
        )
        minutes = calendar.minutes(accepted, case[-1]["occurred_at"]) - stopped
        late += days is not None and minutes > days * 450
    assert late < 0.005 * len(cases)


def test_a_machine_is_no_officer(world: World, cases: list[Case]) -> None:
    automatic = {
        (kind.code, step.code)
        for kind in world.profile.permit_types.values()
        for step in kind.steps
        if step.automatic
    }
    seen = 0
    for event in (event for case in cases for event in case):
        if (event["permit_type"], event.get("step")) in automatic and event["kind"] != "resubmitted":
            seen += 1
            assert event["automatic"] is True
            assert "officer_token" not in event
    assert seen


def test_fees_are_paid_where_there_is_a_tariff(world: World, cases: list[Case]) -> None:
    for case in cases:
        tariff = world.profile.tariff(case[0]["permit_type"], world.local_date(case[0]["occurred_at"]))
        paid = [event["fee_paid"] for event in case if event.get("fee_paid") and not event.get("corrects")]
        assert len(paid) == (
            tariff is not None and case[-1]["kind"] == "issued" and "rejected" not in kinds(case)
        )


def kinds(case: Case) -> set[str]:
    return {event["kind"] for event in case}

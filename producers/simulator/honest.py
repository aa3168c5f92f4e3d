"""What looks odd in permit data and is innocent: each explanation that the rules' pages name happens here.

The same officer in a pair that nobody forbids, batch entry at one timestamp, signing at night, a survey that waits,
another try after a refusal with new documents, machines that take minutes, agents who come well prepared, cases that
go first, officers who know one type best, a deputy under a delegation, paper that is entered later, corrected data,
steps that are done again, clocks that differ, fees that are paid after they were assessed.
"""

from __future__ import annotations

import random
from itertools import pairwise

from producers.simulator.case import CHANNELS, Plan
from producers.simulator.slips import correction
from producers.simulator.world import HOUR_MS, MINUTE_MS, Record, World

DAY_MINUTES = 450.0  # of a working day
MACHINE_DAYS = 1.5 / DAY_MINUTES
AGENT = 0.25
DEPUTY = 0.03
SPECIALIST = 0.3


def vary(rng: random.Random, plan: Plan) -> None:
    """Draw what happens on the way of a case."""
    plan.channel = CHANNELS.draw(rng)
    plan.agent = rng.random() < AGENT
    if plan.agent:
        plan.pace *= 0.95
    if rng.random() < 0.01:  # an order of precedence: a clinic after a flood, a school
        plan.pace *= 0.75
    plan.batch = rng.random() < 0.05
    plan.night = plan.approver is not None and not plan.batch and rng.random() < 0.1
    plan.again = plan.rejected and rng.random() < 0.3
    plan.fee_first = bool(plan.fee) and len(plan.steps) > 1 and rng.random() < 0.5
    people = [step for step in plan.steps if not step.automatic]
    if rng.random() < 0.13 * (0.7 if plan.agent else 1.0) and people:
        plan.returned_at = rng.choice(people[: max(1, len(people) - 1)]).code
        plan.returns = 2 if rng.random() < 0.08 else 1
    for step in people:
        if rng.random() < (0.25 if step.loop else 0.02):
            plan.rounds[step.code] = 1 + (rng.randrange(1, 4) if step.loop else 1)
    if people and rng.random() < 0.05:
        plan.slow[rng.choice(people).code] = 1.7


def specialist(rng: random.Random, permit_type: str, count: int) -> int | None:
    """The officer of a unit who takes most cases of a type, or None where whoever is free takes it."""
    return sum(map(ord, permit_type)) % count if rng.random() < SPECIALIST else None


def share_officers(rng: random.Random, plan: Plan) -> None:
    """Now and then one officer does two steps, or a step and the decision, which no declared pair forbids."""
    if rng.random() >= 0.2 or len(plan.officers) < 2:
        return
    people = list(plan.officers)
    first, second = sorted(rng.sample(range(len(people)), 2))
    before = plan.officers[people[second]]
    plan.officers[people[second]] = plan.officers[people[first]]
    if _forbidden(plan):
        plan.officers[people[second]] = before
    if plan.approver is not None and plan.delegation is None and rng.random() < 0.3:
        before = plan.officers[people[-1]]
        plan.officers[people[-1]] = plan.approver
        if _forbidden(plan):
            plan.officers[people[-1]] = before


def _forbidden(plan: Plan) -> bool:
    """Whether one person stands on both sides of a pair that the profile declares."""
    return any(_who(plan, pair.first) & _who(plan, pair.second) for pair in plan.kind.pairs_on(plan.day))


def _who(plan: Plan, member: str) -> set[str]:
    first = plan.steps[0].code if plan.steps else ""
    at_return = plan.officers.get(plan.returned_at)
    by_kind: dict[str, set[str | None]] = {
        "kind:issued": {plan.approver},
        "kind:rejected": {plan.approver},
        "kind:accepted": {plan.officers.get(first)},
        "kind:started": {*plan.officers.values()},
        "kind:finished": {*plan.officers.values()},
        "kind:returned": {at_return} if at_return else {*plan.officers.values()},
    }
    return {token for token in by_kind.get(member, {plan.officers.get(member)}) if token}


def skew(rng: random.Random, plan: Plan, events: list[Record]) -> None:
    """Two systems' clocks differ: a step seems to start up to a minute before the one before it ended."""
    if plan.batch or rng.random() >= 0.1:
        return
    for before, after in pairwise(events):
        if (before["kind"], after["kind"]) == ("finished", "started") and before["step"] != after["step"]:
            moved = before["occurred_at"] - rng.randrange(5, 60) * 1000
            if (
                after["occurred_at"] - before["occurred_at"] < 15 * MINUTE_MS
                and moved > events[1]["occurred_at"]
            ):
                after["occurred_at"] = moved
                break
    events.sort(key=lambda r: r["occurred_at"])


def correct(world: World, rng: random.Random, events: list[Record]) -> None:
    """A slip of the pen is put right: the same event again, with another place."""
    if not world.villages or rng.random() >= 0.015:
        return
    position = rng.randrange(len(events))
    wrong = events[position]
    right = correction(rng, wrong, wrong, "salah pilih desa")
    right["village"] = world.village_choice.draw(rng)
    events.insert(position + 1, right)
    events.sort(key=lambda r: r["occurred_at"])


def entered_late(world: World, rng: random.Random, plan: Plan, events: list[Record]) -> dict[str, int]:
    """When the first events of a paper file are heard of: a day or so later; corrections come some hours later."""
    found: dict[str, int] = {}
    if plan.channel != "online" and rng.random() < 0.08:
        entry = world.clock.add(events[0]["occurred_at"], 0.3 + rng.random())
        for number, record in enumerate(events):
            if record["occurred_at"] < entry:
                found[record["event_id"]] = entry + number
    for record in events:
        if record.get("corrects"):
            at = max(record["occurred_at"], found.get(record["corrects"], 0))
            found[record["event_id"]] = at + int(HOUR_MS * rng.uniform(0.5, 6))
    return found

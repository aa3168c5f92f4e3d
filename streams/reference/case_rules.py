"""The permit rules that one case decides by itself: P02, P03, P04, P06, P10, P11, P12, P14, P16.

Each is a function of the case's story: a reason why it makes no statement, or its findings. Reasons are tried in the
order in which the definitions list them. Where the definitions leave room:

- A parameter and the template, pairs, tariffs and deemed days are those of the local day on which the case started.
- P02 counts like P01: closed at the very instant at which the days ran is in time; ``observed`` is what had run when
  it could first be said, or at a later closing.
- P04 tells, of a step with several predecessors, the greatest inversion (``at`` is its e(P)); P11 the event with the
  greatest lag, distance or number of days (``at`` is that event's, the earliest where they are equal).
- P06 counts every standing event, also those dated after the closing: who did both is a fact wherever the closing is
  dated. The past alone would give 1,041 instead of the measured 1,042 on the receipt log.
- P10 asks the calendar of the unit that the closing names, else of the one that holds the file. It observes 1 decision
  against 0.
- P11 takes the partition's clock at a record as its timestamp. ``lag`` and ``document`` read the past, ``order`` all
  that arrived before the closing. What came while its source was catching up after a silence has no lag.
- P12 tells the earliest rejection that fits; its end of 5 working days is within.
- P14 takes a fee that is not known as no mismatch with the tariff; a missing payment is observed as 0.
- P16 knows a delegation by the rows of the type, of any officer. It observes 0 rows against 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from streams.reference import reasons
from streams.reference.finding import Answer, Finding
from streams.reference.story import Story, reached_at, worked

MINUTE = 60_000


def deemed(case: Story) -> Answer:
    """P02: it counts as granted, or nearly, because nobody decided."""
    days = case.kind.deemed_on(case.started_on) if case.kind else None
    if days is None:
        return reasons.NO_DEEMED
    calendar = case.profile.calendar
    running = case.running(case.started_at, case.closed_at)
    near = max(0.0, days - case.parameter("P02.near_days", 1))
    warned, ran = reached_at(running, near, calendar), reached_at(running, days, calendar)
    if case.closed_at is not None and (ran is None or case.closed_at <= ran):
        return []
    found = []
    if warned is not None:
        until = (
            max(warned, case.seen) if case.closed_at is None else min(max(warned, case.seen), case.closed_at)
        )
        found.append(("", Finding("warning", warned, worked(running, until, calendar), near)))
    if ran is not None:
        until = max(ran + 1, case.seen) if case.closed_at is None else case.closed_at
        found.append(("", Finding("breach", ran + 1, worked(running, until, calendar), days)))
    return found


def skipped_step(case: Story) -> Answer:
    """P03: issued without a mandatory step."""
    if not case.template:
        return reasons.NO_TEMPLATE
    if (reason := not_issued(case)) is not None:
        return reason
    done = {e["step"] for e in case.past if e["kind"] in ("started", "finished")}
    missing = {step.code for step in case.template if step.mandatory} - done
    return [("", Finding("breach", case.end, len(missing), 0))] if missing else []


def out_of_order(case: Story) -> Answer:
    """P04: a step begins before a step that it comes after is finished."""
    if not any(step.after for step in case.template):
        return reasons.NO_ORDER
    tolerance = case.parameter("P04.tolerance_minutes", 2)
    found = []
    for step in case.template:
        begun = [e for e in case.past if e["step"] == step.code and e["kind"] in ("started", "finished")]
        ends = []
        for before in step.after:
            finished = [e for e in case.past if e["step"] == before and e["kind"] == "finished"]
            ends += [e["occurred_at"] for e in finished[:1]]
        if begun and ends:
            inversion = (max(ends) - begun[0]["occurred_at"]) / MINUTE
            if inversion > tolerance:
                found.append((step.code, Finding("breach", max(ends), inversion, tolerance)))
    return found


def four_eyes(case: Story) -> Answer:
    """P06: one officer did both parts of a pair that must be done by two."""
    pairs = case.kind.pairs_on(case.started_on) if case.kind else ()
    if not pairs:
        return reasons.NO_PAIR
    found = []
    named = False
    for pair in pairs:
        first, second = _first_acts(case, pair.first), _first_acts(case, pair.second)
        named = named or bool(first or second)
        both = [max(first[officer], second[officer]) for officer in first.keys() & second.keys()]
        if both:
            found.append((f"{pair.first}+{pair.second}", Finding("breach", min(both), len(both), 0)))
    return found if named else reasons.NO_OFFICER


def _first_acts(case: Story, member: str) -> dict[str, int]:
    """When each officer first acted in a member of a pair."""
    found: dict[str, int] = {}
    for event in case.standing:
        e = event.record
        part = (
            e["kind"] == member.removeprefix("kind:") if member.startswith("kind:") else e["step"] == member
        )
        if part and e["officer_token"] and not e["automatic"]:
            found.setdefault(e["officer_token"], e["occurred_at"])
    return found


def off_hours(case: Story) -> Answer:
    """P10: issued outside working time."""
    if (reason := not_issued(case)) is not None:
        return reason
    if case.closing is not None and case.closing.record["automatic"]:
        return reasons.AUTOMATIC
    unit = case.holdings(units_only=True)[-1][1]
    if case.profile.calendar_for(unit).is_working(case.end):
        return []
    return [("", Finding("context", case.end, 1, 0))]


def retroactive(case: Story) -> Answer:
    """P11: told late, dated out of the order of arrival, or with a document older than the application."""
    if any(e.record["mode"] == "backfill" for e in case.standing):
        return reasons.HISTORIC
    profile = case.profile
    limit = case.parameter("P11.lag_days", 3)
    distance = case.lateness_ms / MINUTE + case.parameter("P11.tolerance_minutes", 2)
    lags, orders, documents = [], [], []
    for event in case.standing[: len(case.past)]:
        at = event.record["occurred_at"]
        if (event.partition, event.offset) not in case.catching_up:
            lags.append((profile.calendar.elapsed(at, event.timestamp), event.timestamp))
        dated = event.record["document_date"]
        if dated is not None:
            before = date.fromisoformat(profile.local_day(dated))
            entered = date.fromisoformat(profile.local_day(case.entered_at))
            documents.append(((entered - before).days, at))
    for event in case.standing:
        if case.closing is not None and event.offset < case.closing.offset:
            later = (event.record["occurred_at"] - case.end) / MINUTE
            orders.append((later, case.closing.timestamp))
    found = []
    for scope, seen, threshold in (
        ("lag", lags, limit),
        ("order", orders, distance),
        ("document", documents, 0),
    ):
        beyond = [(-observed, at) for observed, at in seen if observed > threshold]
        if beyond:
            observed, at = min(beyond)
            found.append((scope, Finding("breach", at, -observed, threshold)))
    return found


def changed_mind(case: Story) -> Answer:
    """P12: rejected, then issued within days without a new document."""
    events = [e.record for e in case.standing]
    if not any(e["kind"] == "rejected" for e in events):
        return reasons.NO_REJECTION
    within = case.parameter("P12.days", 5)
    for i, rejection in enumerate(events):
        issues = [j for j in range(i + 1, len(events)) if events[j]["kind"] == "issued"]
        if rejection["kind"] != "rejected" or not issues:
            continue
        issue = events[issues[0]]
        days = case.profile.calendar.elapsed(rejection["occurred_at"], issue["occurred_at"])
        if days <= within and not any(e["new_documents"] for e in events[i + 1 : issues[0] + 1]):
            officers = {rejection["officer_token"], issue["officer_token"]}
            level = "severe" if len(officers) == 2 and all(officers) else "breach"
            return [("", Finding(level, issue["occurred_at"], days, within))]
    return []


def fee(case: Story) -> Answer:
    """P14: what was paid, assessed and due by the tariff differ."""
    tariff = case.profile.tariff(case.permit_type, case.started_on)
    if tariff is None:
        return reasons.NO_TARIFF
    if case.closing is None:
        return reasons.NOT_CLOSED
    assessed, paid = case.last("fee_assessed"), case.last("fee_paid") or 0
    owed = assessed if assessed is not None else tariff.amount or 0
    found: dict[str, tuple[int, int]] = {}
    if case.issued and paid == 0 and owed > 0:
        found["issued-unpaid"] = (paid, owed)
    if paid > 0 and assessed is not None and paid != assessed:
        found["different"] = (paid, assessed)
    if tariff.amount is not None and assessed is not None and assessed != tariff.amount:
        found["tariff"] = (assessed, tariff.amount)
    if not case.issued and paid > 0:
        found["paid-not-issued"] = (paid, 0)
    at = case.end
    return [(scope, Finding("breach", at, is_, should)) for scope, (is_, should) in found.items()]


def authority(case: Story) -> Answer:
    """P16: decided by an officer who had no authority on that day."""
    rows = case.profile.authorities_for(case.permit_type)
    if not rows:
        return reasons.NO_AUTHORITIES
    decisions = [e for e in case.past if e["kind"] in ("issued", "rejected") and not e["automatic"]]
    if not decisions:
        return reasons.NO_DECISION
    decision: dict[str, Any] = decisions[0]
    if not decision["officer_token"]:
        return reasons.NO_OFFICER
    on = date.fromisoformat(case.profile.local_day(decision["occurred_at"]))
    valid = [row for row in rows if row.holds(on)]
    own = any(row.officer_token == decision["officer_token"] for row in valid)
    delegated = any(row.delegation_id and row.delegation_id == decision["delegation_id"] for row in valid)
    return [] if own or delegated else [("", Finding("breach", decision["occurred_at"], 0, 1))]


def not_issued(case: Story) -> str | None:
    """Why a rule about issued permits makes no statement; None where it was issued."""
    if case.closing is None:
        return reasons.NOT_ISSUED
    return None if case.issued else reasons.ENDED_OTHERWISE


CASE_RULES: Mapping[str, Callable[[Story], Answer]] = {
    "P02": deemed,
    "P03": skipped_step,
    "P04": out_of_order,
    "P06": four_eyes,
    "P10": off_hours,
    "P11": retroactive,
    "P12": changed_mind,
    "P14": fee,
    "P16": authority,
}

"""The permit rules that compare a closed case with its peers: P05, P07, P08, P13, and P15 by case; and P11 in a register.

Each is a function of the closed case as known at the freeze at which it is judged, of its peers (cases of its type that
closed on the 365 days before its closing's day, as known when that day was frozen) and of all cases as known at the freeze
at which it is judged; P11 of all cases as known at the last freeze. Where the definitions leave room:

- What is heard of a case after it was judged has it judged again: by the same peers, with all others as known then. What
  is heard of another case does not.
- A case without a type has the cases without a type as peers.
- P05 counts occurrences exactly, not in buckets.
- P07 and P08 measure peers that were issued; P08 those without an ``accepted`` too, from when they were entered. A
  step is automatic if its template or one of its events says so. ``minutes < fence`` compares the value of the
  bucket of max(1, minutes), as P08 does that of the wait.
- P11 in the office's register speaks of open cases too. A case stands there once: by its first standing event with a
  number above 0, on that event's local day, in the book of its department and unit and of the day's year, in order of
  number, time and event id. Cases loaded as history stand there too, but nothing is said of them.
- P13 takes the closing itself as the end of a gap too; an officer is another one only after one was named, and on the step of
  that one (or both on none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from schemas.buckets import bucket_of, value_of
from streams.reference import reasons
from streams.reference.case_rules import not_issued
from streams.reference.finding import Answer, Finding
from streams.reference.statistics import bucket_percentile, percentile
from streams.reference.story import Story

PEERS = 30

#: All cases as known when the case was judged.
Others = Callable[[], list[Story]]


def rework(case: Story, peers: list[Story], _others: Others) -> Answer:
    """P05: a step was done more often than is usual."""
    usual = [n for n in map(_repetitions, peers) if n is not None]
    if len(usual) < PEERS:
        return reasons.FEW_PEERS
    repeated = _repetitions(case)
    if repeated is None:
        return reasons.NO_STEPS
    limit = max(percentile(95, usual), case.parameter("P05.least", 2))
    return [("", Finding("breach", case.end, repeated, limit))] if repeated > limit else []


@lru_cache(maxsize=20_000)
def _repetitions(case: Story) -> int | None:
    """How often the most repeated step was done; None without a step."""
    loops = {step.code for step in case.template if step.loop}
    found = []
    for step in {e["step"] for e in case.past if e["step"]} - loops:
        kinds = [e["kind"] for e in case.past if e["step"] == step]
        found.append(max(kinds.count("started"), kinds.count("finished")))
    return max(found, default=0) or None


class StepDone(NamedTuple):
    """A step that was started and finished: its working minutes, and the event that finished it last."""

    minutes: int
    finished: dict[str, Any]
    automatic: bool


@lru_cache(maxsize=20_000)
def steps_done(case: Story) -> dict[str, StepDone]:
    """Every step of the past with a span from started to finished."""
    machine = {step.code for step in case.template if step.automatic}
    found = {}
    for step in {e["step"] for e in case.past if e["step"]}:
        minutes, began, last = 0, None, None
        events = [e for e in case.past if e["step"] == step and e["kind"] in ("started", "finished")]
        for e in events:
            if e["kind"] == "started" and began is None:
                began = e["occurred_at"]
            elif e["kind"] == "finished" and began is not None:
                minutes += case.minutes(began, e["occurred_at"])
                began, last = None, e
        if last is not None:
            automatic = step in machine or any(e["automatic"] for e in events)
            found[step] = StepDone(minutes, last, automatic)
    return found


def too_fast(case: Story, peers: list[Story], _others: Others) -> Answer:
    """P07: a step took far less time than it usually does, or than it can take."""
    if (reason := not_issued(case)) is not None:
        return reason
    done = steps_done(case)
    if not done:
        return reasons.NO_START
    if all(step.automatic for step in done.values()):
        return reasons.AUTOMATIC
    of_peers = [steps_done(peer) for peer in peers if peer.issued]
    least = {step.code: step.minimum_minutes for step in case.template}
    judged = False
    found = []
    for step, mine in done.items():
        if mine.automatic:
            continue
        usual = [
            max(1, other[step].minutes) for other in of_peers if step in other and not other[step].automatic
        ]
        missed = []
        if len(usual) >= PEERS:
            low, high = bucket_percentile(25, usual), bucket_percentile(75, usual)
            fence = low / (high / low) ** case.parameter("P07.reach", 1.5)
            missed += [fence] if value_of(bucket_of(max(1, mine.minutes))) < fence else []
        minimum = least.get(step, 0)
        missed += [minimum] if mine.minutes < minimum else []
        judged = judged or len(usual) >= PEERS or minimum > 0
        if missed:
            found.append((step, Finding("breach", case.end, mine.minutes, max(missed))))
    return found if judged else reasons.FEW_PEERS


def queue_jump(case: Story, peers: list[Story], others: Others) -> Answer:
    """P08: it passed many older cases that wait, and waited less than almost all."""
    if (reason := not_issued(case)) is not None:
        return reason
    if case.accepted_at is None:
        return reasons.NO_ACCEPTED
    waits = [peer.minutes(peer.started_at, peer.end) for peer in peers if peer.issued]
    if len(waits) < PEERS:
        return reasons.FEW_PEERS
    overtaken = 0
    for other in others():
        older = other.accepted_at is not None and other.accepted_at < case.accepted_at
        waiting = other.closed_at is None or other.closed_at > case.end
        stopped = any(a <= case.end and (b is None or case.end < b) for a, b in other.with_applicant)
        same = other.permit_type == case.permit_type and other.case_id != case.case_id
        overtaken += same and older and waiting and not stopped
    limit = case.parameter("P08.overtaken", 10)
    quick = value_of(bucket_of(case.minutes(case.started_at, case.end))) < bucket_percentile(10, waits)
    return [("", Finding("breach", case.end, overtaken, limit))] if overtaken >= limit and quick else []


def delayed_then_fast(case: Story, peers: list[Story], _others: Others) -> Answer:
    """P13: it lay idle for long, then a contact, a payment or another officer of a step brought it to its end within a day."""
    if (reason := not_issued(case)) is not None:
        return reason
    calendar = case.profile.calendar
    fast_days = case.parameter("P13.fast_days", 1)
    gaps = []
    officer, step = None, None
    for before, after in pairwise(case.past):
        if before["officer_token"]:
            officer, step = before["officer_token"], before["step"]
        other = officer and after["officer_token"] and after["officer_token"] != officer
        changed = bool(other) and after["step"] == step
        moved = bool(after["contact"]) or (after["fee_paid"] or 0) > 0 or changed
        if moved and calendar.elapsed(after["occurred_at"], case.end) < fast_days:
            gaps.append(case.minutes(before["occurred_at"], after["occurred_at"]))
    if not gaps:
        return []
    longest = [gap for gap in (_longest_gap(peer) for peer in peers if peer.issued) if gap is not None]
    if len(longest) < PEERS:
        return reasons.FEW_PEERS
    limit = case.parameter("P13.times", 2) * bucket_percentile(50, longest)
    return [("", Finding("breach", case.end, max(gaps), limit))] if max(gaps) > limit else []


@lru_cache(maxsize=20_000)
def _longest_gap(case: Story) -> int | None:
    gaps = [case.minutes(a["occurred_at"], b["occurred_at"]) for a, b in pairwise(case.past)]
    return max(gaps, default=None)


def many_returns(case: Story, _peers: list[Story], _others: Others) -> Answer:
    """P15 of a case: returned to the applicant again and again."""
    returns = [e["kind"] for e in case.past].count("returned")
    limit = case.parameter("P15.returns", 2)
    return [("", Finding("breach", case.end, returns, limit))] if returns > limit else []


class Entry(NamedTuple):
    """Where a case stands in a register, in order."""

    book: tuple[str, str, int]
    number: int
    at: int
    event_id: str
    day: date
    heard: int


@lru_cache(maxsize=20_000)
def _entry(case: Story) -> Entry | None:
    """The case's place in a register, None where it has no number."""
    for event in case.standing:
        e = event.record
        if (e["register_number"] or 0) > 0:
            day = date.fromisoformat(case.profile.local_day(e["occurred_at"]))
            book = (e["opd"], e["unit"] or "", day.year)
            return Entry(book, e["register_number"], e["occurred_at"], e["event_id"], day, event.timestamp)
    return None


def numbered_back(case: Story, everyone: list[Story]) -> Answer:
    """P11 in the register: dated before the middle day of the five numbers before its own."""
    if any(e.record["mode"] == "backfill" for e in case.standing):
        return reasons.HISTORIC
    mine = _entry(case)
    if mine is None:
        return reasons.NO_NUMBER
    earlier = sorted(
        entry
        for entry in (_entry(other) for other in everyone)
        if entry is not None and entry.book == mine.book and entry < mine
    )
    if len(earlier) < 5:
        return reasons.FEW_NUMBERS
    days = (sorted(entry.day for entry in earlier[-5:])[2] - mine.day).days
    limit = case.parameter("P11.register_days", 3)
    return [("register", Finding("breach", mine.heard, days, limit))] if days > limit else []


PEER_RULES: Mapping[str, Callable[[Story, list[Story], Others], Answer]] = {
    "P05": rework,
    "P07": too_fast,
    "P08": queue_jump,
    "P13": delayed_then_fast,
    "P15": many_returns,
}
#: Those that only say something of a case that ended with a permit.
OF_ISSUED = ("P07", "P08", "P13")

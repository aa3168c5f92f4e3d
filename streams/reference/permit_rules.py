"""P02 to P18 from the records of ``permits.steps`` and the clock: what stands, and of which cases something is said.

A record's timestamp is the clock of its partition at it: the running maximum. Rules of one case follow the clock of its
partition. What one has found is told once the clock has passed ``at``, not before the case was known, and its source's
lateness later; until then its outcome is "not found". A warning alone is not found. While the case's source is silent
(``silences``), P01 and P02 tell nothing that fell due after its last record; where they would, the outcome is that reason.

Rules about many cases follow the least clock of all partitions, and speak once a day. When that clock passes the midnight
that begins day D, and the largest lateness of the permit sources, D is frozen: all records up to that instant are known.
A case is judged at the first freeze after it was last heard of, but not before the day it closed is frozen: by its peers
of the day it closed, as they were known when that day was frozen, and with the other cases as known at the freeze at which
it is judged. A closed case that was not judged yet has the outcome of an open one; a case that no freeze knows has none.
The day of the very first record, and those before, are never frozen: who closed then has no peers.

P09, P15 of an officer, P17 and P18 are asked when D is frozen, about D - 1; they have findings about pairs and no outcomes
of cases. The outcome of P15 is that of the case's own returns. P11 in a register is judged by
all cases as known at the last freeze; its outcome is that of ``P11/register``. P10 (``context``) and P17 (``page``) are among the findings but
are never alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from schemas.profile import Profile
from streams.reference import reasons
from streams.reference.case_rules import CASE_RULES
from streams.reference.daily_rules import DAILY_RULES
from streams.reference.finding import ALERTING, FOUND, NOT_FOUND, Answer, Finding
from streams.reference.peer_rules import OF_ISSUED, PEER_RULES, numbered_back
from streams.reference.received import Received, clocked
from streams.reference.register import Register, days_later
from streams.reference.silences import silences
from streams.reference.story import Story, cases

Events = Iterable[tuple[dict[str, Any], int, int, int]]
#: So many days after it closed a case that is judged again still finds the peers of its day.
KEPT_DAYS = 400
SAYING = (*ALERTING, "context", "page")
#: They say that something did not happen, and wait while the case's source is silent; so does P01.
READS_ABSENCE = ("P02",)


class Judged(NamedTuple):
    """``outcomes`` by (rule, case): found, not_found or the reason why nothing is said. ``findings`` by (rule, subject,
    scope): the subject is the case, or the officer's token."""

    outcomes: dict[tuple[str, str], str]
    findings: dict[tuple[str, str, str], Finding]


def outcomes(
    events: Events, profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool = False
) -> dict[tuple[str, str], str]:
    """What every rule says of every case; ``events`` are (record, partition, offset, timestamp)."""
    return judge(events, profile, until_ms, event_clock).outcomes


def findings(
    events: Events, profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool = False
) -> dict[tuple[str, str, str], Finding]:
    """What stands; ``events`` are (record, partition, offset, timestamp)."""
    return judge(events, profile, until_ms, event_clock).findings


def judge(
    events: Events, profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool = False
) -> Judged:
    """Both at once. ``until_ms`` is the clock, or the clock of each partition."""
    received = clocked([Received(*event) for event in events])
    said = judge_cases(received, profile, until_ms, event_clock)
    clock = until_ms if isinstance(until_ms, int) else min(until_ms.values())
    register = Register([event for event in received if event.timestamp <= clock], profile, event_clock)
    last = register.last_frozen(clock)
    if last is None:
        return said
    _compare(register, last, said)
    _ask_daily(register, last, said)
    return said


def judge_cases(
    received: list[Received], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> Judged:
    """The rules of one case alone."""
    said = Judged({}, {})
    known = clocked(received)
    for one in cases(known, silences(known, profile, until_ms, event_clock)):
        clock = until_ms if isinstance(until_ms, int) else until_ms[one.everything[0].partition]
        case = Story(one, profile, event_clock)
        for rule, answer in CASE_RULES.items():
            _say(said, rule, case, answer(case), clock, reads_absence=rule in READS_ABSENCE)
    return said


def _say(
    said: Judged,
    rule: str,
    case: Story,
    answer: Answer,
    clock: int | None,
    counted_as: str = "",
    *,
    reads_absence: bool = False,
) -> None:
    """Note an answer; with a clock, only what it has passed, and of a rule that reads absence nothing that the silence of
    the case's source holds back. Its outcome may have another name than the rule."""
    name = counted_as or rule
    if isinstance(answer, str):
        said.outcomes[name, case.case_id] = answer
        return
    said.outcomes[name, case.case_id] = NOT_FOUND
    for scope, finding in answer:
        if clock is not None and max(finding.at, case.seen) + case.lateness_ms > clock:
            continue
        if reads_absence and case.held_back(finding.at):
            if said.outcomes[name, case.case_id] == NOT_FOUND:
                said.outcomes[name, case.case_id] = reasons.SUSPENDED
            continue
        said.findings[rule, case.case_id, scope] = finding
        if finding.level in SAYING:
            said.outcomes[name, case.case_id] = FOUND


def _compare(register: Register, last: str, said: Judged) -> None:
    """Every case at the first freeze after it was last heard of, by the peers of the day it closed."""
    for case in register.at(register.frozen_at(last)):
        answer = numbered_back(case, register.at(register.frozen_at(last)))
        _say(said, "P11", case, answer, None, "P11/register")
        if case.closed_on is None or case.closed_on > last:
            for rule in PEER_RULES:
                said.outcomes[rule, case.case_id] = (
                    reasons.NOT_ISSUED if rule in OF_ISSUED else reasons.NOT_CLOSED
                )
            continue
        day = max(register.frozen_after(case), case.closed_on)
        asked = register.first_day < case.closed_on and days_later(day, -KEPT_DAYS) <= case.closed_on
        peers = register.closed_before(case.closed_on, case.permit_type) if asked else []
        for rule, compare in PEER_RULES.items():
            answer = compare(case, peers, partial(register.at, register.frozen_at(day)))
            _say(said, rule, case, answer, None)


def _ask_daily(register: Register, last: str, said: Judged) -> None:
    for day in register.days():
        if not register.first_day < day <= last:
            continue
        for rule, ask in DAILY_RULES.items():
            for (officer, scope), answer in ask(register, day).items():
                said.findings.pop((rule, officer, scope), None)
                if answer:
                    said.findings[rule, officer, scope] = answer[0]

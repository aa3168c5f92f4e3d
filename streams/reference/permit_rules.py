"""P02 to P18 from the records of ``permits.steps`` and the clock: what stands, and of which cases something is said.

Rules of one case follow the clock of its partition; those about many cases the least clock of all partitions, and
only records up to it. A record's timestamp is the clock of its partition at it: the running maximum. What a case rule
has found is told once the clock has passed ``at``, not before the case was known, and its source's lateness later;
a case is compared with its peers once its closing, and the record of it, have passed by as much. Until then its outcome
is "not found", and that of a comparison the reason of an open case. A warning alone is not found.

The outcome of P09 and P18 is that of the case on the day after its closing, that of P15 is the case's own returns. P10
(``context``) and P17 (``page``) are among the findings but are never alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from schemas.profile import Profile
from streams.reference import reasons
from streams.reference.case_rules import CASE_RULES
from streams.reference.daily_rules import DAILY_RULES, batches
from streams.reference.finding import ALERTING, FOUND, NOT_FOUND, Answer, Finding
from streams.reference.peer_rules import OF_ISSUED, PEER_RULES
from streams.reference.received import Received
from streams.reference.register import Register, days_later
from streams.reference.story import Story, cases

Events = Iterable[tuple[dict[str, Any], int, int, int]]
SAYING = (*ALERTING, "context", "page")


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
    received = _clocked([Received(*event) for event in events])
    said = judge_cases(received, profile, until_ms, event_clock)
    clock = until_ms if isinstance(until_ms, int) else min(until_ms.values())
    merged = [event for event in received if event.timestamp <= clock]
    register = Register(merged, profile, event_clock)
    _compare(register, clock, said)
    _ask_daily(register, clock, said)
    found, of_cases = batches(case for case in register.at(clock) if _judged_at(register, case) <= clock)
    said.findings.update({("P17", officer, day): finding for (officer, day), finding in found.items()})
    for case in register.at(clock):
        said.outcomes["P17", case.case_id] = of_cases.get(case.case_id, reasons.NOT_ISSUED)
    return said


def judge_cases(
    received: list[Received], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> Judged:
    """The rules of one case alone."""
    said = Judged({}, {})
    for one in cases(_clocked(received)):
        clock = until_ms if isinstance(until_ms, int) else until_ms[one.everything[0].partition]
        case = Story(one, profile, event_clock)
        for rule, answer in CASE_RULES.items():
            _say(said, rule, case, answer(case), clock)
    return said


def _clocked(received: list[Received]) -> list[Received]:
    """The records with the clock of their partition as timestamp."""
    clocks: dict[int, int] = {}
    found = []
    for event in sorted(received, key=lambda e: (e.partition, e.offset)):
        clocks[event.partition] = max(clocks.get(event.partition, event.timestamp), event.timestamp)
        found.append(event._replace(timestamp=clocks[event.partition]))
    return found


def _say(said: Judged, rule: str, case: Story, answer: Answer, clock: int | None) -> None:
    """Note an answer; with a clock, only what it has passed."""
    if isinstance(answer, str):
        said.outcomes[rule, case.case_id] = answer
        return
    said.outcomes[rule, case.case_id] = NOT_FOUND
    for scope, finding in answer:
        if clock is None or max(finding.at, case.seen) + case.lateness_ms <= clock:
            said.findings[rule, case.case_id, scope] = finding
            if finding.level in SAYING:
                said.outcomes[rule, case.case_id] = FOUND


def _judged_at(register: Register, case: Story) -> int:
    """When a closed case is compared with its peers; never while it is open."""
    if case.closing is None or case.closed_on is None:
        return 10**18
    passed = max(case.end, case.closing.timestamp) + case.lateness_ms
    return max(passed, register.frozen_at(case.closed_on))


def _compare(register: Register, clock: int, said: Judged) -> None:
    for case in register.at(clock):
        at = _judged_at(register, case)
        if at > clock or case.closed_on is None:
            for rule in PEER_RULES:
                said.outcomes[rule, case.case_id] = (
                    reasons.NOT_ISSUED if rule in OF_ISSUED else reasons.NOT_CLOSED
                )
            continue
        peers = register.closed_before(case.closed_on, case.permit_type)
        for rule, compare in PEER_RULES.items():
            _say(said, rule, case, compare(case, peers, partial(register.at, at)), None)


def _ask_daily(register: Register, clock: int, said: Judged) -> None:
    known = register.at(clock)
    for case in known:
        said.outcomes["P09", case.case_id] = said.outcomes["P18", case.case_id] = reasons.NOT_CLOSED
    for day in register.days():
        if register.frozen_at(day) > clock:
            continue
        yesterday = [case for case in known if case.closed_on == days_later(day, -1)]
        for rule, ask in DAILY_RULES.items():
            asked = ask(register, day)
            for (officer, scope), answer in asked.answers.items():
                said.findings.pop((rule, officer, scope), None)
                if answer:
                    said.findings[rule, officer, scope] = answer[0]
            for case in yesterday if rule != "P15" else ():
                answers = [asked.answers[pair] for pair in asked.pairs.get(case.case_id, ())]
                judged = [answer for answer in answers if answer is not None]
                outcome = FOUND if any(judged) else NOT_FOUND if judged else reasons.TOO_FEW
                said.outcomes[rule, case.case_id] = outcome

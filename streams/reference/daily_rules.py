"""The permit rules about officers that are asked once a day, when the day is frozen: P09, P15 by officer, P17, P18.

A day D asks about the officers who did something on D - 1, over what happened on the 365 days before D, as known when D
was frozen. What the last day that asked about a pair found stands; on a day without an answer (too few cases) nothing
does. Where the definitions leave room:

- Applicant and agent of a case are the last that its past names.
- P09 observes k/n against lift times p.
- P15 observes a rate, against the exact quartiles of the rates. A case of the type is one of an officer's on the day on
  which the officer first acted in it, and a returned one on the day on which the officer first returned it.
- P18 observes the quotient of the medians, and ranks log buckets.
- P18 takes all closed cases, each step by its case's closing day and the officer who finished it last. Steps that are
  automatic by P07 are left out.
- Parameters are those of D.
- P17 takes standing closings ``issued`` that are not automatic. A batch is within one local day, counted by whole seconds:
  a window from one second to the 600th after it, both within, and none runs over midnight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

from schemas.buckets import bucket_of
from streams.reference.finding import Finding
from streams.reference.peer_rules import steps_done
from streams.reference.register import WINDOW_DAYS, Register, days_later
from streams.reference.statistics import binomial_tail, bucket_percentile, percentile, smaller_by_rank
from streams.reference.story import Story

#: Officer, and the actor, type, step or day that the question is about.
Pair = tuple[str, str]


#: The pairs that a day asks about; None where there is nothing to judge.
Answers = dict[Pair, list[Finding] | None]


def concentration(register: Register, day: str) -> Answers:
    """P09: an applicant or agent meets one officer far more often than the work is shared."""
    closed = register.closed_before(day)
    pairs = {
        (officer, actor)
        for case in closed
        if case.closed_on == days_later(day, -1)
        for actor in _actors(case)
        for officer in case.officers()
    }
    least, lift, alpha = (
        register.profile.threshold(name, date.fromisoformat(day), default)
        for name, default in (("P09.least", 8), ("P09.lift", 3), ("P09.alpha", 0.001))
    )
    answers: Answers = {}
    for officer, actor in pairs:
        mine = [case for case in closed if actor in _actors(case)]
        n, k = len(mine), sum(officer in case.officers() for case in mine)
        if n < least:
            answers[officer, actor] = None
            continue
        shares = []
        for case in mine:
            alike = [other for other in closed if other.permit_type == case.permit_type]
            shares.append(sum(officer in other.officers() for other in alike) / len(alike))
        p = sum(shares) / n
        found = k / n >= lift * p and binomial_tail(k, n, p) < alpha
        at = register.frozen_at(day)
        answers[officer, actor] = [Finding("breach", at, k / n, lift * p)] if found else []
    return answers


@lru_cache(maxsize=20_000)
def _actors(case: Story) -> frozenset[str]:
    return frozenset(token for token in (case.last("applicant_token"), _agent(case)) if token)


@lru_cache(maxsize=20_000)
def _agent(case: Story) -> str | None:
    token: str | None = case.last("agent_token")
    return token


def returning(register: Register, day: str) -> Answers:
    """P15 of an officer: returns cases far more often than the others of the type."""
    yesterday, first = days_later(day, -1), days_later(day, -WINDOW_DAYS)
    acted: defaultdict[Pair, set[str]] = defaultdict(set)
    returned: defaultdict[Pair, set[str]] = defaultdict(set)
    asked: set[Pair] = set()
    for case in register.at(register.frozen_at(day)):
        for first_of, cases in zip(_first_days(case), (acted, returned), strict=True):
            for officer, on in first_of.items():
                pair = (officer, case.permit_type)
                if first <= on < day:
                    cases[pair].add(case.case_id)
                    asked |= {pair} if cases is returned and on == yesterday else set()
    rates = {pair: len(returned[pair]) / len(ids) for pair, ids in acted.items() if len(ids) >= 30}
    answers: Answers = {}
    for pair in asked:
        of_type = [rate for (_, permit_type), rate in rates.items() if permit_type == pair[1]]
        if pair not in rates or len(of_type) < 5:
            answers[pair] = None
            continue
        low, high = percentile(25, of_type), percentile(75, of_type)
        fence = high + 1.5 * (high - low)
        found = Finding("breach", register.frozen_at(day), rates[pair], fence)
        answers[pair] = [found] if rates[pair] > fence else []
    return answers


@lru_cache(maxsize=20_000)
def _first_days(case: Story) -> tuple[dict[str, str], dict[str, str]]:
    """The local day on which each officer first acted, and first returned the case."""
    acts = [e for e in case.past if e["officer_token"] and not e["automatic"]]
    returns = [e for e in acts if e["kind"] == "returned"]
    acted, returned = (
        {e["officer_token"]: case.profile.local_day(e["occurred_at"]) for e in reversed(events)}
        for events in (acts, returns)
    )
    return acted, returned


def agents_first(register: Register, day: str) -> Answers:
    """P18: an officer finishes a step far faster for those who come with an agent."""
    closed = register.closed_before(day)
    minutes: defaultdict[tuple[str, str], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    pairs: set[Pair] = set()
    types: dict[Pair, str] = {}
    for case in closed:
        with_agent = _agent(case) is not None
        for step, done in steps_done(case).items():
            officer = done.finished["officer_token"]
            if not officer or done.automatic:
                continue
            pair = (officer, f"{case.permit_type}/{step}")
            types[pair] = case.permit_type
            minutes[pair][0 if with_agent else 1].append(done.minutes)
            if with_agent and case.closed_on == days_later(day, -1):
                pairs.add(pair)
    answers: Answers = {}
    for pair in pairs:
        least, ratio = (
            register.profile.threshold(name, date.fromisoformat(day), default, types[pair])
            for name, default in (("P18.least", 20), ("P18.ratio", 1 / 3))
        )
        with_agent_, without = minutes[pair]
        if min(len(with_agent_), len(without)) < least:
            answers[pair] = None
            continue
        quotient = bucket_percentile(50, with_agent_) / bucket_percentile(50, without)
        found = (
            quotient <= ratio
            and smaller_by_rank(*([bucket_of(m) for m in side] for side in (with_agent_, without))) < 0.001
        )
        at = register.frozen_at(day)
        answers[pair] = [Finding("breach", at, quotient, ratio)] if found else []
    return answers


def batches(register: Register, day: str) -> Answers:
    """P17: the most permits that an officer issued within minutes on the day before; the scope is that day."""
    yesterday = days_later(day, -1)
    least, minutes = (
        register.profile.threshold(name, date.fromisoformat(day), default)
        for name, default in (("P17.least", 20), ("P17.minutes", 10))
    )
    issued: defaultdict[str, list[int]] = defaultdict(list)
    for case in register.at(register.frozen_at(day)):
        if case.closing is None or not case.issued or case.closed_on != yesterday:
            continue
        closing = case.closing.record
        if closing["officer_token"] and not closing["automatic"]:
            issued[closing["officer_token"]].append(case.end // 1000)
    answers: Answers = {}
    for officer, seconds in issued.items():
        most = max(sum(first <= s <= first + 60 * minutes for s in seconds) for first in seconds)
        page = Finding("page", register.frozen_at(day), most, least)
        answers[officer, yesterday] = [page] if most >= least else []
    return answers


DAILY_RULES: Mapping[str, Callable[[Register, str], Answers]] = {
    "P09": concentration,
    "P15": returning,
    "P17": batches,
    "P18": agents_first,
}

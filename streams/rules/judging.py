"""All rules over many cases, at one clock: what stands, what is counted, and when to look again.

A finding holds from its ``at`` on. It is said when the clock has passed that, the case was seen, and what its source may
still have on the way has had its time. Of several levels of one scope the highest that was said stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.engine.chunk import Int64s
from streams.rules.findings import APPLICABLE, BREACH, WARNING, Findings, Levels
from streams.rules.rule import Rule

#: Outcomes of a rule for a case; from NOT_APPLICABLE on, the rest is the number of the reason.
NOTHING, NOT_FOUND, FOUND, NOT_APPLICABLE = 0, 1, 2, 3


def outcome_text(rule: Rule, outcome: int) -> str:
    """An outcome for people and files: found, not_found, or the reason why nothing is said; empty for none yet."""
    if outcome >= NOT_APPLICABLE:
        return rule.not_applicable[outcome - NOT_APPLICABLE]
    return ("", "not_found", "found")[outcome]


class Standing(NamedTuple):
    """What stands of one rule: the highest level of each case and scope, and when its first level was reached."""

    found: Findings
    first_at: Int64s


class Judged(NamedTuple):
    """``outcomes`` is int8[rules, n]; ``due`` (UTC ms) when to look at each case again, NEVER for not before an event;
    ``warned_at`` and ``breached_at`` are P01's of the whole case, as far as the clock has judged."""

    outcomes: Levels
    standing: list[Standing]
    due: Int64s
    warned_at: Int64s
    breached_at: Int64s
    never: int = NEVER


def judge_cases(rules: Sequence[Rule], cases: Cases, clock: int) -> Judged:
    """Judge every case by every rule."""
    n = cases.n
    outcomes = np.zeros((len(rules), n), np.int8)
    due = np.full(n, NEVER)
    warned_at, breached_at = np.full(n, NEVER), np.full(n, NEVER)
    standing = []
    for number, rule in enumerate(rules):
        judgement = rule.judged(cases)
        found = judgement.found
        said_at = np.maximum(found.at, cases.seen[found.case]) + cases.lateness[found.case]
        reached = said_at <= clock
        later = np.flatnonzero(~reached)
        np.minimum.at(due, found.case[later], said_at[later])
        said = found.pick(reached)
        if rule.id == "P01":
            for level, when in ((WARNING, warned_at), (BREACH, breached_at)):
                rows = np.flatnonzero((said.level == level) & (said.scope == 0))
                when[said.case[rows]] = said.at[rows]
        of_rule = outcomes[number]
        of_rule[:] = np.where(judgement.applies == APPLICABLE, NOT_FOUND, NOT_APPLICABLE + judgement.applies)
        of_rule[said.case[said.level >= BREACH]] = FOUND
        standing.append(_standing(said))
    return Judged(outcomes, standing, due, warned_at, breached_at)


def _standing(said: Findings) -> Standing:
    """Of the levels of each case and scope the highest."""
    if not len(said):
        return Standing(said, said.at)
    order = np.lexsort((said.level, said.scope, said.case))
    case, scope = said.case[order], said.scope[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (case[1:] != case[:-1]) | (scope[1:] != scope[:-1])
    begins = np.flatnonzero(np.append(True, last[:-1]))
    return Standing(said.pick(order[last]), np.minimum.reduceat(said.at[order], begins))

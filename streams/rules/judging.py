"""All rules over many cases, at one clock: what stands, what is counted, and when to look again.

A finding holds from its ``at`` on. It is said when the clock has passed that, the case was seen, and what its source may
still have on the way has had its time. Of several levels of one scope the highest that was said stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.engine.chunk import Int64s
from streams.rules.findings import APPLICABLE, BREACH, WARNING, Findings, Levels
from streams.rules.parameters import Parameters
from streams.rules.rule import Rule
from streams.runs import Bools, begins

if TYPE_CHECKING:
    from streams.peers.peers import Peers

#: Outcomes of a rule for a case; from NOT_APPLICABLE on, the rest is the number of the reason.
NOTHING, NOT_FOUND, FOUND, NOT_APPLICABLE = 0, 1, 2, 3
#: The reason after all of a rule's own: what it would say of something missing, while the source is silent.
SUSPENDED = "ditangguhkan: sumber sedang diam"


def outcome_text(rule: Rule, outcome: int) -> str:
    """An outcome for people and files: found, not_found, or the reason why nothing is said; empty for none yet."""
    if outcome >= NOT_APPLICABLE:
        return (*rule.not_applicable, SUSPENDED)[outcome - NOT_APPLICABLE]
    return ("", "not_found", "found")[outcome]


class Standing(NamedTuple):
    """What stands of one rule, in order of case: the highest level of each case and scope, and when its first level was
    reached."""

    found: Findings
    first_at: Int64s

    def part(self, first: int, after: int) -> Standing:
        """What stands of cases ``[first, after)``, numbered from 0."""
        mine = slice(*np.searchsorted(self.found.case, (first, after)).tolist())
        found = self.found.pick(mine)
        return Standing(replace(found, case=found.case - first), self.first_at[mine])


class Judged(NamedTuple):
    """``outcomes`` is int8[rules, n]; ``standing`` by rule, None for one that was not asked; ``due`` (UTC ms) when to look at each case again, NEVER for not before an event;
    ``warned_at`` and ``breached_at`` are P01's of the whole case, as far as the clock has judged; ``waits``: something was
    missing since the case's source was last heard, so that it is looked at again when it is."""

    outcomes: Levels
    standing: list[Standing | None]
    due: Int64s
    warned_at: Int64s
    breached_at: Int64s
    waits: Bools
    never: int = NEVER

    def part(self, first: int, after: int) -> Judged:
        """What is said of cases ``[first, after)``, numbered from 0."""
        mine = slice(first, after)
        standing = [None if stands is None else stands.part(first, after) for stands in self.standing]
        return Judged(
            self.outcomes[:, mine], standing, self.due[mine], self.warned_at[mine], self.breached_at[mine],
            self.waits[mine],
        )  # fmt: skip


def judge_cases(
    rules: Sequence[Rule], cases: Cases, clock: int, heard: Int64s | None = None, silent: Bools | None = None
) -> Judged:
    """Judge every case by every rule. ``heard`` (UTC ms) is when the source of each case was last heard, before its
    silence where it is ``silent``: then nothing is said of what was missing since."""
    n = cases.n
    outcomes = np.zeros((len(rules), n), np.int8)
    due = np.full(n, NEVER)
    warned_at, breached_at = np.full(n, NEVER), np.full(n, NEVER)
    standing: list[Standing | None] = []
    waits = np.zeros(n, np.bool_)
    for number, rule in enumerate(rules):
        judgement = rule.judged(cases)
        found = judgement.found
        said_at = np.maximum(found.at, cases.seen[found.case]) + cases.lateness[found.case]
        reached = said_at <= clock
        suspended = np.zeros(n, np.bool_)
        if rule.reads_absence and heard is not None and silent is not None:
            missing = reached & (found.at > heard[found.case]) & (cases.closed_at[found.case] >= found.at)
            waits[found.case[missing]] = True
            kept = missing & silent[found.case]
            suspended[found.case[kept]] = True
            reached &= ~kept
            said_at = np.where(kept, NEVER, said_at)
        later = np.flatnonzero(~reached & (said_at != NEVER))
        np.minimum.at(due, found.case[later], said_at[later])
        said = found.pick(reached)
        if rule.id == "P01":
            for level, when in ((WARNING, warned_at), (BREACH, breached_at)):
                rows = np.flatnonzero((said.level == level) & (said.scope == 0))
                when[said.case[rows]] = said.at[rows]
        of_rule = outcomes[number]
        of_rule[:] = np.where(judgement.applies == APPLICABLE, NOT_FOUND, NOT_APPLICABLE + judgement.applies)
        of_rule[suspended] = NOT_APPLICABLE + len(rule.not_applicable)
        of_rule[said.case[said.level >= BREACH]] = FOUND
        standing.append(_standing(said))
    return Judged(outcomes, standing, due, warned_at, breached_at, waits)


def compare_cases(
    rules: Sequence[Rule],
    peers: Mapping[str, Peers],
    cases: Cases,
    outcomes: Levels,
    later: Bools,
    again: Int64s,
) -> Judged:
    """Judge cases among their peers by every rule that has ``peers``; of the others they keep their ``outcomes``. Of those in
    ``later`` rules about closed cases say nothing yet but their first reason; ``again`` is when to look at each case
    again."""
    outcomes = outcomes.copy()
    never = np.full(cases.n, NEVER)
    standing: list[Standing | None] = []
    for number, rule in enumerate(rules):
        if rule.id not in peers:
            standing.append(None)
            continue
        if rule.compare is None:
            raise ValueError(f"rule {rule.id} does not compare cases")
        judgement = rule.compare(cases, Parameters(rule, cases), peers[rule.id])
        waits = later if rule.task == "regency" else np.zeros(cases.n, np.bool_)
        said = judgement.found.pick(~waits[judgement.found.case])
        outcomes[number] = np.where(
            judgement.applies == APPLICABLE, NOT_FOUND, NOT_APPLICABLE + judgement.applies
        )
        outcomes[number, said.case] = FOUND
        outcomes[number, waits] = NOT_APPLICABLE
        standing.append(_standing(said))
    return Judged(outcomes, standing, again, never, never, np.zeros(cases.n, np.bool_))


def _standing(said: Findings) -> Standing:
    """Of the levels of each case and scope the highest."""
    if not len(said):
        return Standing(said, said.at)
    order = np.lexsort((said.level, said.scope, said.case))
    first = np.flatnonzero(begins(said.case[order], said.scope[order]))
    last = np.append(first[1:], len(order)) - 1
    return Standing(said.pick(order[last]), np.minimum.reduceat(said.at[order], first))

"""What cases that were visited add to the counts, and what they take back, night by night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from streams.engine.chunk import Int64s
from streams.peers.counts import packed

if TYPE_CHECKING:
    from streams.cases.view import Cases
    from streams.cases.visits import Visits
    from streams.rules.rule import Rule


class News(NamedTuple):
    """What changes in the counts: keys, local days (since 1970), and amounts to add."""

    key: Int64s
    day: Int64s
    amount: Int64s


def news_of(
    visits: Visits, nights: int, rules: Sequence[Rule], measures: Mapping[tuple[str, str], int]
) -> list[News]:
    """What the facts of these rules change in each of the nights: those of a case count from the night of a visit until
    that of its next one. ``measures`` are numbers by rule and name."""
    parts = []
    for cases, since, until in (
        (visits.before, None, visits.before_until), (visits.now, visits.night, visits.until),
    ):  # fmt: skip
        case, *counted = _counted(cases, rules, measures)
        parts.append((until[case], *counted, np.full(len(case), -1)))
        if since is not None:
            parts.append((since[case], *counted, np.ones(len(case), np.int64)))
    night, *columns = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    order = np.argsort(night, kind="stable")
    cuts = np.searchsorted(night[order], np.arange(nights + 1)).tolist()
    return [News(*(column[order[begin:end]] for column in columns)) for begin, end in pairwise(cuts)]


def _counted(
    cases: Cases, rules: Sequence[Rule], measures: Mapping[tuple[str, str], int]
) -> tuple[Int64s, Int64s, Int64s]:
    """Case, key and day of every fact."""
    found = [(np.zeros(0, np.int64),) * 3]
    for rule in rules if cases.n else ():
        found += [
            (fact.case, packed(measures[rule.id, fact.measure], fact.a, fact.b), fact.day)
            for fact in (rule.facts(cases) if rule.facts is not None else ())
        ]
    case, key, day = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return case, key, day

"""How many cases each rule was applied to, by rule and source: found, not found, and not applicable with the reason.

They are aggregates like any other, on the local day a case entered: a case counts once, under what is said of it now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from streams.cases.book import DAYS_BEFORE, Book, day_of
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.engine.totals import Key, Totals
from streams.rules.judging import FOUND, NOT_APPLICABLE, NOT_FOUND, NOTHING, Judged, outcome_text
from streams.rules.rule import Rule, Task

if TYPE_CHECKING:
    from streams.cases.files import Touched

METRICS = {FOUND: "rules_found", NOT_FOUND: "rules_not_found", NOT_APPLICABLE: "rules_not_applicable"}
#: The same of pairs and of groups of rows, which are counted on every day on which they are asked about.
ASKED = {FOUND: "asked_found", NOT_FOUND: "asked_not_found", NOT_APPLICABLE: "asked_few"}


def count_asked(
    totals: Totals, prefix: str, rule: Rule, on: str, *, found: int, not_found: int, few: int
) -> None:
    """What a rule said of those that it was asked about on a day (YYYY-MM-DD)."""
    for outcome, amount in ((FOUND, found), (NOT_FOUND, not_found), (NOT_APPLICABLE, few)):
        totals.add(Key(f"{prefix}.{ASKED[outcome]}", "rule", rule.id, on), amount)


class Coverage:
    """``rules`` in the order of their outcomes; ``prefix`` is that of the metrics, so that each ``task`` has its own."""

    def __init__(self, rules: Sequence[Rule], book: Book, prefix: str, task: Task) -> None:
        self._rules, self._book, self._prefix, self._task = rules, book, prefix, task

    def count(self, touched: Touched, judged: Judged, totals: Totals) -> None:
        """Move every case whose outcome, source or day of entry changed."""
        changes: Counter[int] = Counter()
        before = touched.outcomes(len(self._rules))
        old_place = np.zeros(touched.now.n, np.int64)
        old_place[touched.known] = _places(touched.before)
        new_place = _places(touched.now)
        moved = (before != judged.outcomes) | (old_place != new_place)[None, :]
        for outcomes, places, sign in ((before, old_place, -1), (judged.outcomes, new_place, 1)):
            rule, case = np.nonzero(moved & (outcomes != NOTHING))
            packed = (places[case] << 16) | (rule << 8) | outcomes[rule, case]
            values, counts = np.unique(packed, return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                changes[value] += sign * count
        for value, amount in changes.items():
            if amount:
                self._add(value, amount, totals)

    def _add(self, packed: int, amount: int, totals: Totals) -> None:
        place, number, outcome = packed >> 16, (packed >> 8) & 0xFF, packed & 0xFF
        rule = self._rules[number]
        name = rule.counted_as(self._task)
        day = day_of((place & 0xFFFFF) - DAYS_BEFORE).isoformat()
        source = self._book.words.text(place >> 20)
        metric = f"{self._prefix}.{METRICS[min(outcome, NOT_APPLICABLE)]}"
        totals.add(Key(metric, "rule", name, day), amount)
        totals.add(Key(metric, "source", f"{name}|{source}", day), amount)
        if outcome >= NOT_APPLICABLE:
            reason = outcome_text(rule, outcome)
            totals.add(Key(metric, "reason", f"{name}|{reason}", day), amount)


def _places(cases: Cases) -> Int64s:
    """Source and local day of entry as one number."""
    days = local_days(cases.entered_at, cases.book.zone) + DAYS_BEFORE
    return (cases.source.astype(np.int64) << 20) | days

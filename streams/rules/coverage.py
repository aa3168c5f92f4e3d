"""How many cases each rule was applied to, by rule and source: found, not found, and not applicable with the reason.

They are aggregates like any other, on the local day a case entered: a case counts once, under what is said of it now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from streams.cases.book import DAYS_BEFORE, Book, day_of
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.engine.totals import Key, Totals
from streams.rules.findings import Levels
from streams.rules.judging import FOUND, NOT_APPLICABLE, NOT_FOUND, NOTHING, Judged, outcome_text
from streams.rules.rule import Rule, Task
from streams.runs import Bools

if TYPE_CHECKING:
    from streams.cases.visits import Touched

METRICS = {FOUND: "rules_found", NOT_FOUND: "rules_not_found", NOT_APPLICABLE: "rules_not_applicable"}
#: The same of pairs and of groups of rows, which are counted on every day on which they are asked about.
ASKED = {FOUND: "asked_found", NOT_FOUND: "asked_not_found", NOT_APPLICABLE: "asked_few"}
#: So many keys are remembered, then all are forgotten: some hundred are new every day.
MOST_KNOWN = 20_000


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
        self._known: dict[int, list[Key]] = {}
        self._taken_back = 0

    def count(self, touched: Touched, judged: Judged, totals: Totals) -> None:
        """Move every case whose outcome, source or day of entry changed."""
        before = touched.outcomes(len(self._rules))
        old_place = np.zeros(touched.now.n, np.int64)
        old_place[touched.known] = _places(touched.before)
        new_place = _places(touched.now)
        moved = (before != judged.outcomes) | (old_place != new_place)[None, :]
        old, new = _packed(before, old_place, moved), _packed(judged.outcomes, new_place, moved)
        values, which = np.unique(np.concatenate([old, new]), return_inverse=True)
        amounts = np.bincount(which[len(old) :], minlength=len(values))
        amounts -= np.bincount(which[: len(old)], minlength=len(values))
        if self._taken_back != self._book.words.taken_back or len(self._known) > MOST_KNOWN:
            self._known.clear()
            self._taken_back = self._book.words.taken_back
        for value, amount in zip(values[amounts != 0].tolist(), amounts[amounts != 0].tolist(), strict=True):
            keys = self._known.get(value)
            if keys is None:
                keys = self._known[value] = self._keys(value)
            for key in keys:
                totals.add(key, amount)

    def _keys(self, packed: int) -> list[Key]:
        """What such cases are counted under."""
        place, number, outcome = packed >> 16, (packed >> 8) & 0xFF, packed & 0xFF
        rule = self._rules[number]
        name = rule.counted_as(self._task)
        day = day_of((place & 0xFFFFF) - DAYS_BEFORE).isoformat()
        source = self._book.words.text(place >> 20)
        metric = f"{self._prefix}.{METRICS[min(outcome, NOT_APPLICABLE)]}"
        keys = [Key(metric, "rule", name, day), Key(metric, "source", f"{name}|{source}", day)]
        if outcome >= NOT_APPLICABLE:
            keys.append(Key(metric, "reason", f"{name}|{outcome_text(rule, outcome)}", day))
        return keys


def _packed(outcomes: Levels, places: Int64s, moved: Bools) -> Int64s:
    """Place, rule and outcome of those that are counted and moved."""
    rule, case = np.nonzero(moved & (outcomes != NOTHING))
    found: Int64s = (places[case] << 16) | (rule << 8) | outcomes[rule, case]
    return found


def _places(cases: Cases) -> Int64s:
    """Source and local day of entry as one number."""
    days = local_days(cases.entered_at, cases.book.zone) + DAYS_BEFORE
    return (cases.source.astype(np.int64) << 20) | days

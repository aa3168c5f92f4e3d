"""What would change if a set took the place of what is live."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from streams.engine.alerts import SAID, WITHDRAWN
from streams.engine.totals import Key
from streams.rules import coverage
from streams.rules import rules as all_rules

#: Totals that count what a rule said, without their prefix.
COVERAGE = frozenset((*coverage.METRICS.values(), *coverage.ASKED.values()))
NEW, GONE, OTHER = "new", "withdrawn", "changed"


class Figure(NamedTuple):
    """A total that becomes another one; summed over the partitions."""

    metric: str
    dimension: str
    value: str
    local_day: str
    before: int
    after: int


class Indication(NamedTuple):
    """An alert that appears, is taken back or says something else. ``day`` is that of the first event that shows it."""

    alert_id: str
    rule: str
    subject: str
    scope: str
    what: str
    day: str
    before: str
    after: str


@dataclass(slots=True)
class Difference:
    """What changes, and how much was compared. ``anew`` are the inputs that are computed otherwise, by task and name, with
    the number of their rebuilds so far."""

    totals: int = 0
    alerts: int = 0
    indications: list[Indication] = field(default_factory=list)
    anew: dict[tuple[int, str], int] = field(default_factory=dict)
    _sums: defaultdict[Key, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add_totals(self, before: Mapping[Key, int], after: Mapping[Key, int]) -> None:
        """What one task has said of a domain, and what it would say."""
        self.totals += len(before.keys() | after.keys())
        for key in before.keys() | after.keys():
            old, new = before.get(key, 0), after.get(key, 0)
            if old != new:
                self._sums[key][0] += old
                self._sums[key][1] += new

    def add_alerts(
        self, before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]], zone_day: Any
    ) -> None:
        """Its alerts, by id; ``zone_day`` gives the local day of UTC milliseconds."""
        self.alerts += len(before.keys() | after.keys())
        for alert_id in sorted(before.keys() | after.keys()):
            old, new = _standing(before.get(alert_id)), _standing(after.get(alert_id))
            if old is None and new is None:
                continue
            if old and new and all(old.get(name) == new.get(name) for name in SAID):
                continue
            shown = new or old
            assert shown is not None  # noqa: S101
            evidence = shown["evidence"]
            day = zone_day(evidence[0]["occurred_at"]) if evidence else ""
            what = NEW if old is None else GONE if new is None else OTHER
            self.indications.append(
                Indication(
                    alert_id,
                    shown["rule"],
                    shown["subject"],
                    shown["scope"],
                    what,
                    day,
                    _said(old),
                    _said(new),
                )
            )

    @property
    def figures(self) -> list[Figure]:
        """The totals that change, the largest change first."""
        found = [Figure(*key, old, new) for key, (old, new) in self._sums.items() if old != new]
        return sorted(found, key=lambda one: (-abs(one.after - one.before), one))

    @property
    def nothing(self) -> bool:
        """Whether nothing would change."""
        return not self.indications and not self.figures

    def counts(self) -> dict[str, int]:
        """How many alerts appear, are taken back, say something else."""
        found = Counter(one.what for one in self.indications)
        return {what: found[what] for what in (NEW, GONE, OTHER)}

    def outside(self, since: date, domains: Collection[str], rules: Collection[str]) -> tuple[int, int]:
        """How many totals and alerts change that nobody wanted to: of an earlier day, another domain or rule. No domain
        and no rule named is every one; a total that counts no rule may follow from any."""
        first = since.isoformat()

        def strange(day: str, domain: str, rule: str) -> bool:
            early = bool(day) and day < first
            other = bool(rules) and bool(rule) and rule not in rules
            return early or other or (bool(domains) and domain not in domains)

        figures = sum(strange(one.local_day, *_whose(one)) for one in self.figures)
        alerts = sum(strange(one.day, _domain(one.rule), one.rule) for one in self.indications)
        return figures, alerts

    def as_json(self) -> dict[str, Any]:
        return {
            "compared": {"totals": self.totals, "alerts": self.alerts},
            "totals": [one._asdict() for one in self.figures],
            "alerts": [one._asdict() for one in self.indications],
            "counts": {"totals": len(self.figures), **self.counts()},
        }


def _whose(figure: Figure) -> tuple[str, str]:
    """The domain of a total, and the rule that it counts, if it counts one."""
    domain, _, measure = figure.metric.partition(".")
    if measure not in COVERAGE:
        return domain, ""
    rule = re.split(r"[|/]", figure.value)[0]
    return _domain(rule), rule


def _domain(rule: str) -> str:
    known = all_rules().get(rule)
    return known.domain if known is not None else ""


def _standing(alert: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if alert is None or alert["status"] == WITHDRAWN else alert


def _said(alert: dict[str, Any] | None) -> str:
    return "" if alert is None else f"{alert['level']} {alert['observed']:g}"

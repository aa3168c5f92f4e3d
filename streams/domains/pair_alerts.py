"""Alerts about pairs, such as an officer and an applicant, and the events that show what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from streams.cases.book import Book, day_of
from streams.cases.events import BACKFILL, COMPARED, SIMULATED, Events
from streams.cases.view import Cases
from streams.engine.alerts import Alerts
from streams.peers.peers import Asked, Peers
from streams.rules.alerts import alert_id, digest_of, evidence, record
from streams.rules.as_of import AsOf
from streams.rules.findings import LEVELS
from streams.rules.rule import Rule
from streams.rules.telling import Told

REASON = "Pada hari tanya terakhir perbandingannya tidak lagi di luar pagar."
REASON_FEW = "Pada hari tanya terakhir berkasnya terlalu sedikit untuk dibandingkan."


class PairAlerts:
    """``blocks`` gives all cases, some at a time; ``topic`` is that of the evidence."""

    def __init__(self, alerts: Alerts, book: Book, topic: str, blocks: Callable[[], Iterator[Cases]]) -> None:
        self._alerts, self._book, self._topic, self._blocks = alerts, book, topic, blocks
        self._ever: set[tuple[str, str, str]] | None = None

    def say(self, rule: Rule, asked: Asked, peers: Peers) -> None:
        """Raise what was found, withdraw what no longer is; pairs that were not asked about stay as they are."""
        if (
            self._ever is None
        ):  # those that may have an alert: a predecessor's, and all that were raised since
            self._ever = {(a["rule"], a["subject"], a["scope"]) for a in self._alerts.records().values()}
        for subject, scope in asked.few:
            self._withdraw(rule, subject, scope, REASON_FEW, peers.at)
        for row, found in enumerate(asked.found):
            subject, scope = asked.subject[row], asked.scope[row]
            if found:
                self._ever.add((rule.id, subject, scope))
                self._alerts.revise(self._record(rule, asked, row, peers), LEVELS)
            else:
                self._withdraw(rule, subject, scope, REASON, peers.at)

    def _withdraw(self, rule: Rule, subject: str, scope: str, reason: str, clock: int) -> None:
        if self._ever is not None and (rule.id, subject, scope) in self._ever:
            self._alerts.withdraw(alert_id(rule.id, subject, scope), reason, clock)

    def _shown(self, rule: Rule, subject: str, scope: str) -> Events:
        if rule.shows is None:
            raise ValueError(f"rule {rule.id} shows no events")
        found = [cases.events[rule.shows(cases, subject, scope)] for cases in self._blocks()]
        events = np.concatenate([np.zeros(0, COMPARED), *found])
        return events[np.lexsort((events["low"], events["high"], events["at"]))]

    def _record(self, rule: Rule, asked: Asked, row: int, peers: Peers) -> dict[str, Any]:
        """A complete record of ``risk.alerts`` but for status, revision and publish time."""
        subject, scope, words = asked.subject[row], asked.scope[row], self._book.words
        events = self._shown(rule, subject, scope)
        told = Told(
            profile=self._book.profile, subject=subject, unit="", scope=scope, level="breach",
            observed=asked.observed[row], threshold=asked.threshold[row], at=peers.at, closed=True, case_due_at=None, detail=0,
        )  # fmt: skip
        kind = words.known(scope.partition("/")[0]) or 0  # where the scope is of a permit type
        last = events[-1] if len(events) else np.zeros((), COMPARED)
        return record(
            rule,
            told,
            subject=subject,
            scope=scope,
            opd=words.text(int(last["opd"])),
            unit=words.text(int(last["unit"])),
            proof=evidence(self._topic, events, words, digest_of(events)),
            clock=peers.at,
            parameters={f"{rule.id}.{p.name}": str(peers.parameter(p.name, kind)) for p in rule.parameters},
            as_of=AsOf(day_of(peers.day).isoformat(), words.text(kind)),
            mode="backfill" if last["flags"] & BACKFILL else "live",
            simulated=bool((events["flags"] & SIMULATED).any()),
        )

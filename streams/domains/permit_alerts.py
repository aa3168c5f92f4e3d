"""From what stands of the rules to alert records, and the withdrawal of those that stand no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from streams.cases.book import Book, day_of
from streams.cases.events import BACKFILL, NEVER
from streams.cases.view import Cases
from streams.cases.visits import Touched
from streams.engine.alerts import Alerts
from streams.rules.alerts import alert_id, digest_of, evidence, record
from streams.rules.as_of import AsOf
from streams.rules.findings import LEVELS
from streams.rules.judging import FOUND, Judged, Standing
from streams.rules.rule import Rule
from streams.rules.telling import Told, decimal
from streams.runs import Bools

REASON_CORRECTED = "Data dikoreksi; hitungan yang baru tidak lagi menunjukkan indikasi ini."
REASON_SILENT = "Sumber data sedang diam; indikasi ini dinilai lagi setelah datanya lengkap."
REASON_CHANGED = "Peristiwa yang datang kemudian mengubah hitungan; indikasi ini tidak lagi tampak."


class CaseAlerts:
    """Alerts of the rules that judge one case by itself; ``topic`` is that of their evidence."""

    def __init__(self, rules: Sequence[Rule], alerts: Alerts, book: Book, topic: str) -> None:
        self._rules, self._alerts, self._book, self._topic = rules, alerts, book, topic
        self._known: dict[tuple[str, int, int, int], dict[str, str]] = {}
        self._taken_back = 0
        self._context = [(number, rule) for number, rule in enumerate(rules) if rule.kind == "context"]

    def say(
        self, touched: Touched, judged: Judged, clock: int, silent: Bools | None = None
    ) -> list[tuple[int, ...]]:
        """Raise, escalate and withdraw; returns for each case (rule, scope) of all that was ever raised."""
        cases = touched.now
        alerted = [set(body.alerted) for body in touched.bodies]
        standing: defaultdict[int, set[int]] = defaultdict(set)
        digests: dict[int, str] = {}
        for number, (rule, stands) in enumerate(zip(self._rules, judged.standing, strict=True)):
            if stands is None or rule.kind in ("context", "page"):
                continue
            for row, case in enumerate(stands.found.case.tolist()):
                name = number << 32 | int(stands.found.scope[row])
                standing[case].add(name)
                alerted[case].add(name)
                if case not in digests:
                    digests[case] = digest_of(self._events(cases, case))
                record = self._record(rule, cases, case, stands, row, judged, digests[case], clock)
                self._alerts.revise(record, LEVELS)
        for case, names in enumerate(alerted):
            for name in names - standing[case] if names else ():
                if judged.standing[name >> 32] is None:
                    continue
                self._withdraw(
                    cases,
                    case,
                    name,
                    touched.corrected[case],
                    clock,
                    silent is not None and bool(silent[case]),
                )
        return [tuple(sorted(names)) for names in alerted]

    def _withdraw(
        self, cases: Cases, case: int, name: int, corrected: bool, clock: int, silent: bool
    ) -> None:
        rule, scope = self._rules[name >> 32], self._book.words.text(name & 0xFFFFFFFF)
        reason = REASON_CORRECTED if corrected else REASON_CHANGED
        if rule.reads_absence and silent and int(cases.closed_at[case]) == NEVER:
            reason = REASON_SILENT
        elif rule.withdrawn is not None and not corrected:
            reason = rule.withdrawn(int(cases.closed_at[case]) != NEVER)
        self._alerts.withdraw(alert_id(rule.id, cases.keys[case], scope), reason, clock)

    def _events(self, cases: Cases, case: int) -> Any:
        return cases.events[cases.starts[case] : cases.starts[case + 1]]

    def _record(
        self, rule: Rule, cases: Cases, case: int, stands: Standing, row: int, judged: Judged, digest: str,
        clock: int,
    ) -> dict[str, Any]:  # fmt: skip
        """A complete record of ``risk.alerts`` but for status, revision and publish time."""
        words, profile = self._book.words, self._book.profile
        found, subject = stands.found, cases.keys[case]
        scope, unit = words.text(int(found.scope[row])), words.text(int(found.unit[row]))
        level, at, due_at = LEVELS[found.level[row]], int(found.at[row]), int(found.due_at[row])
        closed_at, own_due = int(cases.closed_at[case]), int(cases.due_at[case])
        permit_type = words.text(int(cases.permit_type[case]))
        kind = self._book.type_of(int(cases.permit_type[case]))
        step = kind.step(scope) if kind is not None else None
        where = kind.short if kind else permit_type or "jenis tidak diketahui"
        told = Told(
            profile=profile,
            subject=f"permohonan {subject} ({where}{f', tahap {step.name}' if step else ''})",
            unit=unit_name(self._book, unit),
            scope=step.name if step else scope,
            level=level,
            observed=float(found.observed[row]),
            threshold=float(found.threshold[row]),
            at=at,
            closed=closed_at != NEVER,
            case_due_at=None if own_due == NEVER else own_due,
            detail=int(found.detail[row]),
        )
        events = self._events(cases, case)
        until = at if closed_at == NEVER else closed_at
        as_of = int(found.as_of[row])
        day = int(cases.started_day[case]) if as_of == NEVER else as_of
        return record(
            rule,
            told,
            subject=subject,
            scope=scope,
            opd=words.text(int(events["opd"][-1])),
            unit=unit,
            proof=evidence(self._topic, events, words, digest),
            clock=clock,
            parameters=self._parameters(rule, cases, case, day, judged),
            as_of=AsOf(day_of(day).isoformat(), permit_type, words.text(int(cases.source[case]))),
            permit_type=permit_type or None,
            first_at=int(stands.first_at[row]),
            due_at=None if due_at == NEVER else due_at,
            excluded=self._excluded(rule, cases, case, until),
            fence_id=words.text(int(found.fence[row])) or None,
            mode="backfill" if events["flags"][-1] & BACKFILL else "live",
            simulated=bool(cases.simulated[case]),
        )

    def _excluded(self, rule: Rule, cases: Cases, case: int, until: int) -> list[str]:
        """What was left out of the count, in words: the applicant's time."""
        if rule.unit_of_measure != "working_days":
            return []
        stops, calendar = cases.stops, self._book.profile.calendar
        mine = slice(int(stops.bounds[case]), int(stops.bounds[case + 1]))
        days = sum(
            calendar.elapsed(since, min(end, until))
            for since, end in zip(stops.since[mine].tolist(), stops.until[mine].tolist(), strict=True)
            if since < until
        )
        return [f"waktu di pemohon: {decimal(days)} hari kerja"] if days > 0 else []

    def _values(self, rule: Rule, permit_type: int, source: int, day: int) -> dict[str, str]:
        """The rule's parameters for a type and source (words) on a day, as text."""
        if self._taken_back != self._book.words.taken_back or len(self._known) > 50_000:
            self._known.clear()
            self._taken_back = self._book.words.taken_back
        key = (rule.id, permit_type, source, day)
        if key not in self._known:
            one = (np.array([permit_type], np.uint32), np.array([source], np.uint32), np.array([day]))
            self._known[key] = {
                f"{rule.id}.{p.name}": str(
                    float(self._book.parameter(f"{rule.id}.{p.name}", p.default, *one)[0])
                )
                for p in rule.parameters
            }
        return self._known[key]

    def _parameters(self, rule: Rule, cases: Cases, case: int, day: int, judged: Judged) -> dict[str, str]:
        """The values of a day that the rule was judged by, and what else was found in the case."""
        values = dict(self._values(rule, int(cases.permit_type[case]), int(cases.source[case]), day))
        for number, context in self._context:
            if judged.outcomes[number, case] == FOUND:
                values[f"konteks {context.id}"] = context.title
        return values


def unit_name(book: Book, unit: str) -> str:
    """A unit or department in the words of the profile."""
    named = book.profile.units.get(unit) or book.profile.departments.get(unit)
    return named.short if named else unit

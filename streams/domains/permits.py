"""Permits: the figures by type and holder, and rule P01, moved by events and by the clock.

Every row is judged by itself, in offset order, with the deadlines that fell due before it: so revisions and values
do not depend on how the input was cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from sys import intern
from typing import Any

import polars as pl

from schemas.calendar import WorkingCalendar
from schemas.catalogue import PERMITS
from streams.domains.case import Case, Event, Summary, summarise
from streams.domains.files import Asked, File, Scope, pack, unpack
from streams.domains.limits import time_problems
from streams.domains.permit_flows import flows
from streams.domains.words import Words
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk, frame_of
from streams.engine.entries import Entries
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Totals
from streams.rules import p01
from streams.rules.alerts import alert_id, evidence

COLUMNS = (
    "occurred_at", "event_id", "kind", "step", "unit", "permit_type", "due_at", "opd", "source", "mode", "simulated",
    "corrects", "case_id",
)  # fmt: skip
REASON_IN_TIME = "Berkas selesai sebelum tenggat."
REASON_CORRECTED = "Data dikoreksi; hitungan yang baru tidak melewati standar."
REASON_CHANGED = "Peristiwa yang datang kemudian mengubah hitungan waktu; standar tidak terlewati."


#: Files kept unpacked; a file that is looked at again soon need not be made again.
HOT = 5_000


class Permits:
    """Processor of ``permits.steps``."""

    domain = "permits"
    version = "1"
    columns = COLUMNS

    def __init__(self, context: Context) -> None:
        self._profile = context.profile
        self._event_clock = context.event_clock
        self._place = (PERMITS.name, context.partition)
        self.totals = Totals()
        self.alerts = Alerts()
        self._entries = Entries()
        self._words = Words()
        self.stores: dict[str, Store] = {
            TOTALS: self.totals, ALERTS: self.alerts, "words": self._words, "cases": self._entries,
        }  # fmt: skip
        self._hot: dict[str, File] = {}
        self._touched: set[str] = set()
        self._clock = 0
        self._fractions: dict[date, tuple[float, ...]] = {}
        self._step_units = {
            (kind.code, step.code): step.unit
            for kind in context.profile.permit_types.values()
            for step in kind.steps
        }

    def process(self, chunk: Chunk) -> list[RowError]:
        columns = chunk.columns.select(list(COLUMNS))
        errors = _problems(frame_of(columns))
        refused = {error.row for error in errors}
        rows = zip(*(column.to_pylist() for column in columns.columns), strict=True)
        times = zip(chunk.offsets.tolist(), chunk.clocks.tolist(), strict=True)
        before = self._clock
        try:
            for index, (row, (offset, clock)) in enumerate(zip(rows, times, strict=True)):
                self._fire(clock)
                if index not in refused:
                    self._apply(row, offset)
            self._fire(chunk.clock)
        except BaseException:
            self._clock = before  # what is ahead of the stores, which are taken back
            self._hot.clear()
            self._touched.clear()
            raise
        self._save()
        return errors

    def advance(self, clock: int) -> None:
        self._fire(clock)
        self._save()

    def next_due(self) -> int | None:
        return self._entries.next_due()

    def look(self, case_id: str) -> File | None:
        """The file of a case with all that follows from it, for people to read; nothing is changed."""
        return self._file(case_id)

    def lateness(self, file: File) -> int:
        """How long a deadline of this case waits for events under way (ms)."""
        return 0 if self._event_clock else self._profile.lateness_ms(file.case.events[0].source)

    def _fire(self, clock: int) -> None:
        """Move the clock, judging every deadline at its own instant on the way."""
        while (due := self._entries.pop(clock)) is not None:
            self._clock = max(self._clock, due[0])
            self._judge(due[1], corrected=False)
        self._clock = max(self._clock, clock)

    def _file(self, case_id: str) -> File | None:
        """The file of a case, made again from its packed body when it is not at hand."""
        file = self._hot.get(case_id)
        if file is None and (entry := self._entries.entry(case_id)) is not None:
            file = self._hot[case_id] = unpack(entry.body, self._words)
            file.summary = summarise(file.case.events, self._step_units)
            file.scopes = list(self._scopes(file.summary, []))
            file.counted = flows(file.summary, *file.judged, self._profile.calendar)
            file.counted_from = _facts(file.summary, file.judged)
        return file

    def _save(self) -> None:
        """Pack what was touched into the store."""
        for case_id in self._touched:
            entry = self._entries.entry(case_id)
            body = pack(self._hot[case_id], self._words)
            self._entries.set(case_id, body, entry.due if entry else None)
        self._touched.clear()
        if len(self._hot) > HOT:
            self._hot.clear()

    def _apply(self, row: tuple[Any, ...], offset: int) -> None:
        (
            at,
            event_id,
            kind,
            step,
            unit,
            permit_type,
            due_at,
            opd,
            source,
            mode,
            simulated,
            corrects,
            case_id,
        ) = row
        event = Event(
            at, event_id, intern(kind), intern(step or ""), intern(unit or ""), intern(permit_type), due_at, intern(opd),
            intern(source), offset, intern(mode), simulated,
        )  # fmt: skip
        file = self._file(case_id)
        if file is None:
            file = self._hot[case_id] = File(Case(seen=self._clock))
        file.case.apply(event, corrects)
        summary = summarise(file.case.events, self._step_units)
        if summary != file.summary:
            file.summary = summary
            file.scopes = list(self._scopes(summary, file.scopes))
        self._judge(case_id, corrected=corrects is not None)

    def _scopes(self, case: Summary, before: list[Scope]) -> Iterator[Scope]:
        """What there is to judge; scopes about which nothing changed are taken over."""
        known = {scope.asked: scope for scope in before}
        for asked in self._asked(case):
            yield known.get(asked) or self._scope(asked)

    def _asked(self, case: Summary) -> Iterator[Asked]:
        kind, last = case.permit_type, case.units[-1][1]
        yield Asked("", kind, last, case.started_at, case.closed_at, case.due_at, case.course)
        for step, part in case.steps:
            if self._standard(kind, part.started_at, step) is not None:
                unit = self._step_units.get((kind, step)) or last
                yield Asked(step, kind, unit, part.started_at, part.closed_at, None, part.course)

    def _scope(self, asked: Asked) -> Scope:
        calendar = self._calendar(asked)
        on = _day(self._profile.local_day(asked.started_at))
        fractions = self._fractions.get(on)
        if fractions is None:
            fractions = tuple(
                self._profile.threshold(name, on, default) for name, default in p01.DEFAULTS.items()
            )
            self._fractions[on] = fractions
        standard = self._standard(asked.permit_type, asked.started_at, asked.scope)
        deadlines = p01.deadlines(
            asked.course, asked.started_at, standard, asked.due_at, asked.closed_at, fractions, calendar
        )
        if asked.due_at is not None:
            standard = max(0.0, calendar.elapsed(asked.started_at, asked.due_at))
        return Scope(asked, standard, deadlines, fractions)

    def _calendar(self, asked: Asked) -> WorkingCalendar:
        return self._profile.calendar_for(asked.unit) if asked.scope else self._profile.calendar

    def _standard(self, permit_type: str, started_at: int, step: str) -> float | None:
        on = _day(self._profile.local_day(started_at))
        return self._profile.service_standard(permit_type, on, step)

    def _judge(self, case_id: str, corrected: bool) -> None:
        """Say what the clock now says of a case: its flows, its alerts, and when to look again."""
        file = self._file(case_id)
        if file is None:
            raise KeyError(case_id)
        self._touched.add(case_id)
        lateness = self.lateness(file)
        waiting: list[int] = []
        for scope in file.scopes:
            reached: dict[str, p01.Deadline] = {}
            for deadline in scope.deadlines:
                at = p01.judged_at(deadline, file.case.seen, lateness)
                if at <= self._clock:
                    reached[deadline.level] = deadline
                else:
                    waiting.append(at)
            if not scope.asked.scope:
                self._count(file, reached)
            self._alert(case_id, file, scope, reached, corrected)
        standing = {scope.asked.scope for scope in file.scopes}
        for scope_name in file.alerted - standing:
            self._withdraw(case_id, scope_name, REASON_CORRECTED if corrected else REASON_CHANGED)
        self._entries.schedule(case_id, min(waiting, default=None))

    def _count(self, file: File, reached: dict[str, p01.Deadline]) -> None:
        warned, breached = reached.get("warning"), reached.get("breach")
        case = file.summary
        if case is None:
            return
        judged = (warned.at if warned else None, breached.at if breached else None)
        facts = _facts(case, judged)
        if facts != file.counted_from:
            now = flows(case, *judged, self._profile.calendar)
            self.totals.replace(file.counted, now)
            file.judged, file.counted, file.counted_from = judged, now, facts

    def _alert(
        self, case_id: str, file: File, scope: Scope, reached: dict[str, p01.Deadline], corrected: bool
    ) -> None:
        level = next((name for name in reversed(p01.LEVELS) if name in reached), None)
        if level is None:
            if scope.asked.scope in file.alerted:
                in_time = REASON_IN_TIME if scope.asked.closed_at is not None else REASON_CHANGED
                self._withdraw(case_id, scope.asked.scope, REASON_CORRECTED if corrected else in_time)
            return
        file.alerted.add(scope.asked.scope)
        self.alerts.revise(self._record(case_id, file, scope, reached, level), p01.LEVELS)

    def _withdraw(self, case_id: str, scope: str, reason: str) -> None:
        self.alerts.withdraw(alert_id(p01.ID, case_id, scope), reason, self._clock)

    def _record(
        self, case_id: str, file: File, scope: Scope, reached: dict[str, p01.Deadline], level: str
    ) -> dict[str, Any]:
        """A complete record of ``risk.alerts`` but for status, revision and publish time."""
        profile, events, summary = self._profile, file.case.events, file.summary
        calendar = self._calendar(scope.asked)
        deadline, asked = reached[level], scope.asked
        until = max(deadline.at, file.case.seen)
        until = (
            until
            if scope.asked.closed_at is None
            else min(until, scope.asked.closed_at)
            if level == "warning"
            else scope.asked.closed_at
        )
        observed = p01.elapsed(scope.asked.course, until, calendar)
        standard = scope.standard or 0.0
        permit_type = summary.permit_type if summary else ""
        kind = profile.permit_types.get(permit_type)
        where = kind.short if kind else permit_type or "jenis tidak diketahui"
        if kind and scope.asked.scope:
            step = next(
                (step.name for step in kind.steps if step.code == scope.asked.scope), scope.asked.scope
            )
            where = f"{where}, tahap {step}"
        unit = profile.units.get(scope.asked.unit)
        department = profile.departments.get(scope.asked.unit)
        name = unit.short if unit else department.short if department else scope.asked.unit
        due_day = None if asked.due_at is None else profile.local_day(asked.due_at)
        breach_at = reached["breach"].at - 1 if "breach" in reached else _breach_at(scope)
        stopped = sum(
            calendar.elapsed(a, min(b or until, until)) for a, b in scope.asked.course.stopped if a < until
        )
        return {
            "alert_id": alert_id(p01.ID, case_id, scope.asked.scope),
            "rule": p01.ID,
            "rule_version": p01.VERSION,
            "domain": self.domain,
            "level": level,
            "subject": case_id,
            "scope": scope.asked.scope,
            "permit_type": permit_type or None,
            "opd": events[-1].opd,
            "unit": scope.asked.unit,
            "level_at": deadline.at,
            "first_at": min(found.at for found in reached.values()),
            "due_at": breach_at,
            "observed": observed,
            "threshold": deadline.days,
            "unit_of_measure": "working_days",
            "sentence": p01.sentence(
                level,
                f"permohonan {case_id} ({where})",
                name,
                observed,
                standard,
                due_day,
                asked.closed_at is not None,
            ),
            "withdrawn_reason": None,
            **evidence(*self._place, events),
            "excluded": [f"waktu di pemohon: {stopped:.1f} hari kerja".replace(".", ",")]
            if stopped > 0
            else [],
            "parameters": {
                "standard_days": str(standard),
                "source": "due_at" if scope.asked.due_at is not None else "service_standard",
                **{key: str(value) for key, value in zip(p01.DEFAULTS, scope.fractions, strict=True)},
            },
            "fence_id": None,
            "profile_hash": profile.hash,
            "clock": self._clock,
            "mode": events[-1].mode,
            "simulated": any(event.simulated for event in events),
        }


def _facts(case: Summary, judged: tuple[int | None, int | None]) -> tuple[object, ...]:
    """All that the flows of a case depend on."""
    return (
        case.permit_type, case.entered_at, case.closed_at, case.units, case.holders, judged,
        case.course if case.closed_at is not None else None,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _day(day: str) -> date:
    return date.fromisoformat(day)


def _breach_at(scope: Scope) -> int | None:
    return next((deadline.at - 1 for deadline in scope.deadlines if deadline.level == "breach"), None)


def _problems(frame: pl.DataFrame) -> list[RowError]:
    nameless = (frame.get_column("case_id") == "").arg_true()
    return [
        *time_problems(frame, ["occurred_at", "due_at"]),
        *(
            RowError(row, "MissingKey", "case_id is empty: must be the number of the case")
            for row in nameless.to_list()
        ),
    ]

"""Permits: the figures by type and holder, and rule P01, moved by events and by the clock.

Every row is judged by itself, in offset order, with the deadlines that fell due before it: so revisions and values
do not depend on how the input was cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple

import polars as pl

from schemas.calendar import WorkingCalendar
from streams.domains.case import Case, Course, Event, Summary, summarise
from streams.domains.limits import time_problems
from streams.domains.permit_flows import flows
from streams.domains.timers import Timers
from streams.domains.totals import Totals
from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Key, Outputs, RowError
from streams.rules import p01
from streams.rules.alerts import Standing, alert_id, evidence

COLUMNS = (
    "occurred_at", "event_id", "kind", "step", "unit", "permit_type", "due_at", "opd", "source", "mode", "simulated",
    "corrects", "case_id",
)  # fmt: skip
REASON_IN_TIME = "Berkas selesai sebelum tenggat."
REASON_CORRECTED = "Data dikoreksi; hitungan yang baru tidak melewati standar."
REASON_CHANGED = "Peristiwa yang datang kemudian mengubah hitungan waktu; standar tidak terlewati."


class Asked(NamedTuple):
    """What P01 judges in a case: the whole ("") or one step, and all that its deadlines depend on."""

    scope: str
    permit_type: str
    unit: str
    started_at: int
    closed_at: int | None
    due_at: int | None
    course: Course


class Scope(NamedTuple):
    """A question with its standard (working days), its deadlines, and the fractions of the levels."""

    asked: Asked
    standard: float | None
    deadlines: tuple[p01.Deadline, ...]
    fractions: tuple[float, ...]


@dataclass(slots=True)
class File:
    """A case with what was last said about it."""

    case: Case
    summary: Summary | None = None
    scopes: list[Scope] = field(default_factory=list)
    counted: dict[Key, int] = field(default_factory=dict)
    counted_from: tuple[object, ...] = ()
    alerts: dict[str, Standing] = field(default_factory=dict)


class Permits:
    """Processor of ``permits.steps``."""

    domain = "permits"
    version = "1"

    def __init__(self, context: Context) -> None:
        self._profile = context.profile
        self._event_clock = context.event_clock
        self._files: dict[str, File] = {}
        self._timers = Timers()
        self._totals = Totals()
        self._clock = 0
        self._place = ("permits.steps", 0)
        self._fractions: dict[date, tuple[float, ...]] = {}
        self._step_units = {
            (kind.code, step.code): step.unit
            for kind in context.profile.permit_types.values()
            for step in kind.steps
        }

    def process(self, chunk: Chunk) -> Outputs:
        outputs = Outputs()
        self._place = (chunk.topic, chunk.partition)
        columns = chunk.columns.select(list(COLUMNS))
        if len(chunk):
            outputs.errors = _problems(pl.DataFrame(pl.from_arrow(columns)).with_row_index("row"))
        refused = {error.row for error in outputs.errors}
        rows = zip(*(column.to_pylist() for column in columns.columns), strict=True)
        times = zip(chunk.offsets.tolist(), chunk.timestamps.tolist(), strict=True)
        for index, (row, (offset, timestamp)) in enumerate(zip(rows, times, strict=True)):
            self._fire(timestamp, outputs)
            if index not in refused:
                self._apply(row, offset, outputs)
        self._fire(chunk.clock, outputs)
        outputs.aggregates = self._totals.changes()
        return outputs

    def advance(self, clock: int) -> Outputs:
        outputs = Outputs()
        self._fire(clock, outputs)
        outputs.aggregates = self._totals.changes()
        return outputs

    def next_due(self) -> int | None:
        return self._timers.next_due()

    def snapshot(self) -> dict[Key, int]:
        return self._totals.snapshot()

    def _fire(self, clock: int, outputs: Outputs) -> None:
        """Move the clock, judging every deadline at its own instant on the way."""
        while (due := self._timers.pop(clock)) is not None:
            self._clock = max(self._clock, due[0])
            self._judge(due[1], outputs, corrected=False)
        self._clock = max(self._clock, clock)

    def _apply(self, row: tuple[Any, ...], offset: int, outputs: Outputs) -> None:
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
        file = self._files.get(case_id)
        if file is None:
            file = self._files[case_id] = File(Case(seen=self._clock))
        file.case.apply(event, corrects)
        summary = summarise(file.case.events, self._step_units)
        if summary != file.summary:
            file.summary = summary
            file.scopes = list(self._scopes(summary, file.scopes))
        self._judge(case_id, outputs, corrected=corrects is not None)

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

    def _judge(self, case_id: str, outputs: Outputs, corrected: bool) -> None:
        """Say what the clock now says of a case: its flows, its alerts, and when to look again."""
        file = self._files[case_id]
        lateness = 0 if self._event_clock else self._profile.lateness_ms(file.case.events[0].source)
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
            self._alert(case_id, file, scope, reached, corrected, outputs)
        standing = {scope.asked.scope for scope in file.scopes}
        for scope_name in file.alerts.keys() - standing:
            self._withdraw(file, scope_name, REASON_CORRECTED if corrected else REASON_CHANGED, outputs)
        self._timers.set(case_id, min(waiting, default=None))

    def _count(self, file: File, reached: dict[str, p01.Deadline]) -> None:
        warned, breached = reached.get("warning"), reached.get("breach")
        case = file.summary
        if case is None:
            return
        judged = (warned.at if warned else None, breached.at if breached else None)
        facts = (
            case.permit_type, case.entered_at, case.closed_at, case.units, case.holders, judged,
            case.course if case.closed_at is not None else None,
        )  # fmt: skip
        if facts != file.counted_from:
            now = flows(case, *judged, self._profile.calendar)
            self._totals.replace(file.counted, now)
            file.counted, file.counted_from = now, facts

    def _alert(
        self,
        case_id: str,
        file: File,
        scope: Scope,
        reached: dict[str, p01.Deadline],
        corrected: bool,
        outputs: Outputs,
    ) -> None:
        level = next((name for name in reversed(p01.LEVELS) if name in reached), None)
        if level is None:
            if scope.asked.scope in file.alerts:
                in_time = REASON_IN_TIME if scope.asked.closed_at is not None else REASON_CHANGED
                self._withdraw(file, scope.asked.scope, REASON_CORRECTED if corrected else in_time, outputs)
            return
        record = self._record(case_id, file, scope, reached, level)
        revised = file.alerts.setdefault(scope.asked.scope, Standing()).revise(record, p01.LEVELS)
        if revised is not None:
            outputs.alerts[revised["alert_id"]] = revised

    def _withdraw(self, file: File, scope: str, reason: str, outputs: Outputs) -> None:
        revised = file.alerts[scope].withdraw(reason, self._clock)
        if revised is not None:
            outputs.alerts[revised["alert_id"]] = revised

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


@lru_cache(maxsize=4096)
def _day(day: str) -> date:
    return date.fromisoformat(day)


def _breach_at(scope: Scope) -> int | None:
    return next((deadline.at - 1 for deadline in scope.deadlines if deadline.level == "breach"), None)


def _problems(frame: pl.DataFrame) -> list[RowError]:
    nameless = frame.filter(pl.col("case_id") == "").get_column("row").to_list()
    return [
        *time_problems(frame, ["occurred_at", "due_at"]),
        *(
            RowError(row, "MissingKey", "case_id is empty: must be the number of the case")
            for row in nameless
        ),
    ]

"""Permits: the figures by type and holder, and rule P01, moved by events and by the clock.

Every row is judged by itself, in offset order, with the deadlines that fell due before it: so revisions and values
do not depend on how the input was cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from sys import intern
from typing import Any

import polars as pl

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


@dataclass(slots=True)
class Scope:
    """What P01 judges in a case: the whole ("") or one step."""

    scope: str
    unit: str
    started_at: int
    closed_at: int | None
    due_at: int | None
    course: Course
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
    judged: tuple[int | None, int | None] | None = None
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
            file.scopes = list(self._scopes(summary))
            file.judged = None
        self._judge(case_id, outputs, corrected=corrects is not None)

    def _scopes(self, case: Summary) -> Iterator[Scope]:
        calendar = self._profile.calendar
        yield self._scope(
            "", case.units[-1][1], case.started_at, case.closed_at, case.due_at, case.course, case, calendar
        )
        for step, part in case.steps:
            if self._standard(case.permit_type, part.started_at, step) is not None:
                unit = self._step_units.get((case.permit_type, step)) or case.units[-1][1]
                hours = self._profile.calendar_for(unit)
                yield self._scope(step, unit, part.started_at, part.closed_at, None, part.course, case, hours)

    def _scope(
        self, scope: str, unit: str, started_at: int, closed_at: int | None, due_at: int | None, course: Course,
        case: Summary, calendar: Any,
    ) -> Scope:  # fmt: skip
        on = date.fromisoformat(self._profile.local_day(started_at))
        fractions = tuple(
            self._profile.threshold(name, on, default) for name, default in p01.DEFAULTS.items()
        )
        standard = self._standard(case.permit_type, started_at, scope)
        deadlines = p01.deadlines(course, started_at, standard, due_at, closed_at, fractions, calendar)
        if due_at is not None:
            standard = max(0.0, calendar.elapsed(started_at, due_at))
        return Scope(scope, unit, started_at, closed_at, due_at, course, standard, deadlines, fractions)

    def _standard(self, permit_type: str, started_at: int, step: str) -> float | None:
        on = date.fromisoformat(self._profile.local_day(started_at))
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
            if not scope.scope:
                self._count(file, reached)
            self._alert(case_id, file, scope, reached, corrected, outputs)
        standing = {scope.scope for scope in file.scopes}
        for scope_name in file.alerts.keys() - standing:
            self._withdraw(file, scope_name, REASON_CORRECTED if corrected else REASON_CHANGED, outputs)
        self._timers.set(case_id, min(waiting, default=None))

    def _count(self, file: File, reached: dict[str, p01.Deadline]) -> None:
        warned, breached = reached.get("warning"), reached.get("breach")
        judged = (warned.at if warned else None, breached.at if breached else None)
        if judged == file.judged or file.summary is None:
            return
        now = dict(flows(file.summary, *judged, self._profile.calendar))
        self._totals.add_all(file.counted.items(), -1)
        self._totals.add_all(now.items())
        file.counted, file.judged = now, judged

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
            if scope.scope in file.alerts:
                in_time = REASON_IN_TIME if scope.closed_at is not None else REASON_CHANGED
                self._withdraw(file, scope.scope, REASON_CORRECTED if corrected else in_time, outputs)
            return
        record = self._record(case_id, file, scope, reached, level)
        revised = file.alerts.setdefault(scope.scope, Standing()).revise(record, p01.LEVELS)
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
        calendar = profile.calendar_for(scope.unit) if scope.scope else profile.calendar
        deadline = reached[level]
        until = max(deadline.at, file.case.seen)
        until = (
            until
            if scope.closed_at is None
            else min(until, scope.closed_at)
            if level == "warning"
            else scope.closed_at
        )
        observed = p01.elapsed(scope.course, until, calendar)
        standard = scope.standard or 0.0
        permit_type = summary.permit_type if summary else ""
        kind = profile.permit_types.get(permit_type)
        where = kind.short if kind else permit_type or "jenis tidak diketahui"
        if kind and scope.scope:
            step = next((step.name for step in kind.steps if step.code == scope.scope), scope.scope)
            where = f"{where}, tahap {step}"
        unit = profile.units.get(scope.unit)
        department = profile.departments.get(scope.unit)
        name = unit.short if unit else department.short if department else scope.unit
        breach_at = reached["breach"].at - 1 if "breach" in reached else _breach_at(scope)
        stopped = sum(
            calendar.elapsed(a, min(b or until, until)) for a, b in scope.course.stopped if a < until
        )
        return {
            "alert_id": alert_id(p01.ID, case_id, scope.scope),
            "rule": p01.ID,
            "rule_version": p01.VERSION,
            "domain": self.domain,
            "level": level,
            "subject": case_id,
            "scope": scope.scope,
            "permit_type": permit_type or None,
            "opd": events[-1].opd,
            "unit": scope.unit,
            "level_at": deadline.at,
            "first_at": min(found.at for found in reached.values()),
            "due_at": breach_at,
            "observed": observed,
            "threshold": deadline.days,
            "unit_of_measure": "working_days",
            "sentence": p01.sentence(
                level, case_id, where, name, observed, standard, scope.closed_at is not None
            ),
            "withdrawn_reason": None,
            **evidence(*self._place, events),
            "excluded": [f"waktu di pemohon: {stopped:.1f} hari kerja".replace(".", ",")]
            if stopped > 0
            else [],
            "parameters": {
                "standard_days": str(standard),
                "source": "due_at" if scope.due_at is not None else "service_standard",
                **{key: str(value) for key, value in zip(p01.DEFAULTS, scope.fractions, strict=True)},
            },
            "fence_id": None,
            "profile_hash": profile.hash,
            "clock": self._clock,
            "mode": events[-1].mode,
            "simulated": any(event.simulated for event in events),
        }


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

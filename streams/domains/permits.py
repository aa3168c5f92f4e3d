"""Permits: the figures by type and holder, and the rules that judge one case by itself, moved by events and the clock.

A chunk is applied as a whole: what its rows and the deadlines before its clock say of a case is said once, at the
chunk's clock. What stands then is a function of the case's events and of the clock, however the input was cut.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.catalogue import PERMITS
from streams.cases.book import Book
from streams.cases.events import CATCHING_UP, EVENT, FIELDS, NEVER, PLAIN, Intake, take_in
from streams.cases.files import CaseFiles
from streams.cases.hearing import NOT_SILENT, Hearing, Waiting
from streams.cases.view import Cases
from streams.cases.words import Words
from streams.corrections import FOREIGN, FOREIGN_TEXT
from streams.domains.limits import sound_rows, time_problems
from streams.domains.permit_alerts import CaseAlerts
from streams.domains.permit_flows import Flows, add_flows
from streams.domains.received import count_received
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk, Int64s, frame_of
from streams.engine.entries import Entries
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Totals
from streams.rules import rules, version_of
from streams.rules.coverage import Coverage
from streams.rules.judging import judge_cases
from streams.runs import Bools


class Permits:
    """Processor of ``permits.steps``."""

    domain = "permits"
    columns = FIELDS

    def __init__(self, context: Context) -> None:
        self.rules = [rule for rule in rules().values() if rule.domain == self.domain and rule.task == "case"]
        self.version = f"4 {version_of(self.rules)}"
        self.totals = Totals()
        self.alerts = Alerts()
        self._entries = Entries()
        self._words, self._names = Words(), Words()
        patient = [
            source
            for source in context.profile.sources.values()
            if source.domain == self.domain
            # where a past period is read again only what was declared is called an outage
            and (source.silent_minutes is not None or not context.event_clock)
        ]
        self._hearing = Hearing(context.profile, patient, context.event_clock, whole=False)
        self._waiting = Waiting()
        self.stores: Mapping[str, Store] = {
            TOTALS: self.totals, ALERTS: self.alerts, "words": self._words, "names": self._names,
            "cases": self._entries, "hearing": self._hearing, "waiting": self._waiting,
        }  # fmt: skip
        self.book = Book(context.profile, self._words, self._names, context.event_clock)
        self._files = CaseFiles(self._entries, self.book, len(self.rules), EVENT)
        self._flows = Flows(self.book)
        self._coverage = Coverage(self.rules, self.book, self.domain, "case")
        self._says = CaseAlerts(self.rules, self.alerts, self.book, PERMITS.name)

    def process(self, chunk: Chunk) -> list[RowError]:
        columns = chunk.columns.select(list(FIELDS))
        errors = problems(frame_of(columns.select(list(PLAIN))))
        sound = sound_rows(len(chunk), errors) if errors else None
        rows = self._take_in(chunk, columns, sound)
        if foreign := self._files.foreign(rows) if rows.corrections else []:
            places = np.arange(len(chunk)) if sound is None else np.flatnonzero(sound)
            errors += [RowError(int(places[row]), FOREIGN, FOREIGN_TEXT) for row in foreign]
            sound = sound_rows(len(chunk), errors)
            rows = self._take_in(chunk, columns, sound)
        if sound is not None:
            columns = columns.filter(pa.array(sound))
        count_received(self.totals, self.domain, columns, self.book.zone)
        self._judge(rows, chunk.clock, self._hear(rows))
        return errors

    def advance(self, clock: int) -> None:
        self._judge(None, clock, set())

    def next_due(self) -> int | None:
        silences = self._hearing.next_opening(self._waiting.sources()) if len(self._waiting) else None
        due = self._entries.next_due()
        return min((at for at in (due, silences) if at is not None), default=None)

    def look(self, case_id: str) -> Cases | None:
        """One case with all that follows from its events, for people to read; nothing is changed."""
        return self._files.look(case_id)

    def _take_in(self, chunk: Chunk, columns: pa.RecordBatch, sound: Bools | None) -> Intake:
        """The rows of a chunk, those that are sound where not all are."""
        offsets, clocks = chunk.offsets, chunk.clocks
        if sound is not None:
            columns, offsets, clocks = columns.filter(pa.array(sound)), offsets[sound], clocks[sound]
        return take_in(
            columns, offsets, clocks, self._words, self._names, self.book.zone, partition=chunk.partition
        )

    def _hear(self, rows: Intake) -> set[str]:
        """Note when sources were heard, and mark what came while one caught up; returns those that were heard."""
        heard = set()
        for number in np.unique(rows.events["source"]).tolist():
            name = self._words.text(number)
            if self._hearing.knows(name):
                mine = np.flatnonzero(rows.events["source"] == number)
                came = self._hearing.hear(name, rows.events["stamp"][mine], rows.events["at"][mine])
                rows.events["flags"][mine[came.behind]] |= CATCHING_UP
                heard.add(name)
        return heard

    def _judge(self, rows: Intake | None, clock: int, heard: set[str]) -> None:
        """Say what the clock now says of the cases that something happened to: their flows, their alerts, and when to
        look again. Those that wait for their source are among them when it was heard, or became silent."""
        turned = self._hearing.fall_silent(list(self._hearing), clock)
        turned |= {name for name in heard if self._hearing.silent_since(name) == NOT_SILENT}
        touched = self._files.touch(
            rows, clock, self._waiting.of(turned) if turned and len(self._waiting) else ()
        )
        if touched is None:
            return
        cases = touched.now
        last, silent = self._silences(cases)
        judged = judge_cases(self.rules, cases, clock, last, silent)
        self._flows.forget()  # what an attempt that broke had begun
        add_flows(self._flows, touched.before, *touched.judged_before(), -1)
        add_flows(self._flows, cases, judged.warned_at, judged.breached_at, 1)
        self._flows.settle(self.totals)
        self._coverage.count(touched, judged, self.totals)
        alerted = self._says.say(touched, judged, clock, silent)
        self._files.save(touched, judged, alerted)
        for i in np.flatnonzero(judged.waits).tolist():
            self._waiting.put(cases.keys[i], self._words.text(int(cases.source[i])))
        if len(self._waiting):
            for i in np.flatnonzero(~judged.waits).tolist():
                if self._waiting.get(cases.keys[i]) is not None:
                    self._waiting.put(cases.keys[i], None)

    def _silences(self, cases: Cases) -> tuple[Int64s, Bools]:
        """When the source of each case was last heard, before its silence where there is one; and whether there is."""
        last, silent = np.full(cases.n, NEVER), np.zeros(cases.n, np.bool_)
        for number in np.unique(cases.source).tolist():
            name = self._words.text(number)
            heard = self._hearing.last(name)
            if heard is not None:
                since = self._hearing.silent_since(name)
                mine = cases.source == number
                last[mine] = heard if since == NOT_SILENT else since
                silent[mine] = since != NOT_SILENT
        return last, silent


def problems(frame: pl.DataFrame) -> list[RowError]:
    """Rows that no case can have."""
    nameless = (frame.get_column("case_id") == "").arg_true()
    return [
        *time_problems(frame, ["occurred_at", "due_at", "document_date"]),
        *(
            RowError(row, "MissingKey", "case_id is empty: must be the number of the case")
            for row in nameless.to_list()
        ),
    ]

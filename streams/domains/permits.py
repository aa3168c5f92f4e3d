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
from streams.cases.events import FIELDS, PLAIN, take_in
from streams.cases.files import CaseFiles, Touched
from streams.cases.view import Cases
from streams.cases.words import Words
from streams.domains.limits import time_problems
from streams.domains.permit_alerts import CaseAlerts
from streams.domains.permit_flows import Flows, add_flows
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk, frame_of
from streams.engine.entries import Entries
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Totals
from streams.rules import rules
from streams.rules.coverage import Coverage
from streams.rules.judging import judge_cases


class Permits:
    """Processor of ``permits.steps``."""

    domain = "permits"
    version = "2"
    columns = FIELDS

    def __init__(self, context: Context) -> None:
        self.rules = [rule for rule in rules().values() if rule.domain == self.domain and rule.task == "case"]
        self.totals = Totals()
        self.alerts = Alerts()
        self._entries = Entries()
        self._words, self._names = Words(), Words()
        self.stores: Mapping[str, Store] = {
            TOTALS: self.totals, ALERTS: self.alerts, "words": self._words, "names": self._names,
            "cases": self._entries,
        }  # fmt: skip
        self.book = Book(context.profile, self._words, self._names, context.event_clock)
        self._files = CaseFiles(self._entries, self.book, len(self.rules))
        self._flows = Flows(self.book)
        self._coverage = Coverage(self.rules, self.book)
        self._says = CaseAlerts(self.rules, self.alerts, self.book, PERMITS.name)

    def process(self, chunk: Chunk) -> list[RowError]:
        columns = chunk.columns.select(list(FIELDS))
        errors = _problems(frame_of(columns.select(list(PLAIN))))
        offsets, clocks = chunk.offsets, chunk.clocks
        if errors:
            sound = np.ones(len(chunk), np.bool_)
            sound[[error.row for error in errors]] = False
            columns, offsets, clocks = columns.filter(pa.array(sound)), offsets[sound], clocks[sound]
        rows = take_in(
            columns, offsets, clocks, self._words, self._names, self.book.zone, partition=chunk.partition
        )
        self._judge(self._files.touch(rows, chunk.clock), chunk.clock)
        return errors

    def advance(self, clock: int) -> None:
        self._judge(self._files.touch(None, clock), clock)

    def next_due(self) -> int | None:
        return self._entries.next_due()

    def look(self, case_id: str) -> Cases | None:
        """One case with all that follows from its events, for people to read; nothing is changed."""
        return self._files.look(case_id)

    def _judge(self, touched: Touched | None, clock: int) -> None:
        """Say what the clock now says of the touched cases: their flows, their alerts, and when to look again."""
        if touched is None:
            return
        cases = touched.now
        judged = judge_cases(self.rules, cases, clock)
        self._flows.forget()  # what an attempt that broke had begun
        add_flows(self._flows, touched.before, *touched.judged_before(), -1)
        add_flows(self._flows, cases, judged.warned_at, judged.breached_at, 1)
        self._flows.settle(self.totals)
        self._coverage.count(touched, judged, self.totals)
        alerted = self._says.say(touched, judged, clock)
        self._files.save(touched, judged, alerted)


def _problems(frame: pl.DataFrame) -> list[RowError]:
    nameless = (frame.get_column("case_id") == "").arg_true()
    return [
        *time_problems(frame, ["occurred_at", "due_at", "document_date"]),
        *(
            RowError(row, "MissingKey", "case_id is empty: must be the number of the case")
            for row in nameless.to_list()
        ),
    ]

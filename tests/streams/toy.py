"""A small real processor: rows and rupiah per department, plus one deadline per event, for tests of the engine."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import pyarrow as pa

from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk
from streams.engine.entries import Entries
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Key, Totals

DUE_MS = 60_000
LEVELS = ("breach",)


class Fragile(Entries):
    """A store whose code breaks in the middle of a commit, once there is something in it."""

    def changes(self) -> pa.RecordBatch | None:
        batch = super().changes()
        if batch is not None and os.environ.get("TOY_FRAGILE"):
            raise ZeroDivisionError("fragile")
        return batch


class Toy:
    """Counts. ``amount`` 666 is a row it cannot take, 667 makes it raise; every event is overdue after a minute."""

    domain: ClassVar[str] = "revenue"
    columns: ClassVar[tuple[str, ...] | None] = ("amount",)

    def __init__(
        self,
        context: Context | None = None,  # noqa: ARG002  (every processor takes its context)
        version: str | None = None,
        due_ms: int | None = None,
    ) -> None:
        self.version = os.environ.get("TOY_VERSION", "1") if version is None else version
        self._due_ms = int(os.environ.get("TOY_DUE_MS", DUE_MS)) if due_ms is None else due_ms
        self.totals = Totals()
        self.alerts = Alerts()
        self._open = Fragile()
        self.stores: dict[str, Store] = {TOTALS: self.totals, ALERTS: self.alerts, "open": self._open}

    def process(self, chunk: Chunk) -> list[RowError]:
        errors = []
        columns = chunk.columns.select(["opd", "amount"]).to_pydict()
        for row in range(len(chunk)):
            clock = int(chunk.clocks[row])
            self._fire(clock)
            amount = columns["amount"][row]
            if amount == 666:
                errors.append(RowError(row, "BadAmount", "666 is not an amount"))
                continue
            self._add("toy.rows", columns["opd"][row], 1)
            self._add("toy.amount", columns["opd"][row], amount)
            if amount == 667:  # after the state was touched, as a real bug would
                raise ZeroDivisionError("667")
            self._open.set(str(chunk.offsets[row]), b"", clock + self._due_ms)
        return errors

    def advance(self, clock: int) -> None:
        self._fire(clock)

    def next_due(self) -> int | None:
        return self._open.next_due()

    def _fire(self, clock: int) -> None:
        while (due := self._open.pop(clock)) is not None:
            at, offset = due
            self._open.put(offset, None)
            self._add("toy.overdue", "", 1)
            self.alerts.revise(self._alert(int(offset), at), LEVELS)

    def _add(self, metric: str, value: str, amount: int) -> None:
        self.totals.add(Key(metric, "opd" if value else "total", value, "2026-01-01"), amount)

    def _alert(self, offset: int, clock: int) -> dict[str, Any]:
        return {
            "alert_id": f"overdue-{offset % 3}",
            "rule": "T01",
            "rule_version": "1",
            "domain": "revenue",
            "level": "breach",
            "subject": f"S{offset % 3}",
            "level_at": clock,
            "first_at": clock,
            "observed": 1.0,
            "threshold": 1.0,
            "unit_of_measure": "rows",
            "sentence": "lewat waktu",
            "clock": clock,
        }

"""A small real processor: rows and rupiah per department, plus one deadline per event, for tests of the engine."""

from __future__ import annotations

import heapq
import os
from typing import Any

from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Key, Outputs, RowError

DUE_MS = 60_000


class Toy:
    """Counts. ``amount`` 666 is a row it cannot take, 667 makes it raise; every event is overdue after a minute."""

    domain = "revenue"

    def __init__(self, context: Context | None = None, version: str = "1", due_ms: int | None = None) -> None:  # noqa: ARG002  (every processor takes its context)
        self.version = version
        self._due_ms = int(os.environ.get("TOY_DUE_MS", DUE_MS)) if due_ms is None else due_ms
        self._values: dict[Key, int] = {}
        self._due: list[tuple[int, int]] = []
        self._overdue: list[int] = []

    def process(self, chunk: Chunk) -> Outputs:
        outputs = Outputs()
        columns = chunk.columns.select(["opd", "amount"]).to_pydict()
        for row in range(len(chunk)):
            stamp = int(chunk.timestamps[row])
            self._fire(stamp, outputs)
            amount = columns["amount"][row]
            if amount == 666:
                outputs.errors.append(RowError(row, "BadAmount", "666 is not an amount"))
                continue
            self._add(outputs, "toy.rows", columns["opd"][row], 1)
            self._add(outputs, "toy.amount", columns["opd"][row], amount)
            if amount == 667:  # after the state was touched, as a real bug would
                raise ZeroDivisionError("667")
            heapq.heappush(self._due, (stamp + self._due_ms, int(chunk.offsets[row])))
        return outputs

    def advance(self, clock: int) -> Outputs:
        outputs = Outputs()
        self._fire(clock, outputs)
        return outputs

    def next_due(self) -> int | None:
        return self._due[0][0] if self._due else None

    def snapshot(self) -> dict[Key, int]:
        return dict(self._values)

    def _fire(self, clock: int, outputs: Outputs) -> None:
        while self._due and self._due[0][0] <= clock:
            _, offset = heapq.heappop(self._due)
            self._overdue.append(offset)
            self._add(outputs, "toy.overdue", "", 1)
            outputs.alerts[f"overdue-{offset % 3}"] = self._alert(offset, clock)

    def _add(self, outputs: Outputs, metric: str, value: str, amount: int) -> None:
        key = Key(metric, "opd" if value else "total", value, "2026-01-01")
        self._values[key] = self._values.get(key, 0) + amount
        outputs.aggregates[key] = self._values[key]

    def _alert(self, offset: int, clock: int) -> dict[str, Any]:
        return {
            "alert_id": f"overdue-{offset % 3}",
            "revision": len(self._overdue),
            "status": "raised",
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

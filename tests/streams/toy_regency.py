"""A small real processor of the regency task: what depends on the order across partitions and domains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa

from streams.engine.alerts import Alerts
from streams.engine.entries import Entries
from streams.engine.merge import Merged
from streams.engine.processor import ALERTS, TOTALS, Context
from streams.engine.store import Store, Table
from streams.engine.totals import Totals

LEVELS = ("breach",)


class Chain(Table[str, str]):
    """One text by name."""

    def columns(self, keys: Sequence[str], values: Sequence[str | None]) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict(
            {"key": pa.array(keys, pa.string()), "text": pa.array(values, pa.string())}
        )

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[str, str | None]]:
        return zip(*(column.to_pylist() for column in batch.columns), strict=True)


class ToyRegency:
    """Chains the event ids of all domains into one number, in order, so that any other order gives another; every
    thousandth millisecond after an event with an odd ``amount`` it alerts. ``amount`` 667 makes it raise."""

    version = "1"
    reads: ClassVar[Mapping[str, tuple[str, ...]]] = {"revenue": ("amount",), "population": ("persons",)}

    def __init__(self, context: Context | None = None) -> None:  # noqa: ARG002  (every processor takes its context)
        self.totals = Totals()
        self.alerts = Alerts()
        self._chain = Chain()
        self._open = Entries()
        self.stores: dict[str, Store] = {
            TOTALS: self.totals, ALERTS: self.alerts, "chain": self._chain, "open": self._open,
        }  # fmt: skip

    def process(self, merged: Merged) -> None:
        names, columns = (
            list(merged.columns),
            {name: some.to_pydict() for name, some in merged.columns.items()},
        )
        following = dict(merged.begins)
        for domain in (names[number] for number in merged.order):
            row = following[domain]
            following[domain] += 1
            clock = int(merged.clocks[domain][row])
            self.advance(clock)
            amount = columns[domain]["amount" if domain == "revenue" else "persons"][row]
            self._link(f"{domain} {columns[domain]['event_id'][row]} {amount}")
            if amount == 667:
                raise ZeroDivisionError("667")
            if amount % 2:
                self._open.set(columns[domain]["event_id"][row], b"", clock + 1000)

    def advance(self, clock: int) -> None:
        while (due := self._open.pop(clock)) is not None:
            self._open.put(due[1], None)
            self._link(f"due {due[0]} {due[1]}")
            self.alerts.revise(self._alert(due[1], due[0]), LEVELS)

    def next_due(self) -> int | None:
        return self._open.next_due()

    @property
    def link(self) -> str:
        """The number of everything so far."""
        return self._chain.get("link") or ""

    def _link(self, text: str) -> None:
        from hashlib import sha256

        self._chain.put("link", sha256((self.link + text).encode()).hexdigest()[:12])

    @staticmethod
    def _alert(event_id: str, clock: int) -> dict[str, Any]:
        return {
            "alert_id": f"odd-{event_id}", "rule": "T02", "rule_version": "1", "domain": "regency", "level": "breach",
            "subject": event_id, "level_at": clock, "first_at": clock, "observed": 1.0, "threshold": 1.0,
            "unit_of_measure": "rows", "sentence": "ganjil", "clock": clock,
        }  # fmt: skip

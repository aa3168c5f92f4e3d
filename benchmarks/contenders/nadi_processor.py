"""The benchmark's processor: the sums and counts that every contender computes, on the product's engine."""

from __future__ import annotations

import polars as pl

from benchmarks.totals import AMOUNT, COUNT
from streams.days import dated
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk, frame_of
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Totals

DIMENSIONS = {name: pl.col(name) for name in ("opd", "account", "village")}
METRICS = {AMOUNT: pl.col("amount"), COUNT: pl.lit(1, pl.Int64)}


class BenchReceipts:
    """Sum of ``amount`` and number of events by department, account and village, each by local day."""

    domain = "revenue"
    version = "1"
    columns = ("occurred_at", "opd", "account", "village", "amount")

    def __init__(self, context: Context) -> None:
        self.totals = Totals()
        self.alerts = Alerts()
        self.stores: dict[str, Store] = {TOTALS: self.totals, ALERTS: self.alerts}
        self._zone = context.profile.timezone.key

    def process(self, chunk: Chunk) -> list[RowError]:
        frame = dated(frame_of(chunk.columns.select(list(self.columns))), self._zone)
        self.totals.add_columns(frame, METRICS, DIMENSIONS, total=False)
        return []

    def advance(self, clock: int) -> None:
        """Nothing is due."""

    def next_due(self) -> int | None:
        return None

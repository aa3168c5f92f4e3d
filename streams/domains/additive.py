"""What the domains without deadlines share: check the rows, settle corrections, add up, report what changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import polars as pl

from streams.domains.corrections import Facts
from streams.domains.totals import Totals
from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Key, Outputs, RowError


class Additive(ABC):
    """A processor whose figures are sums over its standing events; the clock changes nothing.

    ``columns`` are those it reads and keeps beside event_id, corrects, kind, occurred_at and ``key``, the columns
    of the Kafka key.
    """

    domain: str
    version: str = "1"
    key: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[str, ...]]

    def __init__(self, context: Context) -> None:
        self.context = context
        self.totals = Totals()
        self._facts = Facts(self.key)
        self._zone = context.profile.timezone.key

    @abstractmethod
    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        """Rows that cannot be added up; ``row`` is the index in the chunk."""

    @abstractmethod
    def count(self, frame: pl.DataFrame, sign: int) -> None:
        """Add the rows (sign 1) or take them back (-1). ``day`` is their local Date."""

    def process(self, chunk: Chunk) -> Outputs:
        outputs = Outputs()
        if not len(chunk):
            return outputs
        names = dict.fromkeys(("event_id", "corrects", "kind", "occurred_at", *self.key, *self.columns))
        frame = pl.DataFrame(pl.from_arrow(chunk.columns.select(list(names)))).with_row_index("row")
        outputs.errors = self.problems(frame)
        if outputs.errors:
            frame = frame.filter(~pl.col("row").is_in([error.row for error in outputs.errors]))
        counted, undone = self._facts.take(frame.drop("row"))
        if len(undone):
            self.count(self._dated(undone), -1)
        self.count(self._dated(counted), 1)
        outputs.aggregates = self.totals.changes()
        return outputs

    def advance(self, clock: int) -> Outputs:  # noqa: ARG002
        return Outputs()

    def next_due(self) -> int | None:
        return None

    def snapshot(self) -> dict[Key, int]:
        return self.totals.snapshot()

    def _dated(self, frame: pl.DataFrame) -> pl.DataFrame:
        utc = pl.from_epoch("occurred_at", time_unit="ms").dt.replace_time_zone("UTC")
        return frame.with_columns(day=utc.dt.convert_time_zone(self._zone).dt.date())

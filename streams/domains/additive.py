"""What the domains without deadlines share: check the rows, settle corrections, add up, report what changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import polars as pl
import pyarrow as pa

from streams.days import dated
from streams.domains.corrections import Chains, Facts
from streams.domains.limits import sound_rows
from streams.domains.received import FIELDS, count_received
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk, frame_of
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Totals


class Additive(ABC):
    """A processor whose figures are sums over its standing events; the clock changes nothing.

    ``fields`` are those it reads and keeps beside event_id, corrects, kind, occurred_at and ``key``, the columns
    of the Kafka key.
    """

    domain: str
    version: str = "2"
    key: ClassVar[tuple[str, ...]]
    fields: ClassVar[tuple[str, ...]]

    def __init__(self, context: Context) -> None:
        self.context = context
        self.totals = Totals()
        self.alerts = Alerts()
        self._chains = Chains()
        self._facts = Facts(self.key, self._chains)
        self.stores: dict[str, Store] = {
            TOTALS: self.totals,
            ALERTS: self.alerts,
            "facts": self._facts,
            "chains": self._chains,
        }
        self._kept = list(
            dict.fromkeys(("event_id", "corrects", "kind", "occurred_at", *self.key, *self.fields))
        )
        self._zone = context.profile.timezone.key

    @property
    def columns(self) -> tuple[str, ...]:
        """What it reads of an event."""
        return tuple(dict.fromkeys((*self._kept, *FIELDS)))

    @abstractmethod
    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        """Rows that cannot be added up; ``row`` is the index in the chunk."""

    @abstractmethod
    def count(self, frame: pl.DataFrame, sign: int) -> None:
        """Add the rows (sign 1) or take them back (-1). ``day`` is their local Date."""

    def process(self, chunk: Chunk) -> list[RowError]:
        columns = chunk.columns.select(list(self.columns))
        errors = self.problems(frame_of(columns.select(self._kept)))
        if errors:
            columns = columns.filter(pa.array(sound_rows(len(chunk), errors)))
        count_received(self.totals, self.domain, columns, self._zone)
        rows = columns.select(self._kept)
        counted, undone = self._facts.take(rows, frame_of(rows))
        if len(undone):
            self.count(dated(undone, self._zone), -1)
        self.count(dated(counted, self._zone), 1)
        return errors

    def advance(self, clock: int) -> None:  # noqa: B027  (no figure depends on the clock)
        """Nothing is due."""

    def next_due(self) -> int | None:
        return None

"""What the domains without deadlines share: check the rows, settle corrections, add up, report what changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from streams.authorities import counting
from streams.corrections import FOREIGN, FOREIGN_TEXT, Chains, Facts
from streams.days import dated
from streams.domains.limits import sound_rows
from streams.domains.received import FIELDS, count_received
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk, frame_of
from streams.engine.processor import ALERTS, TOTALS, Context, RowError
from streams.engine.store import Store
from streams.engine.totals import Totals


class Additive(ABC):
    """A processor whose figures are sums over its standing events; the clock changes nothing.

    ``fields`` are those it reads and keeps beside event_id, source, corrects, kind, occurred_at and ``key``, the columns
    of the Kafka key.
    """

    domain: str
    version: str = "3"
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
            dict.fromkeys(("event_id", "source", "corrects", "kind", "occurred_at", *self.key, *self.fields))
        )
        self._counting = counting(context.profile, self.domain)
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
        sound = np.arange(len(chunk))
        if errors:
            mask = sound_rows(len(chunk), errors)
            columns, sound = columns.filter(pa.array(mask)), sound[mask]
        rows = columns.select(self._kept)
        taken = self._facts.take(rows, frame_of(rows))
        if taken.foreign:
            errors += [RowError(int(sound[row]), FOREIGN, FOREIGN_TEXT) for row in taken.foreign]
            mine = np.ones(len(sound), np.bool_)
            mine[taken.foreign] = False
            columns = columns.filter(pa.array(mine))
        count_received(self.totals, self.domain, columns, self._zone)
        if len(taken.undone):
            self.count(self._that_count(taken.undone), -1)
        self.count(self._that_count(taken.counted), 1)
        return errors

    def _that_count(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with their local ``day``, without what another source is right about."""
        with_day = dated(rows, self._zone)
        return with_day if self._counting is None else with_day.filter(self._counting)

    def advance(self, clock: int) -> None:  # noqa: B027  (no figure depends on the clock)
        """Nothing is due."""

    def next_due(self) -> int | None:
        return None

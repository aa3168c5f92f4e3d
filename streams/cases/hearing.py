"""When each source was last heard, and whether it is silent: then nothing that is missing means anything.

A source is silent once the clock has passed its last record by more than it may be silent. The silence goes on while it
catches up: until a record comes that is no older than its lateness. What fell due after the last record before the
silence is not judged until then, and records that come while it catches up are late for that reason alone.

One partition hears a part of what a source says. Where the source declares no ``silent_minutes`` its silence means
something only after it was heard steadily: for ``STEADY`` times as long as it may be silent, without a silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.profile import Profile, Source
from schemas.profile.silence import after
from streams.engine.chunk import Int64s
from streams.engine.store import Pairs, Table
from streams.runs import Bools

MINUTE_MS = 60_000
NOT_SILENT = -1
STEADY = 10
NUMBERS = ("last", "silent_since", "steady_since")
SCHEMA = pa.schema([("source", pa.string()), *((name, pa.int64()) for name in NUMBERS)])


class Heard(NamedTuple):
    """The clock at the last record, at the last one before the silence that goes on (NOT_SILENT: none does), and at the
    first one after the last time that nothing was heard for long."""

    last: int
    silent_since: int
    steady_since: int


class Came(NamedTuple):
    """What some records of a source told: which of them came while it was catching up (``behind``), and the silences
    that ended, by the last record before and the first current one after."""

    behind: Bools
    passed: list[tuple[int, int]]


class Hearing(Table[str, Heard]):
    """What was heard of each source: a store. ``patient`` are the sources whose silence counts; ``whole`` says that
    everything they say is heard here, and not one partition of it."""

    def __init__(
        self, profile: Profile, patient: Iterable[Source], event_clock: bool, *, whole: bool
    ) -> None:
        super().__init__()
        self._profile, self._whole = profile, whole
        self._patient = {source.id: source for source in patient}
        self._lateness = {name: 0 if event_clock else profile.lateness_ms(name) for name in self._patient}
        self._opens: dict[tuple[str, int, int], int] = {}

    def knows(self, source: str) -> bool:
        """Whether the silence of a source counts."""
        return source in self._patient

    def hear(self, source: str, clocks: Int64s, at: Int64s) -> Came:
        """Take the records of a source, in order."""
        behind = np.zeros(len(clocks), np.bool_)
        passed: list[tuple[int, int]] = []
        if source not in self._patient or not len(clocks):
            return Came(behind, passed)
        begin = int(clocks[0])
        last, since, steady = self.get(source) or Heard(begin, NOT_SILENT, begin)
        before = np.append(last, clocks[:-1])
        gaps = np.zeros(len(clocks), np.bool_)
        least = self._patient[source].allowance_minutes * MINUTE_MS  # of working time or more of any
        for row in np.flatnonzero(clocks - before > least).tolist():
            if clocks[row] > self.opens(source, int(before[row])):
                gaps[row] = self._means(source, Heard(int(before[row]), since, steady))
                steady = int(clocks[row])
        if since != NOT_SILENT or gaps.any():
            fresh = clocks - at <= max(self._lateness[source], MINUTE_MS)
            for row in range(len(clocks)):
                if gaps[row] and since == NOT_SILENT:
                    since = int(before[row])
                if since != NOT_SILENT and fresh[row]:
                    passed.append((since, int(clocks[row])))
                    since = NOT_SILENT
                behind[row] = since != NOT_SILENT
        self.put(source, Heard(int(clocks[-1]), since, steady))
        return Came(behind, passed)

    def _means(self, source: str, heard: Heard) -> bool:
        """Whether a silence that begins now would mean anything here."""
        declared = self._whole or self._patient[source].silent_minutes is not None
        return declared or heard.last >= self.opens(source, heard.steady_since, STEADY)

    def opens(self, source: str, last: int, times: int = 1) -> int:
        """When a source that was last heard at ``last`` (UTC ms) has been silent for as long as it may be, or so many
        ``times`` as long."""
        key = (source, last, times)
        found = self._opens.get(key)
        if found is None:
            declared = self._patient[source]
            found = after(self._profile.calendar, declared, last, declared.allowance_minutes * times)
            if len(self._opens) > 10_000:
                self._opens.clear()
            self._opens[key] = found
        return found

    def fall_silent(self, sources: Iterable[str], clock: int) -> set[str]:
        """Those of some sources that have become silent by ``clock``."""
        found = set()
        for source in sources:
            heard = self.get(source)
            if heard is not None and self._may_open(source, heard) and clock > self.opens(source, heard.last):
                self.put(source, heard._replace(silent_since=heard.last))
                found.add(source)
        return found

    def _may_open(self, source: str, heard: Heard) -> bool:
        return heard.silent_since == NOT_SILENT and self._means(source, heard)

    def silent_since(self, source: str) -> int:
        """The last record before the silence that goes on; NOT_SILENT where none does."""
        heard = self.get(source)
        return NOT_SILENT if heard is None else heard.silent_since

    def last(self, source: str) -> int | None:
        """The clock at the last record."""
        heard = self.get(source)
        return heard.last if heard is not None else None

    def next_opening(self, sources: Iterable[str]) -> int | None:
        """When the first of some sources that are not silent yet will count as that."""
        heard = ((source, self.get(source)) for source in sources)
        return min(
            (
                self.opens(source, one.last) + 1
                for source, one in heard
                if one is not None and self._may_open(source, one)
            ),
            default=None,
        )

    def columns(self, keys: Sequence[str], values: Sequence[Heard | None]) -> pa.RecordBatch:
        numbers = list(zip(*(value or (None,) * len(NUMBERS) for value in values), strict=True))
        arrays = [pa.array(keys, pa.string()), *(pa.array(column, pa.int64()) for column in numbers)]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[str, Heard | None]]:
        for source, *numbers in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield source, None if None in numbers else Heard(*numbers)


class Waiting(Pairs[str, str]):
    """Cases about which an absence was or would be told since their source was last heard, with that source."""

    schema = pa.schema([("case", pa.string()), ("source", pa.string())])

    def of(self, sources: set[str]) -> list[str]:
        """The cases that wait for one of these sources."""
        return [case for case, source in self._rows.items() if source in sources]

    def sources(self) -> set[str]:
        """The sources that something waits for."""
        return set(self._rows.values())

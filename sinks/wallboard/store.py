"""The figures in memory: one value per aggregate key and source partition, sums kept as they change.

Pure: no clock, no input or output. The highest version of a key wins, and of equal versions the last one; so the
snapshot and the topics may overlap in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

#: What the tiles need; everything else is read from ClickHouse by the desk pages.
NEEDED: dict[str, frozenset[str]] = {
    "revenue": frozenset({"total", "account_group", "account"}),
    "permits": frozenset({"total", "type", "unit", "holder"}),
    "budget": frozenset({"total", "opd"}),
    "activities": frozenset({"total", "opd"}),
    "population": frozenset({"total", "village"}),
}


class Row(NamedTuple):
    """One aggregate record, as far as the wallboard needs it (see schemas/avro/aggregates.avsc)."""

    metric: str
    dimension: str
    value: str
    local_day: str
    topic: str
    partition: int
    amount: int
    version: int
    as_of: int = 0
    published_at: int = 0
    simulated: bool = False


class Series(NamedTuple):
    """A figure over time: which metric, by what, for which value of it."""

    metric: str
    dimension: str = "total"
    value: str = ""


def needed(row: Row) -> bool:
    """Whether any tile shows this figure."""
    return row.dimension in NEEDED.get(row.metric.partition(".")[0], frozenset())


@dataclass(slots=True)
class Store:
    """Values by key and partition, and their sums by local day, month, year and altogether."""

    _values: dict[tuple[Series, str, str, int], tuple[int, int]] = field(default_factory=dict)
    _days: dict[Series, dict[str, int]] = field(default_factory=dict)
    _spans: dict[Series, dict[str, int]] = field(default_factory=dict)
    _members: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    clocks: dict[tuple[str, int], int] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    simulated: bool = False
    last_day: str = ""

    def apply(self, row: Row) -> bool:
        """Take one record; whether it changed a sum that tiles show."""
        self.simulated = self.simulated or row.simulated
        source = (row.topic, row.partition)
        self.clocks[source] = max(self.clocks.get(source, 0), row.as_of)
        self.domains.add(row.metric.partition(".")[0])
        if not needed(row):
            return False
        series = Series(row.metric, row.dimension, row.value)
        key = (series, row.local_day, row.topic, row.partition)
        before, version = self._values.get(key, (0, -1))
        if row.version < version:
            return False
        self._values[key] = (row.amount, row.version)
        change = row.amount - before
        if not change and version >= 0:
            return False
        self._add(series, row.local_day, change)
        return True

    def _add(self, series: Series, day: str, change: int) -> None:
        days = self._days.setdefault(series, {})
        days[day] = days.get(day, 0) + change
        spans = self._spans.setdefault(series, {})
        for span in (day[:7], day[:4], ""):
            spans[span] = spans.get(span, 0) + change
        self._members.setdefault((series.metric, series.dimension), set()).add(series.value)
        if series.dimension == "total":
            self.last_day = max(self.last_day, day)

    def has(self, metric: str) -> bool:
        """Whether anything was ever said about this metric: missing is not zero."""
        return (metric, "total") in self._members

    def day(self, series: Series, day: str) -> int:
        return self._days.get(series, {}).get(day, 0)

    def month(self, series: Series, day: str) -> int:
        """From the first of the month to ``day``, both included."""
        return self._spans.get(series, {}).get(day[:7], 0) - self._after(series, day, day[:7])

    def year(self, series: Series, day: str) -> int:
        """From 1 January to ``day``, both included."""
        return self._spans.get(series, {}).get(day[:4], 0) - self._after(series, day, day[:4])

    def standing(self, series: Series, day: str) -> int:
        """A stock at the end of ``day``: all signed flows up to it."""
        return self._spans.get(series, {}).get("", 0) - self._after(series, day, "")

    def _after(self, series: Series, day: str, span: str) -> int:
        """What is dated after ``day`` within a span. Rare: only events dated ahead of their arrival."""
        if self.last_day <= day and series.dimension == "total":
            return 0
        return sum(v for d, v in self._days.get(series, {}).items() if d > day and d.startswith(span))

    def month_whole(self, series: Series, day: str) -> int:
        """The whole month of ``day``: for plans, which stand on the first of their month."""
        return self._spans.get(series, {}).get(day[:7], 0)

    def year_whole(self, series: Series, day: str) -> int:
        """The whole year of ``day``."""
        return self._spans.get(series, {}).get(day[:4], 0)

    def recent(self, series: Series, days: list[str]) -> list[int]:
        """Values of these local days, for a spark line."""
        by_day = self._days.get(series, {})
        return [by_day.get(day, 0) for day in days]

    def members(self, metric: str, dimension: str) -> Iterator[Series]:
        """Every series of a metric by one dimension, in the order of its values."""
        for value in sorted(self._members.get((metric, dimension), ())):
            yield Series(metric, dimension, value)

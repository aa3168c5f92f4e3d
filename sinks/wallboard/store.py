"""The figures in memory: one value per aggregate key and source partition, sums kept as they change.

Pure: no clock, no input or output. The highest version of a key wins, and of equal versions the last one; so the
snapshot and the topics may overlap in any order. Days are YYYY-MM-DD; a range has both ends included, and an empty
start means from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Cell(NamedTuple):
    """One aggregate record as far as the board needs it; names as in schemas/avro/aggregates.avsc."""

    metric: str
    dimension: str
    value: str
    local_day: str
    source_topic: str
    source_partition: int
    amount: int
    version: int


Series = tuple[str, str, str]
"""metric, dimension, value"""


@dataclass(slots=True)
class _Sums:
    """One series over time: sums of whole months, and the days of each month."""

    months: dict[str, int] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, day: str, change: int) -> None:
        month = day[:7]
        self.months[month] = self.months.get(month, 0) + change
        of_month = self.days.setdefault(month, {})
        of_month[day] = of_month.get(day, 0) + change

    def total(self, since: str, until: str) -> int:
        first, last = since[:7], until[:7]
        found = 0
        for month, amount in self.months.items():
            if month < first or month > last:
                continue
            if first < month < last:
                found += amount
            else:
                found += sum(v for day, v in self.days[month].items() if since <= day <= until)
        return found


@dataclass(slots=True)
class Store:
    """Values by key and source partition, and their sums by series."""

    _values: dict[tuple[Series, str, str, int], tuple[int, int]] = field(default_factory=dict)
    _sums: dict[Series, _Sums] = field(default_factory=dict)
    _members: dict[tuple[str, str], dict[str, _Sums]] = field(default_factory=dict)
    _latest: str = ""

    def put(self, cells: Iterable[Cell]) -> int:
        """Take records over, in the order they were written; how many of them changed a sum."""
        return sum(self._put(cell) for cell in cells)

    def _put(self, cell: Cell) -> bool:
        series = (cell.metric, cell.dimension, cell.value)
        key = (series, cell.local_day, cell.source_topic, cell.source_partition)
        amount, version = self._values.get(key, (0, -1))
        if cell.version < version:
            return False
        self._values[key] = (cell.amount, cell.version)
        if cell.amount == amount and version >= 0:
            return False
        sums = self._sums.get(series)
        if sums is None:
            sums = self._sums[series] = _Sums()
            self._members.setdefault(series[:2], {})[cell.value] = sums
        sums.add(cell.local_day, cell.amount - amount)
        if cell.amount and cell.dimension == "total":
            self._latest = max(self._latest, cell.local_day)
        return True

    def __len__(self) -> int:
        return len(self._values)

    def knows(self, metric: str) -> bool:
        """Whether anything was ever said about this metric: missing is not zero."""
        return any(known == metric for known, _dimension in self._members)

    def latest_day(self) -> str:
        """The newest day of any total, empty while there is none."""
        return self._latest

    def total(self, metric: str, since: str, until: str, dimension: str = "total", value: str = "") -> int:
        """One figure over a range of days."""
        sums = self._sums.get((metric, dimension, value))
        return sums.total(since, until) if sums else 0

    def by_value(self, metric: str, dimension: str, since: str, until: str) -> dict[str, int]:
        """A figure over a range of days for every value of a dimension, zeros left out."""
        found = ((v, s.total(since, until)) for v, s in self._members.get((metric, dimension), {}).items())
        return {value: amount for value, amount in found if amount}

    def by_day(
        self, metric: str, days: Iterable[str], dimension: str = "total", value: str = ""
    ) -> list[int]:
        """One figure on each of these days."""
        sums = self._sums.get((metric, dimension, value))
        return [sums.days.get(day[:7], {}).get(day, 0) if sums else 0 for day in days]

    def totals(self) -> Iterator[tuple[str, str, str, str, int]]:
        """Every sum that is not zero: metric, dimension, value, day, amount."""
        for (metric, dimension, value), sums in self._sums.items():
            for days in sums.days.values():
                for day, amount in days.items():
                    if amount:
                        yield metric, dimension, value, day, amount

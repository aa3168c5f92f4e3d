"""What the sink holds of one partition between Kafka and the table. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from schemas.repeats import Repeats
from sinks.clickhouse.intent import Standing


@dataclass(slots=True)
class Partition:
    """Where a partition stands, the ids it has seen, and the records that were consumed and not yet written.

    ``since`` is when the oldest of them came (monotonic seconds). ``end`` is the offset where the topic last had no
    more for us: behind the last record, where transactions leave markers.
    """

    standing: Standing
    repeats: Repeats
    since: float = 0.0
    bytes: int = 0
    end: int = 0
    _runs: deque[list[Any]] = field(default_factory=deque)
    _rows: int = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, records: list[Any], now: float) -> None:
        """Keep consumed records, at ``now``; a record's length is that of its value."""
        if not self._rows:
            self.since = now
        self._runs.append(records)
        self._rows += len(records)
        self.bytes += sum(map(len, records))

    @property
    def only_markers(self) -> bool:
        """Whether all that is left of the topic are offsets that hold no record."""
        return not self._rows and self.end > self.standing.position

    def take(self, rows: int, size: int, now: float) -> list[Any]:
        """The next records, in order: at most ``rows``, and no more once they exceed ``size`` bytes."""
        taken: list[Any] = []
        total = 0
        while self._runs and len(taken) < rows and total < size:
            run = self._runs.popleft()
            sizes = list(accumulate(map(len, run[: rows - len(taken)])))
            count = min(len(sizes), bisect_left(sizes, size - total) + 1)
            taken += run[:count]
            total += sizes[count - 1]
            if count < len(run):
                self._runs.appendleft(run[count:])
        self._rows -= len(taken)
        self.bytes -= total
        self.since = now
        return taken

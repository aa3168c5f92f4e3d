"""What the sink holds of one partition between Kafka and the table. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
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
    _buffer: deque[Any] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self._buffer)

    def add(self, record: Any, now: float) -> None:
        """Keep one consumed record, at ``now``."""
        if not self._buffer:
            self.since = now
        self._buffer.append(record)
        self.bytes += _size(record)

    @property
    def only_markers(self) -> bool:
        """Whether all that is left of the topic are offsets that hold no record."""
        return not self._buffer and self.end > self.standing.position

    def take(self, rows: int, size: int, now: float) -> list[Any]:
        """The next records, in order: at most ``rows``, and no more once they exceed ``size`` bytes."""
        taken: list[Any] = []
        total = 0
        while self._buffer and len(taken) < rows and total < size:
            record = self._buffer.popleft()
            taken.append(record)
            total += _size(record)
        self.bytes -= total
        self.since = now
        return taken


def _size(record: Any) -> int:
    return len(record.value() or b"") + len(record.key() or b"")

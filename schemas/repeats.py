"""Recognising repeats: a producer's retry carries the same event_id and is never counted twice.

The window is the last N offsets of a partition or its last seven days, whichever is longer, up to a bound on
memory. It is no stored state: whoever needs it re-reads the topic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

DAY_MS = 86_400_000


@dataclass(slots=True)
class Repeats:
    """The event ids of one partition that still count as seen.

    ``min_rows`` and ``min_ms`` are the two windows (the longer holds), ``max_rows`` the bound on memory
    (about 150 bytes a row).
    """

    min_rows: int = 100_000
    min_ms: int = 7 * DAY_MS
    max_rows: int = 2_000_000
    _seen: set[str] = field(default_factory=set)
    _order: deque[tuple[int, str]] = field(default_factory=deque)
    _now: int = 0

    def mark(self, event_ids: Iterable[str], timestamps: Iterable[int]) -> list[bool]:
        """For each row, in offset order, whether its id was seen in the window before it; then remembers it.

        The window moves row by row, so the marks do not depend on how the rows are cut into calls.
        """
        seen, order, now = self._seen, self._order, self._now
        min_rows, min_ms, max_rows = self.min_rows, self.min_ms, self.max_rows
        marks = []
        for event_id, timestamp in zip(event_ids, timestamps, strict=True):
            now = max(now, timestamp)
            while len(order) > min_rows and order[0][0] < now - min_ms:
                seen.discard(order.popleft()[1])
            repeat = event_id in seen
            marks.append(repeat)
            if not repeat:
                seen.add(event_id)
                order.append((timestamp, event_id))
                if len(order) > max_rows:
                    seen.discard(order.popleft()[1])
        self._now = now
        return marks

    def __len__(self) -> int:
        return len(self._order)

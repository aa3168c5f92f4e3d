"""Open deadlines in order; one per owner. A million cost nothing until due."""

from __future__ import annotations

from heapq import heapify, heappop, heappush


class Timers:
    """The next deadline (UTC ms) of each owner. Replaced entries stay in the heap until they surface."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    def set(self, owner: str, due: int | None) -> None:
        """Replace the owner's deadline; None for none."""
        if due is None:
            self._due.pop(owner, None)
        elif self._due.get(owner) != due:
            self._due[owner] = due
            heappush(self._heap, (due, owner))
            if len(self._heap) > 64 + 4 * len(self._due):
                self._heap = [(at, who) for who, at in self._due.items()]
                heapify(self._heap)

    def next_due(self) -> int | None:
        """The earliest deadline."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop(self, clock: int) -> tuple[int, str] | None:
        """Take the earliest (due, owner) that is due by ``clock``."""
        due = self.next_due()
        if due is None or due > clock:
            return None
        owner = heappop(self._heap)[1]
        del self._due[owner]
        return due, owner

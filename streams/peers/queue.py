"""Who waits: the accepted cases of each type, so that it can be asked how many a case overtook.

It is made from the cases when it is first asked after a start, and kept up to date from then on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.engine.chunk import Int64s

GROW = 4096


class Queue:
    """One slot a case: its type, when it was accepted (NEVER: it was not) and closed; and the applicant's time."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._columns = np.zeros((3, 0), np.int64)
        self._stops: dict[int, list[tuple[int, int]]] = {}

    @property
    def known(self) -> bool:
        """Whether it was made from the cases."""
        return bool(self._slots)

    def update(self, cases: Cases) -> None:
        """Take cases as they are now."""
        slots = np.array([self._slots.setdefault(key, len(self._slots)) for key in cases.keys], np.int64)
        if len(self._slots) > self._columns.shape[1]:
            more = np.zeros((3, max(GROW, len(self._slots))), np.int64)
            more[1], more[2] = NEVER, NEVER
            self._columns = np.concatenate([self._columns, more], axis=1)
        self._columns[0, slots] = cases.permit_type
        self._columns[1, slots] = cases.pick("at", cases.accepted, NEVER)
        self._columns[2, slots] = cases.closed_at
        stops = cases.stops
        for i in np.flatnonzero(np.diff(stops.bounds)).tolist():
            mine = slice(int(stops.bounds[i]), int(stops.bounds[i + 1]))
            spans = zip(stops.since[mine].tolist(), stops.until[mine].tolist(), strict=True)
            self._stops[int(slots[i])] = list(spans)

    def overtaken(self, permit_type: Any, accepted: Int64s, closed: Int64s) -> Int64s:
        """For each case of these types, how many of the same type were accepted earlier and still waited when it
        closed: open then, and not with the applicant."""
        found = np.zeros(len(closed), np.int64)
        if not len(closed):
            return found
        types, since, until = self._columns
        waiting = np.flatnonzero((until > closed.min()) & (since < accepted.max()))
        stopped = [(slot, a, b) for slot in waiting.tolist() for a, b in self._stops.get(slot, ())]
        slot, begin, end = np.array(stopped, np.int64).reshape(-1, 3).T
        for kind in np.unique(permit_type).tolist():
            mine = np.flatnonzero(permit_type == kind)
            older = waiting[types[waiting] == kind]
            away = types[slot] == kind
            for row in mine.tolist():
                a, c = accepted[row], closed[row]
                count = np.count_nonzero((since[older] < a) & (until[older] > c))
                if away.any():
                    with_applicant = (begin <= c) & (c < end) & away & (since[slot] < a) & (until[slot] > c)
                    count -= np.count_nonzero(with_applicant)
                found[row] = count
        return found

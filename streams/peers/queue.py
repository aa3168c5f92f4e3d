"""Who waits: the accepted cases of each type, so that it can be asked how many a case overtook.

It is made from the cases when it is first asked after a start, and kept up to date from then on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.engine.chunk import Int64s
from streams.runs import Bools, begins

GROW = 4096
TYPE, ACCEPTED, CLOSED, SINCE, UNTIL = range(5)


class Queue:
    """One slot a case: its type, when it was accepted (NEVER: it was not) and closed, and from when on and until when that
    was known; and the applicant's time. Beside it, what was known earlier of the cases that were updated last."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._columns, self._earlier = _columns(0), _columns(0)
        self._stops: dict[int, list[tuple[int, int]]] = {}  # of earlier rows by negative number

    @property
    def known(self) -> bool:
        """Whether it was made from the cases."""
        return bool(self._slots)

    def update(self, cases: Cases, at: Int64s) -> None:
        """Take cases as they were known from some instants on (UTC ms), which do not fall; one may come several times."""
        slots = np.array([self._slots.setdefault(key, len(self._slots)) for key in cases.keys], np.int64)
        if len(self._slots) > self._columns.shape[1]:
            self._columns = np.concatenate([self._columns, _columns(max(GROW, len(self._slots)))], axis=1)
        order = np.argsort(slots, kind="stable")
        new = begins(slots[order])
        first, again = order[new], np.flatnonzero(~new)
        accepted, until = cases.pick("at", cases.accepted, NEVER), np.full(cases.n, NEVER)
        until[order[again - 1]] = at[order[again]]
        news = np.stack([cases.permit_type.astype(np.int64), accepted, cases.closed_at, at, until])
        replaced = self._columns[:, slots[first]]
        replaced[UNTIL] = at[first]
        passed, last = np.flatnonzero(until != NEVER), np.flatnonzero(until == NEVER)
        for row in range(-self._earlier.shape[1], 0):
            self._stops.pop(row, None)
        self._earlier = np.concatenate([replaced, news[:, passed]], axis=1)
        self._columns[:, slots[last]] = news[:, last]
        names = slots.copy()
        names[passed] = np.arange(-len(passed), 0)
        for row, slot in enumerate(slots[first].tolist(), -self._earlier.shape[1]):
            if (stopped := self._stops.pop(slot, None)) is not None:
                self._stops[row] = stopped
        stops, bounds = cases.stops, cases.stops.bounds
        spans = list(zip(stops.since.tolist(), stops.until.tolist(), strict=True))
        for case in np.flatnonzero(np.diff(bounds)).tolist():
            self._stops[int(names[case])] = spans[int(bounds[case]) : int(bounds[case + 1])]

    def overtaken(self, permit_type: Any, accepted: Int64s, closed: Int64s, asked: Int64s) -> Int64s:
        """For each case of these types, how many of the same type were accepted earlier and still waited when it
        closed, open then and not with the applicant, by what was known at the instant ``asked``; none before the last update."""
        found = np.zeros(len(closed), np.int64)
        if not len(closed):
            return found
        names = np.concatenate([np.arange(self._columns.shape[1]), np.arange(-self._earlier.shape[1], 0)])
        columns = np.concatenate([self._columns, self._earlier], axis=1)
        waiting = np.flatnonzero((columns[CLOSED] > closed.min()) & (columns[ACCEPTED] < accepted.max()))
        names, columns = names[waiting], columns[:, waiting]
        stopped = [
            (row, *span) for row, name in enumerate(names.tolist()) for span in self._stops.get(name, ())
        ]
        row, begin, end = np.array(stopped, np.int64).reshape(-1, 3).T
        away = columns[:, row]
        for kind in np.unique(permit_type).tolist():
            older, with_applicant = columns[TYPE] == kind, away[TYPE] == kind
            mine, his = columns[:, older], away[:, with_applicant]
            since, until = begin[with_applicant], end[with_applicant]
            for case in np.flatnonzero(permit_type == kind).tolist():
                a, c, at = accepted[case], closed[case], asked[case]
                still = np.count_nonzero(_waited(his, a, c, at) & (since <= c) & (c < until))
                found[case] = np.count_nonzero(_waited(mine, a, c, at)) - still
        return found


def _columns(rows: int) -> Int64s:
    """Rows of which nothing is known."""
    found = np.zeros((5, rows), np.int64)
    found[ACCEPTED], found[CLOSED], found[UNTIL] = NEVER, NEVER, NEVER
    return found


def _waited(columns: Int64s, accepted: int, closed: int, asked: int) -> Bools:
    """Which rows stood at an instant, and were accepted before and open at two others."""
    stood = (columns[SINCE] <= asked) & (asked < columns[UNTIL])
    found: Bools = stood & (columns[ACCEPTED] < accepted) & (columns[CLOSED] > closed)
    return found

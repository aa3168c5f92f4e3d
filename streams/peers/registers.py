"""The running numbers in the registers of offices: on which days the numbers just before one were given.

It is made from the cases when it is first asked after a start, and kept up to date from then on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.cases.view import Cases
from streams.days import Days, local_days
from streams.engine.chunk import Int64s
from streams.runs import Bools, begins

GROW = 4096
#: So many numbers before one are asked for their days; two slips of the pen among them move the middle nowhere.
BEFORE = 5
NO_BOOK = 0
#: What stands in a register, one entry a case: ``book`` is the register of an office (department and unit) in a year,
#: ``usual`` the middle of the days of the numbers before it, where there are ``enough``.
ENTRY = np.dtype(
    [("book", "<i8"), ("number", "<i8"), ("at", "<i8"), ("high", "<u8"), ("low", "<u8"), ("day", "<i8"),
     ("enough", "?"), ("usual", "<i8")]
)  # fmt: skip


def registered(cases: Cases) -> Int64s:
    """The first event of each case that has a number."""
    return cases.first(cases.column("register") > 0)


class Registers:
    """One slot for each case that has a number, or had one before a correction (``NO_BOOK`` then)."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._keys: list[str] = []
        self._entries = np.zeros(0, ENTRY)

    def update(self, cases: Cases) -> list[str]:
        """Take cases as they are now; returns the others whose usual day is another one by it."""
        numbered = (registered(cases) >= 0).tolist()
        mine = [row for row, key in enumerate(cases.keys) if numbered[row] or key in self._slots]
        if not mine:
            return []
        keys = [cases.keys[row] for row in mine]
        slots = np.array([self._slots.setdefault(key, len(self._slots)) for key in keys], np.int64)
        self._keys = list(self._slots) if len(self._slots) > len(self._keys) else self._keys
        if len(self._slots) > len(self._entries):
            more = max(GROW, len(self._entries), len(self._slots) - len(self._entries))
            self._entries = np.concatenate([self._entries, np.zeros(more, ENTRY)])
        books = np.union1d(self._entries["book"][slots], [NO_BOOK])
        self._entries[slots] = _entries(cases)[mine]
        books = np.setdiff1d(np.union1d(books, self._entries["book"][slots]), [NO_BOOK])
        rows = np.flatnonzero(np.isin(self._entries["book"], books))
        moved = np.setdiff1d(rows[self._settle(rows)], slots)
        return [self._keys[slot] for slot in moved.tolist()]

    def usual_days(self, cases: Cases) -> tuple[Bools, Days]:
        """For each case the middle of the days (since 1970) of the ``BEFORE`` numbers before its own in its book, in order
        of number, time and event id; and whether there are so many."""
        slots = np.array([self._slots.get(key, -1) for key in cases.keys], np.int64)
        there = np.flatnonzero(slots >= 0)
        enough, usual = np.zeros(cases.n, np.bool_), np.zeros(cases.n, np.int64)
        enough[there] = self._entries["enough"][slots[there]]
        usual[there] = self._entries["usual"][slots[there]]
        return enough, usual

    def _settle(self, rows: Int64s) -> Bools:
        """Find the usual days of whole books; which of their rows have another one now."""
        some = self._entries[rows]
        order = np.lexsort([some[name] for name in ("low", "high", "at", "number", "book")])
        place = np.arange(len(rows))
        first = np.maximum.accumulate(np.where(begins(some["book"][order]), place, 0))
        there = place[place - first >= BEFORE]
        before = np.sort(some["day"][order][there[:, None] - np.arange(1, BEFORE + 1)], axis=1)
        enough, usual = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.int64)
        enough[order[there]], usual[order[there]] = True, before[:, BEFORE // 2]
        changed: Bools = (enough != some["enough"]) | (usual != some["usual"])
        self._entries["enough"][rows], self._entries["usual"][rows] = enough, usual
        return changed


def _entries(cases: Cases) -> np.ndarray[Any, np.dtype[np.void]]:
    """What the cases' events say of their entries."""
    first = registered(cases)
    numbered = np.flatnonzero(first >= 0)
    events = cases.events[first[numbered]]
    day = local_days(np.ascontiguousarray(events["at"]), cases.book.zone)
    office = (events["opd"].astype(np.int64) << 40) | (events["unit"].astype(np.int64) << 20)
    found = np.zeros(cases.n, ENTRY)
    found["book"][numbered], found["day"][numbered] = office | _years(day), day
    found["number"][numbered] = events["register"]
    for name in ("at", "high", "low"):
        found[name][numbered] = events[name]
    return found


def _years(days: Days) -> Int64s:
    """The years of local days since 1970."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970

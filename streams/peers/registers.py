"""The running numbers in the registers of offices: on which days the numbers just before one were given.

It is made from the cases when it is first asked after a start, and kept up to date from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

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
Entries = np.ndarray[Any, np.dtype[np.void]]


def registered(cases: Cases) -> Int64s:
    """The first event of each case that has a number."""
    return cases.first(cases.column("register") > 0)


class Registers:
    """One slot for each case that has a number, or had one before a correction (``NO_BOOK`` then)."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._keys: list[str] = []
        self._entries = np.zeros(0, ENTRY)

    def update(self, cases: Sequence[str], entries: Entries) -> list[str]:
        """Take the entries of cases as they are now; returns the others whose usual day is another one by it."""
        numbered = (entries["book"] != NO_BOOK).tolist()
        mine = [row for row, key in enumerate(cases) if numbered[row] or key in self._slots]
        if not mine:
            return []
        keys, entries = [cases[row] for row in mine], entries[mine]
        slots = np.array([self._slots.setdefault(key, len(self._slots)) for key in keys], np.int64)
        self._keys = list(self._slots) if len(self._slots) > len(self._keys) else self._keys
        if len(self._slots) > len(self._entries):
            more = max(GROW, len(self._entries), len(self._slots) - len(self._entries))
            self._entries = np.concatenate([self._entries, np.zeros(more, ENTRY)])
        before = self._entries[slots]
        stands = entries["book"] != NO_BOOK
        entries["enough"], entries["usual"] = stands & before["enough"], stands * before["usual"]
        changed = np.flatnonzero(entries != before)
        if not len(changed):
            return []
        self._entries[slots] = entries
        moved = [self._settle(book, least) for book, least in _least(before[changed], entries[changed])]
        return [self._keys[slot] for slot in np.setdiff1d(np.concatenate(moved), slots).tolist()]

    def usual_days(self, cases: Sequence[str]) -> tuple[Bools, Days]:
        """For each case the middle of the days (since 1970) of the ``BEFORE`` numbers before its own in its book, in order
        of number, time and event id; and whether there are so many."""
        slots = np.array([self._slots.get(key, -1) for key in cases], np.int64)
        there = np.flatnonzero(slots >= 0)
        enough, usual = np.zeros(len(cases), np.bool_), np.zeros(len(cases), np.int64)
        enough[there] = self._entries["enough"][slots[there]]
        usual[there] = self._entries["usual"][slots[there]]
        return enough, usual

    def _settle(self, book: int, least: int) -> Int64s:
        """Find the usual days in a book from a number on; the slots that have another one now."""
        rows = np.flatnonzero(self._entries["book"] == book)
        numbers = self._entries["number"][rows]
        lower = numbers[numbers < least]
        if len(lower) > BEFORE:  # of those before, the last ones say it all
            rows = rows[numbers >= np.partition(lower, -BEFORE)[-BEFORE]]
        some = self._entries[rows]
        order = np.lexsort([some[name] for name in ("low", "high", "at", "number")])
        rows, some = rows[order], some[order]
        enough, usual = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.int64)
        if len(rows) > BEFORE:
            before = np.sort(sliding_window_view(some["day"][:-1], BEFORE), axis=1)
            enough[BEFORE:], usual[BEFORE:] = True, before[:, BEFORE // 2]
        changed = (some["number"] >= least) & ((enough != some["enough"]) | (usual != some["usual"]))
        rows = rows[changed]
        self._entries["enough"][rows], self._entries["usual"][rows] = enough[changed], usual[changed]
        return rows


def _least(*entries: Entries) -> list[tuple[int, int]]:
    """Each book of some entries, with the least number in it."""
    books, numbers = (np.concatenate([some[name] for some in entries]) for name in ("book", "number"))
    order = np.lexsort((numbers, books))
    first = order[begins(books[order])]
    found = zip(books[first].tolist(), numbers[first].tolist(), strict=True)
    return [(book, number) for book, number in found if book != NO_BOOK]


def entries_of(cases: Cases) -> Entries:
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

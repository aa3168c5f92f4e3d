"""Recognising repeats: a producer's retry carries the same event_id and is never counted twice.

A row is a repeat if the previous row of its partition with the same id, repeat or not, is near: at most
``min_rows`` offsets or ``min_ms`` away, whichever reaches further, and never more than ``max_rows`` offsets. So the
marks are a function of the rows alone: neither how they are cut into batches nor where a re-read began (at least
``max_rows`` offsets back) changes any. The window is no stored state: whoever needs it re-reads the topic.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from schemas.event_ids import Bools, EventIds, Uint64s, event_ids

__all__ = ["DAY_MS", "EventIds", "Repeats", "event_ids"]

DAY_MS = 86_400_000
#: Rows at a time, so that what is computed stays in the processor's cache.
PIECE = 1 << 14
FIRST_ROWS = 1 << 12
LAST_NUMBER = 2**31 - 1

Int64s = np.ndarray[Any, np.dtype[np.int64]]
Int32s = np.ndarray[Any, np.dtype[np.int32]]

# Secret multipliers: a sender cannot choose ids that all fall into one slot.
_HIGH_FACTOR = np.uint64(secrets.randbits(64) | 1)
_LOW_FACTOR = np.uint64(secrets.randbits(64) | 1)

HIGH, LOW, OFFSET, TIMESTAMP = range(4)
WIDTH = 4


class Repeats:
    """The last rows of one partition, by event id.

    ``min_rows`` and ``max_rows`` are distances of offsets, ``min_ms`` of record timestamps (either way). About 45
    bytes a row, growing from few rows to ``max_rows``.

    Rows have numbers, from 1, and stand in a ring. ``_head`` is the newest row of each slot, ``_older`` the next one
    in the same slot: a hash table whose chains lead from new to old, so that the first equal id is the previous one.
    A number below ``_first`` is a row that the ring has lost.
    """

    def __init__(
        self,
        min_rows: int = 100_000,
        min_ms: int = 7 * DAY_MS,
        max_rows: int = 2_000_000,
        *,
        piece: int = PIECE,
    ) -> None:
        self.min_rows = min_rows
        self.min_ms = min_ms
        self.max_rows = max_rows
        self._piece = piece
        self._most = max_rows + piece
        self._capacity = 0
        self._rows: Int64s = np.empty(0, np.int64)
        self._older: Int32s = np.empty(0, np.int32)
        self._head: Int32s = np.empty(0, np.int32)
        self._first = self._next = 1
        self._lap = 1  # the number of the row that stands, or would stand, at the beginning of the ring

    def __len__(self) -> int:
        """How many rows are remembered."""
        return self._next - self._first

    @property
    def size(self) -> int:
        """Bytes set aside; of the ring's last growth only what was written is in memory."""
        return self._rows.nbytes + self._older.nbytes + self._head.nbytes

    def mark(self, ids: EventIds, offsets: Int64s, timestamps: Int64s) -> Bools:
        """Which of these rows are repeats (bool[n]); then remembers them all.

        All ids are valid; ``offsets`` ascend strictly, within and over the calls; ``timestamps`` are the records'
        (UTC ms). Raises ValueError otherwise.
        """
        count = len(offsets)
        if not ids.valid.all():
            raise ValueError("only rows with a valid event_id can be looked for; refuse the others first")
        if count and (
            (count > 1 and int(np.diff(offsets).min()) < 1) or int(offsets[0]) <= self._newest_offset()
        ):
            raise ValueError(f"offsets must ascend, beyond {self._newest_offset()}")
        marks = np.zeros(count, np.bool_)
        done = 0
        while done < count:
            part = slice(done, done + self._room(min(self._piece, count - done)))
            marks[part] = self._mark(ids.high[part], ids.low[part], offsets[part], timestamps[part])
            done = part.stop
        return marks

    def _newest_offset(self) -> int:
        return self._offset(self._next - 1) if len(self) else -1

    def _offset(self, number: int) -> int:
        place = number - self._lap
        return int(self._rows[(place + self._capacity * (place < 0)) * WIDTH + OFFSET])

    def _mark(self, high: Uint64s, low: Uint64s, offsets: Int64s, timestamps: Int64s) -> Bools:
        """Mark and remember rows for which there is room without a wrap of the ring."""
        count, start = len(offsets), self._next - self._lap
        numbers = np.arange(self._next, self._next + count, dtype=np.int32)
        rows = self._rows[start * WIDTH : (start + count) * WIDTH].reshape(count, WIDTH)
        overwritten = self._next + count - self._capacity
        if overwritten > self._first:
            self._first = overwritten
        rows[:, HIGH] = high.view(np.int64)
        rows[:, LOW] = low.view(np.int64)
        rows[:, OFFSET] = offsets
        rows[:, TIMESTAMP] = timestamps
        older = self._link(self._slots(high, low), numbers)
        self._older[start : start + count] = older
        self._next += count
        return self._near(rows, older)

    def _link(self, slots: Int64s, numbers: Int32s) -> Int32s:
        """Make rows the newest of their slots; which row was it before each."""
        older = self._head[slots]
        self._head[slots] = numbers  # of equal slots the last one stays
        newest = self._head[slots]
        shared = np.flatnonzero(newest != numbers)
        if len(shared):
            sharing = np.zeros(len(slots), np.bool_)
            sharing[shared] = sharing[newest[shared] - numbers[0]] = True
            among = np.flatnonzero(sharing)
            among = among[np.argsort(slots[among], kind="stable")]
            follows = slots[among[1:]] == slots[among[:-1]]
            older[among[1:][follows]] = numbers[among[:-1][follows]]
        return older

    def _near(self, rows: Int64s, older: Int32s) -> Bools:
        """Follow the chains to each row's previous row, and judge how far it is. ``rows`` are n x 4."""
        marks = np.zeros(len(rows), np.bool_)
        asking = np.flatnonzero(older >= self._first)
        numbers = older[asking]
        steps = 0
        while len(asking):
            if steps > 100 * len(asking):  # a chain that long costs more than looking at every row
                self._search(rows, asking, numbers, marks)
                break
            places = self._place(numbers)
            at = places * WIDTH
            same = self._rows[at] == rows[asking, HIGH]
            same &= self._rows[at + LOW] == rows[asking, LOW]
            found = np.flatnonzero(same)
            if len(found):
                marks[asking[found]] = self._judge(rows[asking[found]], at[found])
                on = np.flatnonzero(~same)
                asking, places = asking[on], places[on]
            numbers = self._older[places]
            on = np.flatnonzero(numbers >= self._first)
            asking, numbers = asking[on], numbers[on]
            steps += 1
        return marks

    def _search(self, rows: Int64s, asking: Int64s, numbers: Int32s, marks: Bools) -> None:
        """The previous rows of a few, each looked for among all rows up to a number."""
        for row, number in zip(asking.tolist(), numbers.tolist(), strict=True):
            places = self._place(np.arange(self._first, number + 1))
            at = places * WIDTH
            found = np.flatnonzero(
                (self._rows[at] == rows[row, HIGH]) & (self._rows[at + LOW] == rows[row, LOW])
            )
            if len(found):
                marks[row] = self._judge(rows[row : row + 1], at[found[-1:]])[0]

    def _judge(self, rows: Int64s, previous: Int64s) -> Bools:
        """Whether rows (n x 4) are repeats of those that stand at ``previous``."""
        rows_apart = rows[:, OFFSET] - self._rows[previous + OFFSET]
        ms_apart = np.abs(rows[:, TIMESTAMP] - self._rows[previous + TIMESTAMP])
        near: Bools = (rows_apart <= self.min_rows) | (ms_apart <= self.min_ms)
        near &= rows_apart <= self.max_rows
        return near

    def _place(self, numbers: Any) -> Int64s:
        """Where rows stand in the ring: rows before this lap stand behind the end of it."""
        places: Int64s = numbers - np.int64(self._lap)
        places += (places < 0) * np.int64(self._capacity)
        return places

    def _ids(self, places: Int64s) -> tuple[Uint64s, Uint64s]:
        at = places * WIDTH
        return self._rows[at].view(np.uint64), self._rows[at + LOW].view(np.uint64)

    def _slots(self, high: Uint64s, low: Uint64s) -> Int64s:
        """Multiply and shift: as many of the upper bits as the table has slots."""
        mixed = high * _HIGH_FACTOR
        mixed += low * _LOW_FACTOR
        mixed >>= np.uint64(65 - len(self._head).bit_length())
        return mixed.view(np.int64)

    def _room(self, wanted: int) -> int:
        """Make room for rows: how many of those wanted can come in one piece."""
        if len(self) + wanted > self._capacity and self._capacity < self._most:
            self._grow(wanted)
        if self._next + wanted > LAST_NUMBER:
            self._renumber()
        if self._next - self._lap == self._capacity:
            self._lap = self._next
        return min(wanted, self._capacity - (self._next - self._lap))

    def _grow(self, wanted: int) -> None:
        """A longer ring, before the first row is lost: no lap has ended yet."""
        count = len(self)
        self._capacity = min(self._most, max(FIRST_ROWS, 2 * self._capacity, 2 * wanted))
        rows, older = np.empty(self._capacity * WIDTH, np.int64), np.empty(self._capacity, np.int32)
        rows[: count * WIDTH] = self._rows[: count * WIDTH]
        older[:count] = self._older[:count]
        self._rows, self._older = rows, older
        if len(self._head) < 1.5 * self._capacity:
            enough = min(3 * self._capacity, 3 * self._most // 2)
            self._head = np.zeros(1 << enough.bit_length(), np.int32)
            self._link_all()

    def _renumber(self) -> None:
        """Low numbers again, long before they no longer fit in 32 bits."""
        by = (self._first - 1) // self._capacity * self._capacity
        self._first -= by
        self._next -= by
        self._lap -= by
        self._head[:] = 0
        self._link_all()

    def _link_all(self) -> None:
        """Fill the table from the ring."""
        for low in range(self._first, self._next, self._piece):
            numbers = np.arange(low, min(low + self._piece, self._next), dtype=np.int32)
            places = self._place(numbers)
            self._older[places] = self._link(self._slots(*self._ids(places)), numbers)

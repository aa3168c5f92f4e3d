"""What is known of all cases, so that one can be held against the others: who waits, and the registers of offices.

It is made from the cases when it is first asked after a start, and kept up to date from then on; after an attempt that was
taken back it is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from streams.cases.view import Cases
from streams.cases.visits import Visits
from streams.engine.chunk import Int64s
from streams.peers.days import Days
from streams.peers.peers import Known
from streams.peers.queue import Queue
from streams.peers.registers import Registers, entries_of


class Moved(NamedTuple):
    """Cases whose place in their register looks different by what was heard of others, and what they are judged by."""

    keys: Sequence[str]
    known: Known


class Others:
    """``blocks`` gives all cases as they were saved, some at a time."""

    def __init__(self, days: Days, blocks: Callable[[], Iterator[Cases]]) -> None:
        self._days, self._blocks = days, blocks
        self._forget()

    def update(self, visits: Visits, first: int, nights: Int64s) -> tuple[Known, list[Moved]]:
        """Take visits of nights (UTC ms), that of the local day ``first`` (since 1970) and the following ones. Returns what
        the visits are judged by, and for each night the others that moved."""
        if self._taken_back != self._days.taken_back:
            self._forget()
        if not self.queue.known:
            for block in self._blocks():
                self.queue.update(block, np.zeros(block.n, np.int64))
                self._registers.update(block.keys, entries_of(block))
        cases, entries = visits.now, entries_of(visits.now)
        at = nights[visits.night]
        self.queue.update(cases, at)
        usual, moved = [], []
        for night in range(len(nights)):
            begin, end = visits.of(night)
            keys = cases.keys[begin:end]
            others = self._registers.update(keys, entries[begin:end])
            usual.append(self._registers.usual_days(keys))
            there = np.full(len(others), night)
            moved.append(
                Moved(others, Known(first + there, nights[there], *self._registers.usual_days(others)))
            )
        enough, usual_days = (np.concatenate(columns) for columns in zip(*usual, strict=True))
        return Known(first + visits.night, at, enough, usual_days), moved

    def _forget(self) -> None:
        self.queue, self._registers, self._taken_back = Queue(), Registers(), self._days.taken_back

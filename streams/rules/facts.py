"""Facts about steps and officers that several rules ask for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.cases.book import combined
from streams.cases.events import AUTOMATIC
from streams.cases.view import Cases
from streams.cases.words import Numbers
from streams.engine.chunk import Int64s
from streams.runs import Bools


class Firsts(NamedTuple):
    """The first event of each (case, other number), in order of both: the pair as one key, and when it was (UTC ms)."""

    key: Int64s
    at: Int64s

    @property
    def case(self) -> Int64s:
        return self.key >> 32

    @property
    def other(self) -> Numbers:
        return (self.key & 0xFFFFFFFF).astype(np.uint32)

    def find(self, key: Int64s) -> tuple[Bools, Int64s]:
        """Whether each key is there, and its instant where it is."""
        if not len(self.key):
            return np.zeros(len(key), np.bool_), np.zeros(len(key), np.int64)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        return self.key[place] == key, self.at[place]


def firsts(cases: Cases, mask: Bools, name: str) -> Firsts:
    """The first event of each case and value of a field, among those that the mask holds for."""
    rows = np.flatnonzero(mask & (cases.column(name) != 0))
    key, first = np.unique(combined(cases.case_of[rows], cases.column(name)[rows]), return_index=True)
    return Firsts(key, cases.column("at")[rows][first])  # events are in order of time within a case


def done_steps(cases: Cases) -> Firsts:
    """When each step of each case first began or, where no beginning was sent, ended."""
    return firsts(cases, cases.is_kind("started", "finished") & cases.past, "step")


def acting(cases: Cases) -> Bools:
    """Events of the past in which an officer acted, and no machine."""
    return cases.past & (cases.column("officer") != 0) & ~cases.flag(AUTOMATIC)

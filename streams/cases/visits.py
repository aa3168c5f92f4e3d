"""Cases that something happened to: as they were saved, and as they are known now, or after each of some nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from streams.cases.body import Body
from streams.cases.book import Book
from streams.cases.view import Cases
from streams.engine.chunk import Int64s
from streams.rules.findings import Levels

#: The night of what was saved before the first, and that of what stands after the last.
SAVED, LASTING = -1, np.iinfo(np.int64).max


@dataclass(slots=True)
class Touched:
    """Cases that something happened to: as they were saved (those that were), and as they are now. ``known`` are the
    indexes of the former among the latter; ``corrected`` says which had an event replaced just now."""

    bodies: list[Body]
    before: Cases
    known: Int64s
    now: Cases
    corrected: list[bool]
    replaced: dict[int, dict[bytes, bytes]] = field(default_factory=dict)

    def outcomes(self, rules: int) -> Levels:
        """What was counted of each case last, by rule; int8[rules, n]."""
        found = np.frombuffer(b"".join(body.outcomes for body in self.bodies), np.int8)
        return found.reshape(len(self.bodies), rules).T

    def judged_before(self) -> tuple[Int64s, Int64s]:
        """When the warning and the breach of P01 were judged, of the cases in ``before``."""
        bodies = [self.bodies[i] for i in self.known.tolist()]
        return (
            np.array([body.warned_at for body in bodies], np.int64),
            np.array([body.breached_at for body in bodies], np.int64),
        )


@dataclass(slots=True)
class Visits:
    """Cases on some nights that follow each other, numbered from 0: ``now`` has one for each night and case that something
    happened to, in order of ``night``, as it was known then; ``before`` the cases as they were saved before all of them.
    They stand until the night of the case's next visit (``until``, ``before_until``; LASTING for none).
    ``bodies`` are the cases as they were saved last, by id; ``corrected`` says by night and id which had an event replaced."""

    bodies: dict[str, Body]
    before: Cases
    now: Cases
    night: Int64s
    until: Int64s
    before_until: Int64s
    corrected: set[tuple[int, str]]
    replaced: dict[tuple[int, str], dict[bytes, bytes]]

    def of(self, night: int) -> tuple[int, int]:
        """The visits of a night: the first, and the one after the last."""
        first, after = np.searchsorted(self.night, (night, night + 1)).tolist()
        return first, after

    def touched(self, night: int) -> Touched:
        """The cases of a night, as they were saved last and as they were known then."""
        now = self.now.part(*self.of(night))
        bodies = [self.bodies[key] for key in now.keys]
        before, known = saved(bodies, now.keys, now.events.dtype, now.book)
        names = [(night, key) for key in now.keys]
        replaced = {i: self.replaced[name] for i, name in enumerate(names) if name in self.replaced}
        return Touched(bodies, before, known, now, [name in self.corrected for name in names], replaced)


def saved(
    bodies: Sequence[Body], keys: Sequence[str], kind: np.dtype[np.void], book: Book
) -> tuple[Cases, Int64s]:
    """The cases as they were saved, and which of the bodies they are: those that have events."""
    events = np.frombuffer(b"".join(body.events for body in bodies), kind)
    counts = np.array([len(body.events) // kind.itemsize for body in bodies], np.int64)
    known = np.flatnonzero(counts)
    starts = np.concatenate([[0], np.cumsum(counts[known])])
    seen = np.array([bodies[i].seen for i in known.tolist()], np.int64)
    return Cases(events, starts, [keys[i] for i in known.tolist()], seen, book), known


def standing_until(night: Int64s, case: Int64s, known: Int64s, cases: int) -> tuple[Int64s, Int64s]:
    """Until which night visits stand, that of the next visit of their case; and so for the cases that were saved."""
    order = np.argsort(case, kind="stable")
    again = np.flatnonzero(case[order[1:]] == case[order[:-1]])
    until = np.full(len(case), LASTING)
    until[order[again]] = night[order[again + 1]]
    first = np.full(cases, LASTING)
    first[case[::-1]] = night[::-1]  # of several, the one assigned last stays
    return until, first[known]

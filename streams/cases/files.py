"""The files of cases in their store: taking in new events, the corrections among them, and what was judged before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from streams.cases.body import Body, new, pack, unpack
from streams.cases.book import Book
from streams.cases.events import Events, Intake, pair
from streams.cases.view import Cases
from streams.engine.chunk import Int64s
from streams.engine.entries import Entries
from streams.engine.store import batched
from streams.rules.findings import Levels
from streams.rules.judging import NOTHING, Judged


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


class CaseFiles:
    """Cases by id in ``entries``; ``rules`` is how many outcomes each has, ``kind`` what its events are (EVENT or
    COMPARED)."""

    def __init__(self, entries: Entries, book: Book, rules: int, kind: np.dtype[np.void]) -> None:
        self._entries, self._book, self._rules, self._kind = entries, book, rules, kind

    def touch(self, rows: Intake | None, clock: int, also: Sequence[str] = ()) -> Touched | None:
        """The cases of these rows, those with a deadline by ``clock``, and ``also``; None where there is none."""
        keys = list(rows.case_ids) if rows is not None else []
        here = set(keys)
        keys.extend(key for key in also if key not in here)
        here.update(also)
        while (due := self._entries.pop(clock)) is not None:
            if due[1] not in here:
                here.add(due[1])
                keys.append(due[1])
        if not keys:
            return None
        bodies: list[Body] = []
        seen_first = _first_stamps(rows)
        for i, key in enumerate(keys):
            entry = self._entries.entry(key)
            bodies.append(
                unpack(entry.body, self._rules)
                if entry is not None and entry.body
                else new(int(seen_first[i]), self._rules, NOTHING)
            )
        old = np.frombuffer(b"".join(body.events for body in bodies), self._kind)
        counts = np.array([len(body.events) // self._kind.itemsize for body in bodies], np.int64)
        seen = np.array([body.seen for body in bodies], np.int64)
        known = np.flatnonzero(counts)
        before = Cases(
            old, np.concatenate([[0], np.cumsum(counts[known])]), [keys[i] for i in known.tolist()], seen[known],
            self._book,
        )  # fmt: skip
        events, case_of = old, np.repeat(np.arange(len(keys)), counts)
        touched = Touched(bodies, before, known, before, [False] * len(keys))
        if rows is not None and len(rows.events):
            events, case_of = np.concatenate([old, rows.events]), np.concatenate([case_of, rows.case_of])
            if rows.corrections:
                stands = self._corrected(touched, events, case_of, len(old), rows)
                events, case_of = events[stands], case_of[stands]
            order = np.lexsort((events["low"], events["high"], events["at"], case_of))
            events, case_of = events[order], case_of[order]
        starts = np.searchsorted(case_of, np.arange(len(keys) + 1))
        touched.now = Cases(events, starts, keys, seen, self._book)
        return touched

    def foreign(self, rows: Intake) -> list[int]:
        """The rows that correct an event of their case which another source sent: they are not to be taken in."""
        found = []
        for case in sorted({int(rows.case_of[row]) for row in rows.corrections}):
            entry = self._entries.entry(rows.case_ids[case])
            sources: dict[bytes, int] = {}
            if entry is not None and entry.body:
                body = unpack(entry.body, self._rules)
                sources = _sources(np.frombuffer(body.events, self._kind))
                sources |= {old: sources[now] for old, now in body.replaced.items() if now in sources}
            for row in np.flatnonzero(rows.case_of == case).tolist():
                source = int(rows.events["source"][row])
                if sources.get(rows.corrections.get(row, b""), source) != source:
                    found.append(row)
                else:
                    sources = _sources(rows.events[row : row + 1]) | sources
        return found

    def save(self, touched: Touched, judged: Judged, alerted: list[tuple[int, ...]]) -> None:
        """Keep the cases as they are now, with what was judged."""
        cases = touched.now
        data, size, starts = cases.events.tobytes(), self._kind.itemsize, cases.starts.tolist()
        outcomes = np.ascontiguousarray(judged.outcomes.T).tobytes()
        columns = (judged.warned_at.tolist(), judged.breached_at.tolist(), judged.due.tolist())
        for i, (key, before, warned, breached, due) in enumerate(
            zip(cases.keys, touched.bodies, *columns, strict=True)
        ):
            body = Body(
                before.seen, warned, breached, outcomes[i * self._rules : (i + 1) * self._rules], alerted[i],
                touched.replaced.get(i, before.replaced), data[starts[i] * size : starts[i + 1] * size],
            )  # fmt: skip
            self._entries.set(key, pack(body), None if due == judged.never else due)

    def look(self, case_id: str) -> Cases | None:
        """One case as it was saved."""
        entry = self._entries.entry(case_id)
        if entry is None or not entry.body:
            return None
        body = unpack(entry.body, self._rules)
        events = np.frombuffer(body.events, self._kind)
        return Cases(events, np.array([0, len(events)]), [case_id], np.array([body.seen]), self._book)

    def blocks(self, size: int = 20_000) -> Iterator[Cases]:
        """All cases as they were saved, some at a time."""
        for keys in batched(list(self._entries), size):
            bodies = [
                (key, unpack(entry.body, self._rules))
                for key in keys
                if (entry := self._entries.entry(key)) and entry.body
            ]
            events = np.frombuffer(b"".join(body.events for _, body in bodies), self._kind)
            counts = [len(body.events) // self._kind.itemsize for _, body in bodies]
            yield Cases(
                events, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), [key for key, _ in bodies],
                np.array([body.seen for _, body in bodies], np.int64), self._book,
            )  # fmt: skip

    def _corrected(
        self, touched: Touched, events: Events, case_of: Int64s, old: int, rows: Intake
    ) -> np.ndarray:
        """Which events stand. One that corrects a known event of its case replaces what stands for it; one that
        corrects nothing known is counted as itself, and one that corrects another source's is left out."""
        stands = np.ones(len(events), np.bool_)
        foreign = set(self.foreign(rows))
        wanted = {int(rows.case_of[row]) for row in rows.corrections}
        for case in wanted:
            mine = np.flatnonzero(case_of == case).tolist()
            place = {pair(int(events["high"][i]), int(events["low"][i])): i for i in mine if i < old}
            replaced = dict(touched.bodies[case].replaced)
            for i in (i for i in mine if i >= old):
                if i - old in foreign:
                    stands[i] = False
                    continue
                name = pair(int(events["high"][i]), int(events["low"][i]))
                target = rows.corrections.get(i - old)
                standing = replaced.get(target, target) if target is not None else None
                if standing is not None and standing in place:
                    stands[place.pop(standing)] = False
                    touched.corrected[case] = True
                    for was, now in list(replaced.items()):
                        if now == standing:
                            replaced[was] = name
                    replaced[standing] = name
                place[name] = i
            touched.replaced[case] = replaced
        return stands


def _sources(events: Events) -> dict[bytes, int]:
    """The source of each event, by its id."""
    columns = (events[name].tolist() for name in ("high", "low", "source"))
    return {pair(high, low): source for high, low, source in zip(*columns, strict=True)}


def _first_stamps(rows: Intake | None) -> Int64s:
    """The clock at the first row of each case of a chunk."""
    if rows is None or not len(rows.events):
        return np.zeros(0, np.int64)
    found = np.zeros(len(rows.case_ids), np.int64)
    found[rows.case_of[::-1]] = rows.events["stamp"][::-1]  # of several, the one assigned last stays
    return found

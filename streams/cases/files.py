"""The files of cases in their store: taking in new events, the corrections among them, and what was judged before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from streams.cases.body import Body, events_of, new, pack, unpack
from streams.cases.book import Book
from streams.cases.events import Events, Intake, pair
from streams.cases.view import Cases, runs
from streams.cases.visits import LASTING, SAVED, Touched, Visits, saved, standing_until
from streams.engine.chunk import Int64s
from streams.engine.entries import Entries
from streams.engine.store import batched
from streams.rules.judging import NOTHING, Judged

CASE_BITS = 32


class Corrected(NamedTuple):
    """What corrections did: the night from which on each event stands no more (LASTING for none), in which cases an event
    was replaced, and what stands for what since then, both by (night, case)."""

    until: Int64s
    cases: set[tuple[int, int]]
    replaced: dict[tuple[int, int], dict[bytes, bytes]]


class CaseFiles:
    """Cases by id in ``entries``; ``rules`` is how many outcomes each has, ``kind`` what its events are (EVENT or
    COMPARED)."""

    def __init__(self, entries: Entries, book: Book, rules: int, kind: np.dtype[np.void]) -> None:
        self._entries, self._book, self._rules, self._kind = entries, book, rules, kind

    def touch(self, rows: Intake | None, clock: int, also: Sequence[str] = ()) -> Touched | None:
        """The cases of these rows, those with a deadline by ``clock``, and ``also``; None where there is none."""
        named = rows.case_ids if rows is not None else ()
        keys = list(dict.fromkeys([*named, *also, *self._due(clock)]))
        if not keys:
            return None
        bodies = self._bodies(keys, rows)
        before, known = saved(bodies, keys, self._kind, self._book)
        old, seen = before.events, np.array([body.seen for body in bodies], np.int64)
        events, case_of = old, known[before.case_of]
        touched = Touched(bodies, before, known, before, [False] * len(keys))
        if rows is not None and len(rows.events):
            events, case_of = np.concatenate([old, rows.events]), np.concatenate([case_of, rows.case_of])
            if rows.corrections:
                everything = np.zeros(len(rows.events), np.int64)
                corrected = self._corrected(bodies, events, case_of, len(old), rows, everything)
                touched.replaced = {case: replaced for (_, case), replaced in corrected.replaced.items()}
                for _, case in corrected.cases:
                    touched.corrected[case] = True
                stands = corrected.until > 0
                events, case_of = events[stands], case_of[stands]
            order = np.lexsort((events["low"], events["high"], events["at"], case_of))
            events, case_of = events[order], case_of[order]
        starts = np.searchsorted(case_of, np.arange(len(keys) + 1))
        touched.now = Cases(events, starts, keys, seen, self._book)
        return touched

    def visit(self, rows: Intake | None, clocks: Sequence[int]) -> Visits | None:
        """The cases of rows that came until some instants (UTC ms, in order), and those with a deadline by the first: as
        they were known at each instant before which something happened to them. None where there is none."""
        due = self._due(clocks[0])
        keys = list(dict.fromkeys([*(rows.case_ids if rows is not None else ()), *due]))
        if not keys:
            return None
        bodies = self._bodies(keys, rows)
        before, known = saved(bodies, keys, self._kind, self._book)
        events, of = before.events, known[before.case_of]
        since, until = np.full(len(events), SAVED), np.full(len(events), LASTING)
        place = {key: i for i, key in enumerate(keys)} if due else {}
        looked = np.array([place[key] for key in due], np.int64)  # on the first night
        corrected = Corrected(until, set(), {})
        if rows is not None and len(rows.events):
            night = np.searchsorted(np.array(clocks), rows.events["stamp"])
            looked = np.concatenate([looked, night << CASE_BITS | rows.case_of])
            events, of = np.concatenate([events, rows.events]), np.concatenate([of, rows.case_of])
            since = np.concatenate([since, night])
            corrected = self._corrected(bodies, events, of, len(before.events), rows, night)
        order = np.lexsort((events["low"], events["high"], events["at"], of))
        events, since, until = events[order], since[order], corrected.until[order]
        starts = np.searchsorted(of[order], np.arange(len(keys) + 1))
        night, case = np.divmod(np.unique(looked), 1 << CASE_BITS)
        row, bounds = runs(starts, case)
        visit = np.repeat(np.arange(len(case)), np.diff(bounds))
        stood = (since[row] <= night[visit]) & (night[visit] < until[row])
        bounds = np.searchsorted(visit[stood], np.arange(len(case) + 1))
        seen = np.array([body.seen for body in bodies], np.int64)[case]
        now = Cases(events[row[stood]], bounds, [keys[i] for i in case.tolist()], seen, self._book)
        return Visits(
            dict(zip(keys, bodies, strict=True)), before, now, night, *standing_until(night, case, known, len(keys)),
            {(on, keys[i]) for on, i in corrected.cases},
            {(on, keys[i]): replaced for (on, i), replaced in corrected.replaced.items()},
        )  # fmt: skip

    def _due(self, clock: int) -> list[str]:
        """The cases with a deadline by ``clock``, which they have no more then."""
        found = []
        while (due := self._entries.pop(clock)) is not None:
            found.append(due[1])
        return found

    def _bodies(self, keys: Sequence[str], rows: Intake | None) -> list[Body]:
        """The cases as they were saved; the first keys are those of the rows."""
        bodies: list[Body] = []
        seen_first = _first_stamps(rows)
        for i, key in enumerate(keys):
            entry = self._entries.entry(key)
            bodies.append(
                unpack(entry.body, self._rules)
                if entry is not None and entry.body
                else new(int(seen_first[i]), self._rules, NOTHING)
            )
        return bodies

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
        """Keep the cases as they are now, with what was judged; then they are its ``bodies``."""
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
            touched.bodies[i] = body
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
            cases = [
                (key, *events_of(entry.body, self._rules))
                for key in keys
                if (entry := self._entries.entry(key)) and entry.body
            ]
            events = np.frombuffer(b"".join(rows for _, _, rows in cases), self._kind)
            counts = [len(rows) // self._kind.itemsize for _, _, rows in cases]
            yield Cases(
                events, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), [key for key, _, _ in cases],
                np.array([seen for _, seen, _ in cases], np.int64), self._book,
            )  # fmt: skip

    def _corrected(
        self, bodies: Sequence[Body], events: Events, case_of: Int64s, old: int, rows: Intake, night: Int64s
    ) -> Corrected:
        """What the corrections among the rows did, of which each came in a ``night``. One that corrects a known event of its
        case replaces what stands for it; one that corrects nothing known is counted as itself, and one that corrects
        another source's is left out."""
        found = Corrected(np.full(len(events), LASTING), set(), {})
        if not rows.corrections:
            return found
        foreign = set(self.foreign(rows))
        wanted = {int(rows.case_of[row]) for row in rows.corrections}
        for case in wanted:
            mine = np.flatnonzero(case_of == case).tolist()
            place = {pair(int(events["high"][i]), int(events["low"][i])): i for i in mine if i < old}
            replaced = dict(bodies[case].replaced)
            for i in (i for i in mine if i >= old):
                on = int(night[i - old])
                if i - old in foreign:
                    found.until[i] = on
                    continue
                name = pair(int(events["high"][i]), int(events["low"][i]))
                target = rows.corrections.get(i - old)
                standing = replaced.get(target, target) if target is not None else None
                if standing is not None and standing in place:
                    found.until[place.pop(standing)] = on
                    found.cases.add((on, case))
                    for was, now in list(replaced.items()):
                        if now == standing:
                            replaced[was] = name
                    replaced[standing] = name
                    found.replaced[on, case] = dict(replaced)
                place[name] = i
        return found


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

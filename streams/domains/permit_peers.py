"""The regency task's share of the permit rules: cases among their peers, and officers day by day.

Events wait until the end of their local day. When the clock passes the midnight after it, and what the slowest source may
still have on the way has had its time, the new day D is *frozen*: the events are taken in, what closed cases add to the
counts is brought up to date, the fences of D are read from the 365 days before it and kept, the cases that something
happened to are judged by the fence of the day they closed, and the rules about officers are asked about the day before.
So everything that is said depends on the events known at one instant a day, and not on how they arrived. Several days of
a backlog are judged at once, each case as it was known on each of them (``Visits``), and what that gives is said day by day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from schemas.catalogue import PERMITS
from streams.cases.book import Book, day_of
from streams.cases.events import COMPARED, COMPARED_FIELDS, NEVER, PLAIN, Intake, take_in
from streams.cases.files import CaseFiles
from streams.cases.view import Cases
from streams.cases.visits import Touched, Visits
from streams.cases.words import Words
from streams.days import local_days
from streams.domains.limits import sound_rows
from streams.domains.pair_alerts import PairAlerts
from streams.domains.permit_alerts import CaseAlerts
from streams.domains.permits import problems
from streams.engine.alerts import Alerts
from streams.engine.chunk import Int64s, frame_of
from streams.engine.entries import Entries
from streams.engine.merge import Merged
from streams.engine.processor import Context
from streams.engine.store import Store
from streams.engine.totals import Totals
from streams.peers.counts import Counts
from streams.peers.days import MOST_DAYS, Days
from streams.peers.fences import Fences
from streams.peers.news import news_of
from streams.peers.others import Moved, Others
from streams.peers.peers import NOBODY, Asked, Known, Peers, nothing_asked
from streams.peers.pending import Pending
from streams.rules import rules
from streams.rules.coverage import Coverage, count_asked
from streams.rules.findings import Levels
from streams.rules.judging import NOTHING, Judged, compare_cases
from streams.rules.rule import Rule

DOMAIN = "permits"
PREFIX = "regency"


class PermitPeers:
    """Processor of the regency task for ``permits.steps``. ``totals`` and ``alerts`` are those of the task."""

    def __init__(self, context: Context, totals: Totals, alerts: Alerts) -> None:
        mine = [
            rule
            for rule in rules().values()
            if rule.domain == DOMAIN and (rule.compare is not None or rule.ask is not None)
        ]
        self.rules = [rule for rule in mine if rule.compare is not None]
        self._of_registers = [rule for rule in self.rules if rule.compares]
        self._asking = [rule for rule in mine if rule.ask is not None]
        self._counting = [rule for rule in mine if rule.facts is not None]
        names = [(rule.id, name) for rule in mine for name in rule.measures]
        self._measures = {name: number for number, name in enumerate(names)}
        self._fenced = [self._measures[rule.id, fence.measure] for rule in mine for fence in rule.fences]
        self.totals, self.alerts = totals, alerts
        sources = [source.id for source in context.profile.sources.values() if source.domain == DOMAIN]
        slowest = max(
            (context.profile.lateness_ms(source) for source in sources),
            default=context.profile.lateness_ms(""),
        )
        self._entries, self._pending = Entries(), Pending()
        self._days = Days(context.profile, 0 if context.event_clock else slowest)
        self._counts, self._fences = Counts(), Fences()
        self._words, self._names = Words(), Words()
        self.stores: Mapping[str, Store] = {
            "words": self._words, "names": self._names, "cases": self._entries, "pending": self._pending,
            "days": self._days, "counts": self._counts, "fences": self._fences,
        }  # fmt: skip
        self.reads = {DOMAIN: COMPARED_FIELDS}
        self.book = Book(context.profile, self._words, self._names, context.event_clock)
        self._files = CaseFiles(self._entries, self.book, len(self.rules), COMPARED)
        self._others = Others(self._days, self._files.blocks)
        self._coverage = Coverage(self.rules, self.book, PREFIX, "regency")
        self._says = CaseAlerts(self.rules, self.alerts, self.book, PERMITS.name)
        self._says_of_pairs = PairAlerts(self.alerts, self.book, PERMITS.name, self._files.blocks)

    def process(self, merged: Merged) -> None:
        rows = merged.rows().get(DOMAIN)
        if rows is None:
            return
        clocks = merged.clocks[DOMAIN][rows]
        self._days.begin(int(clocks[0]))
        self._keep(merged, rows)
        self.advance(int(clocks[-1]) - 1)

    def advance(self, clock: int) -> None:
        while nights := self._days.due(clock, MOST_DAYS):
            self._freeze(*self._together(nights))

    def next_due(self) -> int | None:
        return self._days.next_due()

    def next_freeze(self) -> int:
        """When the next day is frozen (UTC ms)."""
        return self._days.freeze_at(self._days.following)

    def peers(self, rule: Rule, day: int | None = None) -> Peers | None:
        """What a rule may know of its peers by the fences of a local day (since 1970), by default the last that was
        frozen; None where no fences of it are kept. Changes nothing."""
        day = self._fences.last() if day is None else day
        if day is None or self._fences.get(day) is None:
            return None
        return self._peers(rule, day, self._days.freeze_at(day))

    def _keep(self, merged: Merged, rows: slice) -> None:
        """Let events wait for the end of their day; those that no case can have are the case task's dead letters."""
        columns = merged.columns[DOMAIN].slice(rows.start, rows.stop - rows.start)
        columns, places = columns.select(list(self.reads[DOMAIN])), np.arange(rows.start, rows.stop)
        if wrong := problems(frame_of(columns.select(list(PLAIN)))):
            sound = sound_rows(len(places), wrong)
            columns, places = columns.filter(pa.array(sound)), places[sound]
        if len(places):
            self._pending.append(
                take_in(
                    columns, merged.offsets[DOMAIN][places], merged.clocks[DOMAIN][places], self._words, self._names,
                    self.book.zone, COMPARED, merged.partitions[DOMAIN][places],
                )
            )  # fmt: skip

    def _together(self, nights: list[int]) -> tuple[list[int], Intake | None]:
        """The first of some nights that can be judged at once, with their events: those before a later one on which a case is
        to be looked at again, because it closes on a later day than that on which it was heard of."""
        first, due = self._days.following, self._entries.next_due()
        if due is not None:
            nights = [nights[0], *(at for at in nights[1:] if at < due)]
        rows = self._pending.take()
        if rows is None:
            return nights, None
        night = np.searchsorted(np.array(nights), rows.events["stamp"])
        day = local_days(rows.events["at"], self.book.zone) - first
        later = np.concatenate([day[day > night], self._known_days(rows) - first])
        nights = nights[: int(later.min(initial=len(nights), where=later > 0))]
        cut = int(np.searchsorted(night, len(nights)))
        if cut < len(night):
            self._pending.append(rows.part(cut, len(night)))
        return nights, rows.part(0, cut) if cut else None

    def _known_days(self, rows: Intake) -> Int64s:
        """The local days of the events that stand of cases of which some rows correct one: another may close them now."""
        named = {rows.case_ids[case] for case in rows.case_of[list(rows.corrections)].tolist()}
        times = [cases.events["at"] for key in sorted(named) if (cases := self._files.look(key)) is not None]
        return local_days(np.concatenate([np.zeros(0, np.int64), *times]), self.book.zone)

    def _freeze(self, nights: Sequence[int], rows: Intake | None) -> None:
        """Begin the days that are frozen at these instants: take in, count, fence, ask and judge by what was known at each
        of them, then say it in order."""
        first = self._days.following
        visits = self._files.visit(rows, nights)
        news = news_of(visits, len(nights), self._counting, self._measures) if visits is not None else []
        answers = []
        for night, at in enumerate(nights):
            if visits is not None:
                self._counts.add(*news[night])
            self._fences.freeze_day(first + night, self._counts.before(first + night), self._fenced)
            answers.append(self._ask(first + night, at))
            self._days.end()
        if visits is not None:
            known, moved = self._others.update(visits, first, np.array(nights))
            nothing = np.full((len(self.rules), visits.now.n), NOTHING, np.int8)
            judged = self._judge(visits.now, known, nothing, self.rules)
        self._fences.let_go(first + len(nights) - 1)
        for night, at in enumerate(nights):
            if visits is not None:
                self._say(visits, night, judged, at)
                self._say_again(visits, moved[night], at)
            for rule, asked, peers in answers[night]:
                self._says_of_pairs.say(rule, asked, peers)

    def _judge(self, cases: Cases, known: Known, outcomes: Levels, only: Sequence[Rule]) -> Judged:
        """What some of the rules say of the cases; of the others they keep their ``outcomes``."""
        closed = cases.closed_at != NEVER
        closed_on = np.where(closed, local_days(np.where(closed, cases.closed_at, 0), self.book.zone), 0)
        later = closed & (closed_on > known.day)
        again = np.full(cases.n, NEVER)
        again[later] = [self._days.freeze_at(number) for number in closed_on[later].tolist()]
        peers = {rule.id: self._peers(rule, known=known) for rule in only}
        return compare_cases(self.rules, peers, cases, outcomes, later, again)

    def _say(self, visits: Visits, night: int, judged: Judged, at: int) -> None:
        """What was judged of the cases of a night."""
        first, after = visits.of(night)
        if first < after:
            self._settle(visits, visits.touched(night), judged.part(first, after), at)

    def _say_again(self, visits: Visits, moved: Moved, at: int) -> None:
        """The same of cases whose neighbours in a register changed, by the rules that read it."""
        touched = self._files.touch(None, at, moved.keys) if moved.keys else None
        if touched is not None:
            outcomes = touched.outcomes(len(self.rules))
            self._settle(
                visits, touched, self._judge(touched.now, moved.known, outcomes, self._of_registers), at
            )

    def _settle(self, visits: Visits, touched: Touched, judged: Judged, at: int) -> None:
        """Count, raise, withdraw and keep."""
        self._coverage.count(touched, judged, self.totals)
        self._files.save(touched, judged, self._says.say(touched, judged, at))
        visits.bodies.update(zip(touched.now.keys, touched.bodies, strict=True))

    def _ask(self, day: int, at: int) -> list[tuple[Rule, Asked, Peers]]:
        """What the rules about officers say of the day before, if they raise alerts."""
        found: list[tuple[Rule, Asked, Peers]] = []
        on = day_of(day - 1).isoformat()
        for rule in self._asking if len(self._counts.on(day - 1).key) else ():
            peers = self._peers(rule, day, at)
            asked = rule.ask(peers) if rule.ask is not None else nothing_asked()
            yes, few = sum(asked.found), len(asked.few)
            count_asked(self.totals, PREFIX, rule, on, found=yes, not_found=len(asked.found) - yes, few=few)
            if rule.kind != "page":
                found.append((rule, asked, peers))
        return found

    def _peers(self, rule: Rule, day: int = 0, at: int = 0, known: Known = NOBODY) -> Peers:
        queue = self._others.queue
        return Peers(rule, self._measures, self._counts, self._fences, queue, self.book, day, at, known)

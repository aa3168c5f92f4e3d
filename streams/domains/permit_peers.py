"""The regency task's share of the permit rules: cases among their peers, and officers day by day.

Events wait until the end of their local day. When the clock passes the midnight after it, and what the slowest source may
still have on the way has had its time, the new day D is *frozen*: the events are taken in, what closed cases add to the
counts is brought up to date, the fences of D are read from the 365 days before it and kept, the cases that something
happened to are judged by the fence of the day they closed, and the rules about officers are asked about the day before.
So everything that is said depends on the events known at one instant a day, and not on how they arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from schemas.catalogue import PERMITS
from streams.cases.book import Book, day_of
from streams.cases.events import COMPARED, COMPARED_FIELDS, NEVER, PLAIN, take_in
from streams.cases.files import CaseFiles, Touched
from streams.cases.view import Cases
from streams.cases.words import Words
from streams.days import local_days
from streams.domains.limits import sound_rows
from streams.domains.pair_alerts import PairAlerts
from streams.domains.permit_alerts import CaseAlerts
from streams.domains.permits import problems
from streams.engine.alerts import Alerts
from streams.engine.chunk import frame_of
from streams.engine.entries import Entries
from streams.engine.merge import Merged
from streams.engine.processor import Context
from streams.engine.store import Store
from streams.engine.totals import Totals
from streams.peers.counts import Counts, packed
from streams.peers.days import Days
from streams.peers.fences import Fences
from streams.peers.peers import Fact, Peers
from streams.peers.pending import Pending
from streams.peers.queue import Queue
from streams.peers.registers import Registers
from streams.rules import rules
from streams.rules.coverage import Coverage, count_asked
from streams.rules.judging import compare_cases
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
        self._queue, self._registers, self._taken_back = Queue(), Registers(), 0
        self._coverage = Coverage(self.rules, self.book, PREFIX, "regency")
        self._says = CaseAlerts(self.rules, self.alerts, self.book, PERMITS.name)
        self._says_of_pairs = PairAlerts(self.alerts, self.book, PERMITS.name, self._files.blocks)

    def process(self, merged: Merged) -> None:
        rows = merged.rows().get(DOMAIN)
        if rows is None:
            return
        clocks, columns = merged.clocks[DOMAIN], merged.columns[DOMAIN]
        self._days.begin(int(clocks[rows.start]))
        done = rows.start
        while done < rows.stop:
            following = self.next_freeze()
            cut = min(int(np.searchsorted(clocks, following, side="right")), rows.stop)
            if cut > done:
                self._keep(merged, done, columns.slice(done, cut - done), clocks[done:cut])
                done = cut
            if done < rows.stop:
                self._freeze(following)

    def advance(self, clock: int) -> None:
        for at in self._days.due(clock):
            self._freeze(at)

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

    def _keep(self, merged: Merged, first: int, columns: pa.RecordBatch, clocks: np.ndarray) -> None:
        """Let events wait for the end of their day; those that no case can have are the case task's dead letters."""
        columns = columns.select(list(self.reads[DOMAIN]))
        rows = np.arange(first, first + len(clocks))
        if wrong := problems(frame_of(columns.select(list(PLAIN)))):
            sound = sound_rows(len(clocks), wrong)
            columns, rows, clocks = columns.filter(pa.array(sound)), rows[sound], clocks[sound]
        if len(rows):
            self._pending.append(
                take_in(
                    columns, merged.offsets[DOMAIN][rows], clocks, self._words, self._names, self.book.zone,
                    COMPARED, merged.partitions[DOMAIN][rows],
                )
            )  # fmt: skip

    def _freeze(self, at: int) -> None:
        """Begin the next day: take in, count, fence, judge, ask."""
        day = self._days.following
        touched = self._files.touch(self._pending.take(), at)
        if touched is not None:
            self._count(touched)
        sums = self._counts.before(day)
        self._fences.freeze_day(day, sums, self._fenced)
        if touched is not None:
            moved = self._remember(touched.now)
            self._judge(touched, day, at, self.rules)
            if (others := self._files.touch(None, at, moved)) is not None:
                self._judge(others, day, at, self._of_registers)
        if len(self._counts.on(day - 1).key):
            for rule in self._asking:
                self._ask(rule, day, at)
        self._days.end()

    def _count(self, touched: Touched) -> None:
        """Bring the counts up to date with what the cases are now."""
        keys, days, amounts = [], [], []
        for cases, sign in ((touched.before, -1), (touched.now, 1)):
            for rule in self._counting if cases.n else ():
                for fact in self._facts(rule, cases):
                    keys.append(packed(self._measures[rule.id, fact.measure], fact.a, fact.b))
                    days.append(fact.day)
                    amounts.append(np.full(len(fact.day), sign))
        if keys:
            self._counts.add(np.concatenate(keys), np.concatenate(days), np.concatenate(amounts))

    def _facts(self, rule: Rule, cases: Cases) -> Sequence[Fact]:
        return rule.facts(cases) if rule.facts is not None else ()

    def _judge(self, touched: Touched, day: int, at: int, only: Sequence[Rule]) -> None:
        cases = touched.now
        closed = cases.closed_at != NEVER
        closed_on = np.where(closed, local_days(np.where(closed, cases.closed_at, 0), self.book.zone), 0)
        later = closed & (closed_on > day)
        again = np.full(cases.n, NEVER)
        again[later] = [self._days.freeze_at(number) for number in closed_on[later].tolist()]
        peers = {rule.id: self._peers(rule, day, at) for rule in only}
        outcomes = touched.outcomes(len(self.rules))
        judged = compare_cases(self.rules, peers, cases, outcomes, later, again)
        self._coverage.count(touched, judged, self.totals)
        self._files.save(touched, judged, self._says.say(touched, judged, at))

    def _remember(self, cases: Cases) -> list[str]:
        """Bring what is known of all cases up to date; after an attempt that was taken back it is made anew. Returns the
        other cases whose place in their register looks different now."""
        if self._taken_back != self._days.taken_back:
            self._queue, self._registers, self._taken_back = Queue(), Registers(), self._days.taken_back
        if not self._queue.known:
            for block in self._files.blocks():
                self._queue.update(block)
                self._registers.update(block)
        self._queue.update(cases)
        return self._registers.update(cases)

    def _ask(self, rule: Rule, day: int, at: int) -> None:
        if rule.ask is None:
            return
        peers = self._peers(rule, day, at)
        asked = rule.ask(peers)
        on = day_of(day - 1).isoformat()
        found = sum(asked.found)
        count_asked(
            self.totals, PREFIX, rule, on, found=found, not_found=len(asked.found) - found, few=len(asked.few)
        )
        if rule.kind != "page":
            self._says_of_pairs.say(rule, asked, peers)

    def _peers(self, rule: Rule, day: int, at: int) -> Peers:
        return Peers(
            rule, self._measures, self._counts, self._fences, self._queue, self._registers, self.book, day, at
        )

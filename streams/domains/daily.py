"""The rules about money and people: once a day in the regency task, over the rows of their topics.

When the clock passes the midnight before a new day D, and what the slowest source may still have on the way has had its
time, D is *frozen*, as for permits among peers: every rule is asked about the groups to which something came or was
corrected since D-1 was frozen, and a rule that reads absence about all within its window. What is said depends on the
rows known at that instant, and not on how they arrived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams.authorities import counting
from streams.cases.book import day_of
from streams.corrections import Chains
from streams.domains.gate import Gate
from streams.engine.alerts import Alerts
from streams.engine.chunk import Int64s
from streams.engine.merge import Merged
from streams.engine.processor import Context
from streams.engine.store import Store, batched
from streams.engine.totals import Key, Totals
from streams.ledgers.alerts import LedgerAlerts, Left, subject
from streams.ledgers.groups import Groups, Weighed, changes
from streams.ledgers.ledger import Ledger
from streams.ledgers.reading import Reading
from streams.ledgers.standing import Named, Standing
from streams.one_core import one_core
from streams.peers.days import MOST_DAYS, Days
from streams.rules import rules
from streams.rules.coverage import ASKED, count_asked
from streams.rules.judging import NOT_APPLICABLE
from streams.rules.rule import Rule

#: Days are judged together by one rule up to so many rows on all of them, or by one that reads each row once and lays out few.
MOST_ROWS, MOST_ONCE = 500_000, 100_000_000


class Daily:
    """``totals`` and ``alerts`` are those of the task; ``prefix`` begins the names of its figures."""

    def __init__(self, context: Context, totals: Totals, alerts: Alerts, prefix: str) -> None:
        self.rules = [rule for rule in rules().values() if rule.weigh is not None]
        self._totals, self._prefix = totals, prefix
        self._zone = context.profile.timezone.key
        lateness = [context.profile.lateness_ms(source) for source in ("", *context.profile.sources)]
        self._days = Days(context.profile, 0 if context.event_clock else max(lateness))
        self._says = LedgerAlerts(context.profile, alerts)
        self._changes = _changes(self.rules, context.profile)
        keys = Counter((rule.domain, rule.by) for rule in self.rules)
        self._readings = [
            Reading(rule, context.profile, shared=keys[rule.domain, rule.by] > 1) for rule in self.rules
        ]
        read = sorted({domain for rule in self.rules for domain in rule.reads})
        self._gates: dict[str, Gate] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._counting: dict[str, pl.Expr] = {}
        self.stores: dict[str, Store] = {"ledger.days": self._days}
        for domain in read:
            mine = [rule for rule in self.rules if domain in rule.reads]
            gate = self._gates[domain] = Gate.of(domain, context, mine)
            fields = [*gate.columns, *(name for rule in mine for name in rule.reads[domain])]
            adds = [column for rule in mine if rule.domain == domain and rule.adds for column in rule.adds()]
            chains = Chains()
            self._ledgers[domain] = Ledger(
                fields, DOMAINS[domain].key, max(rule.window for rule in mine), self._zone, chains,
                partial=gate.keep is not None, adds=adds,
            )  # fmt: skip
            if (counts := counting(context.profile, domain)) is not None:
                self._counting[domain] = counts
            self.stores |= {f"ledger.{domain}": self._ledgers[domain], f"ledger.{domain}.chains": chains}

    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """The fields it wants, by domain."""
        return {domain: ledger.reads for domain, ledger in self._ledgers.items()}

    def process(self, merged: Merged) -> None:
        """Take the rows of its domains up to each midnight, and judge there."""
        mine = {domain: rows for domain, rows in merged.rows().items() if domain in self._ledgers}
        if not mine:
            return
        last = max(int(merged.clocks[domain][rows.stop - 1]) for domain, rows in mine.items())
        self._days.begin(min(int(merged.clocks[domain][rows.start]) for domain, rows in mine.items()))
        admitted = {domain: self._admit(domain, merged, rows) for domain, rows in mine.items()}
        done = dict.fromkeys(admitted, 0)
        while True:
            block = self._block(last)
            ats = np.array(list(block.values()) or [last], np.int64)
            for domain, (columns, places) in admitted.items():
                first, after = done[domain], int(np.searchsorted(places["stamp"], ats[-1], side="right"))
                some = {name: values[first:after] for name, values in places.items()}
                opens = self._days.following + np.searchsorted(ats, some["stamp"], side="left")
                self._ledgers[domain].append(columns.slice(first, after - first), some, opens)
                done[domain] = after
            if not block:
                return
            self._freeze(block)

    def advance(self, clock: int) -> None:
        """Judge every day that begins by ``clock`` (UTC ms)."""
        while self._days.next_due() is not None and (block := self._block(clock + 1)):
            self._freeze(block)

    def next_due(self) -> int | None:
        """When the next day is frozen."""
        return self._days.next_due()

    def next_freeze(self, every: int = 1) -> int:
        """When the next day is frozen on which a rule is asked that is asked ``every`` so many days (UTC ms)."""
        day = self._days.following
        return self._days.freeze_at(day + -day % every)

    def _admit(self, domain: str, merged: Merged, rows: slice) -> tuple[pa.RecordBatch, Mapping[str, Int64s]]:
        """The rows that the ledger is given, with partition, offset and stamp."""
        columns = merged.columns[domain].slice(rows.start, rows.stop - rows.start)
        places = {
            "partition": merged.partitions[domain][rows],
            "offset": merged.offsets[domain][rows],
            "stamp": merged.clocks[domain][rows],
        }
        return self._gates[domain].admit(columns, places)

    def _block(self, before: int) -> dict[int, int]:
        """The days that begin before an instant and are judged together next, with when they do (UTC ms): none of them on
        which a parameter changes but the first."""
        block: dict[int, int] = {}
        day = self._days.following
        while (at := self._days.freeze_at(day)) < before and len(block) < MOST_DAYS:
            if block and day in self._changes:
                break
            block[day] = at
            day += 1
        return block

    def _freeze(self, block: Mapping[int, int]) -> None:
        """Judge some days that follow each other, and go on to the one after them."""
        with one_core():
            self._judge_all(block)
        for ledger in self._ledgers.values():
            ledger.let_go(max(block))
        for _ in block:
            self._days.end()

    def _judge_all(self, block: Mapping[int, int]) -> None:
        """Ask every rule about some days that follow each other."""
        first, last = min(block), max(block)
        standing = Standing(
            {
                domain: self._that_count(domain, ledger.standing(first, last))
                for domain, ledger in self._ledgers.items()
            }
        )
        news: dict[tuple[str, int], pl.DataFrame] = {}
        for reading in self._readings:
            rule = reading.rule
            asked = {day: at for day, at in block.items() if not day % rule.every}
            if not asked:
                continue
            if (rule.domain, rule.every) not in news:
                touched = self._ledgers[rule.domain].touched(list(asked), rule.every, self._days.freeze_at)
                news[rule.domain, rule.every] = self._that_count(rule.domain, touched)
            came = news[rule.domain, rule.every]
            if not rule.daily and not len(came):
                continue
            again = reading.touched(came)
            mine = reading.mine(standing, first, again)
            rows = MOST_ONCE if rule.once else MOST_ROWS
            most = max(1, rows // max(1, len(mine.rows)))
            for days in batched(asked, most):
                now = again.filter(pl.col("today").is_in(days)) if len(again) and most < len(asked) else again
                self._judge(reading, standing, mine, {day: asked[day] for day in days}, now)

    def _that_count(self, domain: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of a ledger without what another source is right about."""
        return rows.filter(self._counting[domain]) if domain in self._counting and len(rows) else rows

    def _judge(
        self, reading: Reading, standing: Standing, mine: Named, asked: Mapping[int, int],
        again: pl.DataFrame,
    ) -> None:  # fmt: skip
        """Ask a rule about the groups of some days; ``again`` are the keys of those to which something came."""
        groups = reading.groups(mine, standing, asked, again)
        left = Left(reading.rule, again, None if groups is None else groups.keys, asked)
        if groups is None:
            self._says.say(reading.rule, None, None, left)
            return
        weighed = (
            reading.rule.weigh(groups) if reading.rule.weigh is not None else Weighed(groups.rows.clear())
        )
        said, shown = (weighed.found,) * 2 if reading.rule.kind == "page" else _parted(weighed.found)
        self._show(groups, shown)
        self._count(groups, said, weighed)
        if reading.rule.kind != "page":
            self._says.say(reading.rule, groups, replace(weighed, found=said), left)

    def _count(self, groups: Groups, said: pl.DataFrame, weighed: Weighed) -> None:
        """What the rule said of how many groups, by day."""
        today = groups.keys.get_column("today").to_numpy()

        def by_day(some: pl.Series) -> Counter[int]:
            return Counter(today[some.unique().to_numpy()].tolist())

        found = by_day(said.get_column("group")) if len(said) else Counter()
        silent = {reason: by_day(some) for reason, some in weighed.silent.items() if len(some)}
        for day, judged in Counter(today.tolist()).items():
            on, few = day_of(day - 1).isoformat(), sum(days[day] for days in silent.values())
            count_asked(
                self._totals, self._prefix, groups.rule, on, found=found[day], not_found=judged - found[day] - few, few=few
            )  # fmt: skip
            for reason, days in silent.items():
                text = f"{groups.rule.id}|{groups.rule.not_applicable[reason]}"
                self._totals.add(
                    Key(f"{self._prefix}.{ASKED[NOT_APPLICABLE]}", "reason", text, on), days[day]
                )

    def _show(self, groups: Groups, shown: pl.DataFrame) -> None:
        """Figures of the rule's page: what was observed in millionths, by rule and group."""
        if not len(shown):
            return
        names = groups.keys.select("group", "today", subject(groups.rule))
        for name, today, observed in names.join(shown.select("group", "observed"), on="group").select(
            "subject", "today", "observed"
        ).iter_rows():  # fmt: skip
            key = Key(
                f"{self._prefix}.page", "group", f"{groups.rule.id}|{name}", day_of(today - 1).isoformat()
            )
            self._totals.add(key, round(observed * 1_000_000))


def _parted(found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is said, and what only the rule's page shows."""
    if "page" not in found.columns:
        return found, found.clear()
    return found.filter(~pl.col("page")).drop("page"), found.filter(pl.col("page"))


def _changes(rules: Iterable[Rule], profile: Profile) -> set[int]:
    """The days (since 1970) on which a parameter may change."""
    laws = [law for rule in rules for parameter in rule.parameters for law in parameter.laws]
    return changes([*profile.thresholds, *laws])

"""The rules about money and people: once a day in the regency task, over the rows of their topics.

When the clock passes the midnight before a new day D, and what the slowest source may still have on the way has had its
time, D is *frozen*, as for permits among peers: every rule is asked about the groups to which something came or was
corrected since D-1 was frozen, and a rule that reads absence about all within its window. What is said depends on the
rows known at that instant, and not on how they arrived.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.catalogue import DOMAINS
from streams.cases.book import day_of
from streams.domains.corrections import Chains
from streams.domains.gate import Gate
from streams.engine.alerts import Alerts
from streams.engine.chunk import Int64s
from streams.engine.merge import Merged
from streams.engine.processor import Context
from streams.engine.store import Store
from streams.engine.totals import Key, Totals
from streams.ledgers.alerts import LedgerAlerts, subject
from streams.ledgers.groups import Groups
from streams.ledgers.ledger import Ledger
from streams.ledgers.reading import Reading, of_groups
from streams.peers.days import Days
from streams.rules import rules
from streams.rules.coverage import ASKED, count_asked
from streams.rules.judging import NOT_APPLICABLE


class Daily:
    """``totals`` and ``alerts`` are those of the task; ``prefix`` begins the names of its figures."""

    def __init__(self, context: Context, totals: Totals, alerts: Alerts, prefix: str) -> None:
        self.rules = [rule for rule in rules().values() if rule.weigh is not None]
        self._totals, self._prefix = totals, prefix
        self._zone = context.profile.timezone.key
        lateness = [context.profile.lateness_ms(source) for source in ("", *context.profile.sources)]
        self._days = Days(context.profile, 0 if context.event_clock else max(lateness))
        self._says = LedgerAlerts(context.profile, alerts)
        self._readings = [Reading(rule, context.profile) for rule in self.rules]
        read = sorted({domain for rule in self.rules for domain in rule.reads})
        self._gates: dict[str, Gate] = {}
        self._ledgers: dict[str, Ledger] = {}
        self.stores: dict[str, Store] = {"ledger.days": self._days}
        for domain in read:
            mine = [rule for rule in self.rules if domain in rule.reads]
            gate = self._gates[domain] = Gate.of(domain, context, mine)
            fields = [*gate.columns, *(name for rule in mine for name in rule.reads[domain])]
            chains = Chains()
            self._ledgers[domain] = Ledger(
                fields, DOMAINS[domain].key, max(rule.window for rule in mine), self._zone, chains,
                partial=gate.keep is not None,
            )  # fmt: skip
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
            following = self.next_freeze()
            for domain, (columns, places) in admitted.items():
                first, after = done[domain], int(np.searchsorted(places["stamp"], following, side="right"))
                self._ledgers[domain].append(
                    columns.slice(first, after - first),
                    {name: values[first:after] for name, values in places.items()},
                    self._days.following,
                )
                done[domain] = after
            if last <= following:
                return
            self._freeze(following)

    def advance(self, clock: int) -> None:
        """Judge every day that begins by ``clock`` (UTC ms)."""
        for at in self._days.due(clock):
            self._freeze(at)

    def next_due(self) -> int | None:
        """When the next day is frozen."""
        return self._days.next_due()

    def next_freeze(self) -> int:
        return self._days.freeze_at(self._days.following)

    def _admit(self, domain: str, merged: Merged, rows: slice) -> tuple[pa.RecordBatch, Mapping[str, Int64s]]:
        """The rows that the ledger is given, with partition, offset and stamp."""
        columns = merged.columns[domain].slice(rows.start, rows.stop - rows.start)
        places = {
            "partition": merged.partitions[domain][rows],
            "offset": merged.offsets[domain][rows],
            "stamp": merged.clocks[domain][rows],
        }
        return self._gates[domain].admit(columns, places)

    def _freeze(self, at: int) -> None:
        """Begin the next day."""
        day = self._days.following
        standing = {domain: ledger.standing(day) for domain, ledger in self._ledgers.items()}
        news: dict[tuple[str, int], pl.DataFrame] = {}

        def touched(domain: str, days: int) -> pl.DataFrame:
            if (domain, days) not in news:
                since = self._days.freeze_at(day - days)
                news[domain, days] = self._ledgers[domain].touched(day, since, days)
            return news[domain, days]

        for reading in self._readings:
            rule = reading.rule
            if day % rule.every:
                continue
            came = touched(rule.domain, rule.every)
            if not rule.daily and not len(came):
                continue
            rows, again = reading.mine(standing, day), reading.touched(came)
            self._says.left(rule, rows, again, day, at)
            if not rule.daily:
                rows = of_groups(rows, rule, again)
            elif rule.recent and len(rows):
                rows = of_groups(rows, rule, rows.filter(pl.col("day") >= day - rule.recent), again)
            if len(rows):
                self._ask(reading.groups(rows, standing, day, at))
        for ledger in self._ledgers.values():
            ledger.let_go(day)
        self._days.end()

    def _ask(self, groups: Groups) -> None:
        rule, on = groups.rule, day_of(groups.day - 1).isoformat()
        if rule.weigh is None:
            return
        weighed = rule.weigh(groups)
        said, shown = weighed.found, weighed.found
        if rule.kind != "page":
            said, shown = _parted(weighed.found)
        self._show(groups, shown, on)
        found = said.get_column("group").n_unique() if len(said) else 0
        few = sum(series.n_unique() for series in weighed.silent.values())
        judged = groups.rows.get_column("group").n_unique()
        count_asked(
            self._totals, self._prefix, rule, on, found=found, not_found=judged - found - few, few=few
        )
        for reason, series in weighed.silent.items():
            text = f"{rule.id}|{rule.not_applicable[reason]}"
            self._totals.add(
                Key(f"{self._prefix}.{ASKED[NOT_APPLICABLE]}", "reason", text, on), series.n_unique()
            )
        if rule.kind != "page":
            self._says.say(groups, said, weighed.past)

    def _show(self, groups: Groups, shown: pl.DataFrame, on: str) -> None:
        """Figures of the rule's page: what was observed in millionths, by rule and group."""
        if not len(shown):
            return
        names = groups.rows.unique("group", keep="first").select("group", subject(groups.rule))
        for name, observed in names.join(shown, on="group").select("subject", "observed").iter_rows():
            key = Key(f"{self._prefix}.page", "group", f"{groups.rule.id}|{name}", on)
            self._totals.add(key, round(observed * 1_000_000))


def _parted(found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is said, and what only the rule's page shows."""
    if "page" not in found.columns:
        return found, found.clear()
    return found.filter(~pl.col("page")).drop("page"), found.filter(pl.col("page"))

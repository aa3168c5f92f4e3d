"""What a rule about money or people is given on a day: the rows it reads, in groups by its key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.profile import Profile
from schemas.profile.rows import Threshold
from streams.cases.book import EPOCH, day_of
from streams.ledgers.standing import STOOD, Stays, spans

if TYPE_CHECKING:
    from streams.rules.rule import Rule

#: The standing rows of a topic within the rule's window before each day.
Window = Callable[[str, Sequence[str], "pl.Expr | None", Mapping[str, "pl.Expr"]], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that a rule is asked about on some ``days`` (since 1970; ``ats`` are the instants at which they began, UTC
    ms). One key on two days is two groups: ``group`` numbers them, and ``today`` is the day of each; ``rows`` are what stood
    and was seen on that day. ``row`` numbers the rows, which within a group are in the order of (at, event id). ``keys`` has
    one row a group. A rule that reads rows ``once`` has each of them once, with ``seen`` and ``gone``; their ``group`` is that
    of ``of`` in ``keys``, the same on all days, and ``by_day`` lays out those that matter."""

    rule: Rule
    profile: Profile
    rows: pl.DataFrame
    keys: pl.DataFrame
    days: Sequence[int]
    ats: Mapping[int, int]
    window: Window

    def by_day(self, rows: pl.DataFrame, oldest: str = "day") -> pl.DataFrame:
        """Rows of a rule that reads them once, for each day on which they stood and their group is asked about, with its number
        on that day. Of what is made of more than one row, ``oldest`` is the day of the oldest."""
        of, group = self.keys.get_column("of").to_numpy(), rows.get_column("group").to_numpy()
        asked = self.keys.select("today", "of", "group").filter(np.isin(of, group))
        row, number = Stays(rows, self.days, self.rule.window, "group", oldest).asked(asked)
        return rows.drop("group", *STOOD)[row].hstack(asked.select("today", "group")[number])

    def laid(self, some: pl.DataFrame, rows: pl.DataFrame | None = None) -> pl.DataFrame:
        """The rows of ``some`` groups, by default all of them, as they stood on the day of each."""
        rows = self.rows if rows is None else rows
        if not self.rule.once:
            return rows.join(some, on="group", how="semi")
        return replace(self, keys=self.keys.join(some, on="group", how="semi")).by_day(rows)

    def lacking(self, wanted: pl.Expr) -> pl.Series:
        """The groups of a rule that reads rows once which had none on their day that is as ``wanted``. Each had some row, so
        only one with others may lack them."""
        others = self.rows.filter(~wanted).select(pl.col("group").unique())
        if not len(others):
            return others.to_series()
        have = self.rows.filter(wanted).join(others, on="group", how="semi")
        asked = self.keys.join(others, left_on="of", right_on="group", how="semi")
        return asked.join(self.by_day(spans(have, "group", self.days[0])), on="group", how="anti").get_column(
            "group"
        )

    def steady(self) -> pl.Expr:
        """Rows of a rule that reads them once which stand on all of the days, within the window before each."""
        inside = pl.col("day") > self.days[-1] - self.rule.window
        return inside & (pl.col("seen") <= self.days[0]) & pl.col("gone").is_null()

    def ledger(self, domain: str, *fields: str, where: pl.Expr | None = None) -> pl.DataFrame:
        """The rows of a topic that the rule names, within its window before each of the days (``today``), of those that it
        asks for; where ``fields`` are given, only what they were, each combination once."""
        return self.window(domain, fields, where, {})

    def summed(self, domain: str, *fields: str, where: pl.Expr, **sums: pl.Expr) -> pl.DataFrame:
        """Sums over the rows of a topic that stood within the rule's window before each day, by ``today`` and some fields."""
        return self.window(domain, fields, where, sums)

    def heard(self, domain: str) -> pl.DataFrame:
        """The last day within the window of which each source of a topic sent something (today, source, heard)."""
        known = self.ledger(domain, "source", "day")
        return known.group_by("today", "source").agg(pl.col("day").max().alias("heard"))

    def begins(self, days: pl.Series) -> pl.Series:
        """When each of some local days (since 1970) began, UTC ms."""
        start = self.profile.calendar.day_start
        known = {day: start(day_of(day).isoformat()) for day in days.unique().to_list()}
        return days.replace_strict(known, return_dtype=pl.Int64)

    def value(self, name: str, days: pl.Series, sources: pl.Series | None = None) -> pl.Series:
        """A parameter of the rule as of each of some days (since 1970), for the source of each where they are given."""
        rows = [row for row in self.profile.thresholds if row.name == f"{self.rule.id}.{name}"]
        dates = changes([*rows, *self.rule.parameter(name).laws])
        if not dates:
            return pl.repeat(self.on(name), len(days), dtype=pl.Float64, eager=True).alias("value")
        period = pl.Series("period", np.searchsorted(sorted(dates), days.to_numpy(), side="right"))
        source = pl.repeat("", len(days), eager=True) if sources is None else sources
        asked = pl.DataFrame([period, days.alias("day"), source.alias("source")])
        known = asked.unique(["period", "source"])
        values = [self.on(name, day, of) for _, day, of in known.iter_rows()]
        known = known.with_columns(pl.Series("value", values, pl.Float64))
        return asked.join(known, on=["period", "source"], how="left", maintain_order="left").get_column(
            "value"
        )

    def on(self, name: str, day: int | None = None, source: str = "") -> float:
        """A parameter of the rule as of a day (since 1970), for a source where it is named. Where no day is given it is
        that of the days that are asked about: none changes between them."""
        on, default = day_of(self.days[0] if day is None else day), self.rule.parameter(name)
        return self.profile.threshold(f"{self.rule.id}.{name}", on, default.on(on), source=source)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a rule says of groups. ``found`` has a row a finding: group, observed, threshold, and where they are not what
    ``FINDING`` says, scope, level, at, fence, ``as_of`` (the day whose parameters decided; today), ``as_of_source`` (the
    source whose parameters decided; none), ``proof`` (the rows that show it; all of the group); any other column is for the
    rule's sentence. Where ``page`` is true, or the rule is a page, it is no alert: the rule's page shows ``observed``.
    ``silent`` are groups of which it says nothing, by the index of the reason in the rule's ``not_applicable``. Nothing was
    found in all others. ``past`` (group, scope; null for every scope) is what too little is left of to judge it again: what
    was said of it stands."""

    found: pl.DataFrame
    silent: Mapping[int, pl.Series] = field(default_factory=dict)
    past: pl.DataFrame | None = None


def changes(rows: Collection[Threshold]) -> set[int]:
    """The days (since 1970) on which a parameter may become another."""
    begins = {(row.valid_from - EPOCH).days for row in rows}
    return begins | {(row.valid_to - EPOCH).days + 1 for row in rows if row.valid_to}


def every_scope(groups: pl.Series | None) -> pl.DataFrame | None:
    """Groups of which nothing is judged any more, for ``Weighed.past``."""
    return (
        None
        if groups is None
        else groups.alias("group").to_frame().with_columns(scope=pl.lit(None, pl.String))
    )


def without(rows: pl.DataFrame, some: pl.DataFrame) -> pl.Series:
    """The groups of ``rows`` that have none of ``some``."""
    return rows.select(pl.col("group").unique()).join(some, on="group", how="anti").to_series()

"""What a rule about money or people is given of the ledgers: its columns of its rows, in groups by its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams.ledgers.groups import Groups
from streams.ledgers.ledger import ID
from streams.rules.rule import Rule

#: What every rule has of a row beside the Kafka key of its topic and the fields that it declares.
ALWAYS = (*ID, "partition", "offset", "at", "day", "opd", "source", "kind", "backfill", "simulated")

#: What says when a row stood: from when it was seen until it was gone.
STOOD = ("seen", "gone")


class Reading:
    """That of one rule by one profile. Few columns are what makes many small steps over rows cheap."""

    def __init__(self, rule: Rule, profile: Profile) -> None:
        self.rule, self._profile = rule, profile
        self._columns = {
            domain: list(dict.fromkeys((*ALWAYS, *DOMAINS[domain].key, *names)))
            for domain, names in rule.reads.items()
        }
        wanted = [] if rule.rows is None else [rule.rows()]
        self._wanted = wanted if rule.keeps is None else [*wanted, rule.keeps(profile)]

    def window(
        self,
        standing: Mapping[str, pl.DataFrame],
        days: Sequence[int],
        domain: str,
        fields: Sequence[str],
        where: pl.Expr | None,
    ) -> pl.DataFrame:
        """The rows of a topic that it declares which stood within its window before each of some days (``today``), of those
        asked for; only what some ``fields`` were, where they are given."""
        rows = self._since(standing[domain], domain, days[0], *(() if where is None else (where,)))
        if not fields or not rows.width:
            return self._stood(_every(rows, days))
        known = rows.select(list(dict.fromkeys((*fields, "day", *STOOD)))).unique()
        return self._stood(_every(known, days)).select("today", *fields).unique()

    def mine(self, standing: Mapping[str, pl.DataFrame], day: int) -> pl.DataFrame:
        """Those of its own topic that it reads from a day on, once for each group that they belong to."""
        rows = self._since(standing[self.rule.domain], self.rule.domain, day, *self._wanted)
        if self.rule.adds is not None and rows.width:
            rows = rows.with_columns(self.rule.adds())
        return self._each(rows)

    def asked(self, rows: pl.DataFrame, days: Sequence[int], again: pl.DataFrame) -> pl.DataFrame:
        """Of those, what it is asked about on each of some days (``today``); ``again`` are rows of groups to which something
        came."""
        if not len(rows) or not (self.rule.daily or len(again)):
            return rows.clear()
        if not self.rule.daily:
            return self._stood(rows.join(again.select(self._key).unique(), on=self.rule.by, nulls_equal=True))
        rows = self._stood(_every(rows, days))
        if not self.rule.recent:
            return rows
        lately = rows.filter(pl.col("day") >= pl.col("today") - self.rule.recent)
        asked = pl.concat([lately.select(self._key), again.select(self._key)]) if len(again) else lately
        return rows.join(asked.select(self._key).unique(), on=self._key, how="semi", nulls_equal=True)

    def touched(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those that it reads of rows that came or were corrected, however old, with their ``today``."""
        if not len(rows):
            return rows
        return self._each(rows.select(*self._columns[self.rule.domain], "today").filter(*self._wanted))

    def groups(
        self,
        rows: pl.DataFrame,
        standing: Mapping[str, pl.DataFrame],
        days: Sequence[int],
        ats: Mapping[int, int],
    ) -> Groups:
        """Rows in order and numbered, with the numbers of their groups; ``ats`` are the instants at which days began (UTC
        ms)."""
        rows = rows.sort("today", "at", "high", "low").with_row_index("row")
        keys = rows.select(self._key).unique(maintain_order=True).with_row_index("group")
        rows = rows.join(keys, on=self._key, nulls_equal=True, maintain_order="left")
        window = partial(self.window, standing, days)
        return Groups(self.rule, self._profile, rows, keys, days, ats, window)

    @property
    def _key(self) -> list[str]:
        return ["today", *self.rule.by]

    def _since(self, rows: pl.DataFrame, domain: str, day: int, *wanted: pl.Expr) -> pl.DataFrame:
        if not rows.width:  # nothing ever came
            return rows
        within = pl.col("day") >= day - self.rule.window
        return rows.select(*self._columns[domain], *STOOD).filter(within, *wanted)

    def _stood(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What stood on its ``today``, within the window before it."""
        if not rows.width:
            return rows
        day, today = pl.col("day"), pl.col("today")
        stood = (pl.col("seen") <= today) & (pl.col("gone").is_null() | (pl.col("gone") > today))
        return rows.filter(stood & (day >= today - self.rule.window)).drop(STOOD)

    def _each(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self.rule.each or not rows.width:
            return rows
        groups = [
            rows.with_columns(pl.col(name).cast(pl.String).alias("token"), field=pl.lit(name))
            for name in self.rule.each
        ]
        return pl.concat(groups).drop_nulls("token")


def _every(rows: pl.DataFrame, days: Sequence[int]) -> pl.DataFrame:
    """The rows once for each day."""
    if not rows.width:
        return rows
    if len(days) == 1:
        return rows.with_columns(today=pl.lit(days[0], pl.Int64))
    return rows.join(pl.DataFrame({"today": days}, {"today": pl.Int64}), how="cross")

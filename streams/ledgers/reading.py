"""What a rule about money or people is given of the ledgers: its columns of its rows, in groups by its key."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams.ledgers.groups import Groups
from streams.ledgers.ledger import ID
from streams.rules.rule import Rule

#: What every rule has of a row beside the Kafka key of its topic and the fields that it declares.
ALWAYS = (*ID, "partition", "offset", "at", "day", "opd", "source", "kind", "backfill", "simulated")


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

    def window(self, standing: Mapping[str, pl.DataFrame], domain: str, day: int) -> pl.DataFrame:
        """The standing rows of a topic that it declares, within its window before a day."""
        return self._since(standing[domain], domain, day - self.rule.window)

    def mine(self, standing: Mapping[str, pl.DataFrame], day: int) -> pl.DataFrame:
        """Those of its own topic that it reads, once for each group that they belong to."""
        rows = self._since(
            standing[self.rule.domain], self.rule.domain, day - self.rule.window, *self._wanted
        )
        return self._each(rows)

    def touched(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The same of rows that came or were corrected, however old."""
        return self._each(self._since(rows, self.rule.domain, None, *self._wanted))

    def groups(self, rows: pl.DataFrame, standing: Mapping[str, pl.DataFrame], day: int, at: int) -> Groups:
        """Rows in order and numbered, with the numbers of their groups, on a day that began at ``at`` (UTC ms)."""
        rows = rows.sort("at", "high", "low").with_row_index("row")
        keys = rows.select(self.rule.by).unique(maintain_order=True).with_row_index("group")
        rows = rows.join(keys, on=self.rule.by, nulls_equal=True, maintain_order="left")
        return Groups(
            self.rule, self._profile, rows, day, at, lambda domain: self.window(standing, domain, day)
        )

    def _since(self, rows: pl.DataFrame, domain: str, first: int | None, *wanted: pl.Expr) -> pl.DataFrame:
        if not len(rows):
            return rows
        within = () if first is None else (pl.col("day") >= first,)
        return rows.select(self._columns[domain]).filter(*within, *wanted)

    def _each(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self.rule.each or not len(rows):
            return rows
        groups = [
            rows.with_columns(pl.col(name).cast(pl.String).alias("token"), field=pl.lit(name))
            for name in self.rule.each
        ]
        return pl.concat(groups).drop_nulls("token")


def of_groups(rows: pl.DataFrame, rule: Rule, *among: pl.DataFrame) -> pl.DataFrame:
    """The rows of the groups that there are others of."""
    keys = [some.select(rule.by) for some in among if len(some)]
    if not len(rows) or not keys:
        return rows.clear()
    return rows.join(pl.concat(keys).unique(), on=rule.by, how="semi", nulls_equal=True)

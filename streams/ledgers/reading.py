"""What a rule about money or people is given of the ledgers: its columns of its rows, in groups by its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl

from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams.ledgers.groups import Groups
from streams.ledgers.ledger import ID
from streams.ledgers.standing import STOOD, Named, Standing, Stays, named, variants
from streams.rules.rule import Rule

#: What every rule has of a row beside the Kafka key of its topic and the fields that it declares.
ALWAYS = (*ID, "partition", "offset", "at", "day", "opd", "source", "kind", "backfill", "simulated")


class Reading:
    """That of one rule by one profile. Few columns are what makes many small steps over rows cheap. Where the key is ``shared``
    with other rules, all rows of the topic are put in groups once for them; else only those that it reads."""

    def __init__(self, rule: Rule, profile: Profile, *, shared: bool) -> None:
        self.rule, self._profile = rule, profile
        self._shared = shared and not rule.each
        self._columns = {
            domain: list(dict.fromkeys((*ALWAYS, *DOMAINS[domain].key, *names)))
            for domain, names in rule.reads.items()
        }
        if rule.adds is not None:
            self._columns[rule.domain] += [column.meta.output_name() for column in rule.adds()]
        wanted = [] if rule.rows is None else [rule.rows()]
        self._wanted = wanted if rule.keeps is None else [*wanted, rule.keeps(profile)]

    def window(
        self,
        standing: Standing,
        days: Sequence[int],
        domain: str,
        fields: Sequence[str],
        where: pl.Expr | None,
        sums: Mapping[str, pl.Expr],
    ) -> pl.DataFrame:
        """The rows of a topic that it declares which stood within its window before each of some days (``today``), of those
        asked for; only what some ``fields`` were, where they are given, and ``sums`` over the rows that had the same."""
        if fields and where is None:
            known = standing.variants(domain, (*fields, "day"))
        else:
            wanted = () if where is None else (where,)
            known = self._since(standing.rows[domain], domain, days[0], *wanted)
            if fields and not sums:
                known = variants(known, (*fields, "day"))
        if not known.width:  # nothing ever came
            return known
        if sums:
            known = known.group_by(*fields, "day", *STOOD).agg(**sums)
        found = self._every(known, days)
        if sums:
            return found.group_by("today", *fields).agg(pl.col(*sums).sum())
        return found.select("today", *fields).unique() if fields else found

    def mine(self, standing: Standing, day: int, again: pl.DataFrame) -> Named:
        """Those of its own topic that it reads from a day on, once for each group that they belong to, of the groups that it may
        be asked about; ``again`` are the keys of those to which something came."""
        rule = self.rule
        if self._shared:
            rows, names = standing.named(rule.domain, rule.by)
            found = Named(self._since(rows, rule.domain, day, *self._wanted), names)
        else:
            rows = self._since(standing.rows[rule.domain], rule.domain, day, *self._wanted)
            found = named(self._each(rows, None if rule.daily else again), rule.by)
        return found if rule.daily else self._of_same(found, again)

    def _of_same(self, found: Named, again: pl.DataFrame) -> Named:
        """Of groups to which something came."""
        if not len(again):
            return Named(found.rows.clear(), found.names)
        by = list(self.rule.by)
        names = found.names.join(again.select(by).unique(), on=by, how="semi", nulls_equal=True)
        asked, of = (some.get_column("of").to_numpy() for some in (names, found.rows))
        return Named(found.rows.filter(np.isin(of, asked)), names)

    def touched(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The keys of those that it reads of rows that came or were corrected, however old, by ``today``."""
        if not len(rows):
            return rows
        key = ["today", *self.rule.by]
        wanted = dict.fromkeys([*self.rule.each, *(name for name in key if name in rows.columns)])
        read = rows.lazy().filter(*self._wanted).select(*wanted).unique().collect()
        return self._each(read).select(key).unique() if self.rule.each else read

    def groups(
        self, mine: Named, standing: Standing, ats: Mapping[int, int], again: pl.DataFrame
    ) -> Groups | None:
        """Those of its rows that it is asked about on some days, in order and numbered, with the numbers of their groups;
        None where there are none. ``ats`` are the instants at which the days began (UTC ms), ``again`` the keys
        of those to which something came."""
        by, days = list(self.rule.by), list(ats)
        rows, names = mine
        if not len(rows):
            return None
        touched = pl.DataFrame(schema={"today": pl.Int64, "of": pl.UInt32})
        if len(again):
            touched = again.join(names, on=by, nulls_equal=True).select("today", "of")
        asked = (self._asked_once if self.rule.once else self._asked)(rows, days, touched)
        if not len(asked):
            return None
        if self.rule.once:
            keys, rows = asked.with_row_index("group"), rows.with_row_index("row").rename({"of": "group"})
        else:
            numbers, keys = _numbered(asked)
            rows = asked.with_columns(group=numbers).with_row_index("row").drop("of")
        keys = keys.join(names, on="of", maintain_order="left")
        return Groups(self.rule, self._profile, rows, keys, days, ats, partial(self.window, standing, days))

    def _asked(self, rows: pl.DataFrame, days: Sequence[int], touched: pl.DataFrame) -> pl.DataFrame:
        """Rows in order for each day (``today``) on which it is asked about their group."""
        if not self.rule.daily:
            row, number = Stays(rows, days, self.rule.window, "of").asked(touched)
            today = touched.get_column("today")[number]
            return rows.drop(STOOD)[row].with_columns(today=today).sort("today", maintain_order=True)
        laid = self._every(rows, days)
        if not self.rule.recent:
            return laid
        lately = laid.filter(pl.col("day") >= pl.col("today") - self.rule.recent).select("today", "of")
        asked = pl.concat([lately, touched])
        return laid.join(asked, on=["today", "of"], how="semi", maintain_order="left")

    def _asked_once(self, rows: pl.DataFrame, days: Sequence[int], touched: pl.DataFrame) -> pl.DataFrame:
        """The groups ``of`` each day (``today``) that it is asked about, in order, of a rule that reads rows once."""
        stays = Stays(rows, days, self.rule.window, "of")
        if self.rule.daily:
            place, of = np.nonzero(stays.whole().T)
            return pl.DataFrame({"today": np.asarray(days)[place], "of": of.astype(np.uint32)})
        return touched.filter(stays.any(touched)).sort("today", "of")

    def _every(self, rows: pl.DataFrame, days: Sequence[int]) -> pl.DataFrame:
        """The rows once for each day (``today``) on which they stood, within the window before it, day by day."""
        row, today = Stays(rows, days, self.rule.window).each()
        return rows.drop(STOOD)[row].with_columns(today=today)

    def _since(self, rows: pl.DataFrame, domain: str, day: int, *wanted: pl.Expr) -> pl.DataFrame:
        """Its columns of rows in the order of time, from the first day of its window before ``day`` on."""
        if not rows.width:  # nothing ever came
            return rows
        first = rows.get_column("day").search_sorted(day - self.rule.window)
        number = ["of"] if "of" in rows.columns else []
        read = rows.slice(first).lazy().filter(*wanted)
        return read.select(*self._columns[domain], *STOOD, *number).collect()

    def _each(self, rows: pl.DataFrame, of: pl.DataFrame | None = None) -> pl.DataFrame:
        """Rows once for each group that they belong to, in the same order; only of the tokens ``of`` others where these are
        given."""
        if not self.rule.each or not rows.width:
            return rows
        placed, groups = rows.lazy().with_row_index("place"), []
        for name in self.rule.each:
            mine = placed.drop_nulls(name)
            if of is not None:
                tokens = of.lazy().select(pl.col("token").cast(rows.schema[name]).alias(name)).unique()
                mine = mine.join(tokens, on=name, how="semi")
            groups.append(mine.with_columns(pl.col(name).alias("token"), field=pl.lit(name)))
        return pl.concat(groups).sort("place", maintain_order=True).drop("place").collect()


def _numbered(asked: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Numbers from 0 on of the groups ``of`` each day, for each row; and what each number is of (group, today, of)."""
    today, of = asked.get_column("today").to_numpy(), asked.get_column("of").to_numpy()
    first, width = today.min(), int(of.max()) + 1
    pairs = (today - first) * width + of
    known = np.flatnonzero(np.bincount(pairs))
    numbers = np.zeros(int(pairs.max()) + 1, np.uint32)
    numbers[known] = np.arange(len(known))
    days, names = np.divmod(known, width)
    keys = pl.DataFrame({"group": np.arange(len(known), dtype=np.uint32), "today": days + first, "of": names})
    return pl.Series(numbers[pairs]), keys.cast({"of": pl.UInt32})

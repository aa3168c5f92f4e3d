"""Which standing rows count, where the profile says which of two sources is right: rows of the other one are kept and left
out of totals and rules.

What decides is in the row itself (domain, kind, source, day), so it is the same in every task, whatever partition the two
sources write to, and whichever of them comes first. Corrections are settled before: they are the source's own affair.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

import polars as pl

from schemas.profile import Profile
from schemas.profile.rows import ANY, FactSource


def counting(profile: Profile, domain: str) -> pl.Expr | None:
    """Which rows of a domain count: an expression over ``kind``, ``source`` and ``day`` (local Date, or days since 1970 as
    a number); None where all of them do, and then nothing is to be done."""
    rows = [row for row in profile.fact_sources if row.domain == domain]
    return ~reduce(or_, map(_left_out, rows)) if rows else None


def _left_out(row: FactSource) -> pl.Expr:
    source, day = pl.col("source").cast(pl.String), pl.col("day").cast(pl.Date)
    other = ~_under(source, row.authoritative) if row.other == ANY else _under(source, row.other)
    left = (pl.col("kind").cast(pl.String) == row.kind) & other & (day >= row.valid_from)
    return left if row.valid_to is None else left & (day <= row.valid_to)


def _under(source: pl.Expr, prefix: str) -> pl.Expr:
    return (source == prefix) | source.str.starts_with(prefix.rstrip("/") + "/")

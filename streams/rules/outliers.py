"""Who stands out among colleagues by a share: beyond the Tukey fence, and by more than chance."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from streams.peers.statistics import binomial_tail

#: Fewer colleagues make no fence.
COLLEAGUES = 4
#: The parameters of a rule that asks this, in the order of ``limits``.
STANDS_OUT = ("least", "reach", "alpha")


def standing_out(
    counted: pl.DataFrame, limits: Sequence[float], of: Sequence[str] = ("group",)
) -> pl.DataFrame:
    """Rows of ``counted`` (k of n, who, and the ``of`` that those who are compared have in common) whose share of k is above
    the upper fence of those and would be rare, below ``alpha``, if all had the share of the group; with ``share`` and
    ``limit`` in percent, and ``observed``: how many of k lie beyond what the fence allows of n. Only those with ``least``
    of n are compared, and only where there are ``COLLEAGUES`` of them. ``limits`` are the values of ``STANDS_OUT``."""
    least, reach, alpha = limits
    enough = counted.filter(pl.col("n") >= least).with_columns(share=pl.col("k") * 100.0 / pl.col("n"))
    low, high = (percentile("share", percent).over(of) for percent in (25, 75))
    fenced = enough.with_columns(
        limit=high + reach * (high - low), p=pl.col("k").sum().over(of) / pl.col("n").sum().over(of)
    )
    beyond = fenced.filter((pl.len().over(of) >= COLLEAGUES) & (pl.col("share") > pl.col("limit")))
    rare = [binomial_tail(k, n, p) < alpha for k, n, p in beyond.select("k", "n", "p").iter_rows()]
    return beyond.filter(pl.Series(rare, dtype=pl.Boolean)).with_columns(
        observed=pl.col("k") - pl.col("limit") * pl.col("n") / 100.0, threshold=pl.lit(0.0)
    )


def percentile(name: str, percent: int) -> pl.Expr:
    """The smallest value of a column that at least so many percent do not exceed."""
    place = -(-percent * pl.len().cast(pl.Int64) // 100)
    return pl.col(name).sort().get(place.clip(1) - 1)

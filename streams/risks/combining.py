"""Combined risk per case or actor: noisy-OR over independent signs that fade, and whether they are enough to publish.

``1 - (1 - s1)(1 - s2)...`` holds where the signs are independent. So alerts of one sign count once, by the strongest:
two rules that both see that a file was quick are one observation, and a busy officer is not certain to be suspect for
having fifty late files. A strength fades in a straight line to nothing at ``decay_days``, by whole local days.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from streams.cases.book import day_of
from streams.risks.terms import Terms

#: What a risk is about.
TARGET = ("of", "who")
#: A risk is about a target on a day (``asked``, since 1970).
ASKED = {"of": pl.String, "who": pl.String, "asked": pl.Int32}


class Combined(NamedTuple):
    """``risks`` has a row for each target and day with at least one living sign: ``of``, ``who``, ``asked``, ``risk`` (0 to
    1), ``hard`` and ``soft`` (how many independent signs of each kind), ``published``, ``alerts``, ``value`` (the greatest,
    rupiah) and ``last`` (day of the newest sign), in order of rank. ``shares`` are the contributions: a row for each alert
    with ``share`` (its strength on that day) and whether it is the one of its sign that ``counts``, the strongest first."""

    risks: pl.DataFrame
    shares: pl.DataFrame


def combined(signs: pl.DataFrame, asked: pl.DataFrame, terms: Terms) -> Combined:
    """``signs`` are those of targets (``of_cases``, ``of_actors``), ``asked`` has the targets and days to know."""
    days = asked.get_column("asked").unique()
    by_day = pl.DataFrame(
        [(day, terms.decay_days(day_of(day)), terms.soft_signs(day_of(day))) for day in days],
        schema={"asked": pl.Int32, "decay": pl.Float64, "enough": pl.Int64},
        orient="row",
    )
    age = pl.col("asked") - pl.col("day")
    living = (
        asked.select(*ASKED)
        .unique()
        .join(signs, on=TARGET)
        .join(by_day, on="asked")
        .filter(age >= 0)
        .with_columns(share=pl.col("strength") * (1 - age / pl.col("decay")).clip(lower_bound=0))
        .filter(pl.col("share") > 0)
        .filter((pl.col("kind") != "context").any().over(*TARGET, "asked"))
    )
    key = (*TARGET, "asked")
    shares = living.sort(
        *key, "sign", "share", "alert_id", descending=[False, False, False, False, True, False]
    ).with_columns(counts=pl.int_range(pl.len()).over(*key, "sign") == 0)
    risks = (
        shares.group_by(key, maintain_order=True)
        .agg(
            risk=1 - (1 - pl.col("share").filter("counts")).product(),
            hard=pl.col("sign").filter(pl.col("kind") == "hard").n_unique(),
            soft=pl.col("sign").filter(pl.col("kind") == "soft").n_unique(),
            enough=pl.col("enough").first(), alerts=pl.len(), value=pl.col("value").max(), last=pl.col("day").max(),
        )
        .with_columns(published=(pl.col("hard") > 0) | (pl.col("soft") >= pl.col("enough")))
        .drop("enough")
    )  # fmt: skip
    return Combined(_ranked(risks), shares.sort(*key, -pl.col("share"), "alert_id"))


def _ranked(risks: pl.DataFrame) -> pl.DataFrame:
    """What is published first; then the risk, and of equal ones who has more alerts, more rupiah and newer ones."""
    order = ("published", "risk", "alerts", "value", "last")
    return risks.sort(*order, *TARGET, "asked", descending=[True] * len(order) + [False] * 3, nulls_last=True)


def on_day(signs: pl.DataFrame, day: int) -> pl.DataFrame:
    """Every target, to be known as of one day."""
    return signs.select(TARGET).unique().with_columns(asked=pl.lit(day, pl.Int32))


def as_it_came(signs: pl.DataFrame) -> pl.DataFrame:
    """Every target on each day on which one of its signs came: only then can it begin to be published."""
    return signs.select(*TARGET, asked="day").unique()

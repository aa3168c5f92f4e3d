"""What a log of cases says about the work itself, in columns: how long, with whom, which way, when.

The definitions are those of streams.domains.case, so that the page and the wallboard speak of the same time: a case
begins at ``accepted``, else ``submitted``, else its first event, and closes at the first closing event; the file is
held by the unit that the latest event names; from ``returned`` to the next other event it is with the applicant, and
that time is not counted. All durations are working days of the regency's calendar. Events of one instant stand in
the order of the file (the engine, which knows no file, takes that of their ids).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.cases.book import APPLICANT, CLOSING

COLUMNS = {
    "case_id": pl.String,
    "occurred_at": pl.Int64,
    "event_id": pl.String,
    "kind": pl.String,
    "step": pl.String,
    "unit": pl.String,
    "permit_type": pl.String,
    "opd": pl.String,
    "due_at": pl.Int64,
    "corrects": pl.String,
}
ORDER = ("case_id", "occurred_at", "read", "event_id")

#: The periods that a log may be shown in, the finest first, and the most of them that one picture holds.
PERIODS = ("1d", "1w", "1mo", "1q", "1y")
MOST_PERIODS = 26


@dataclass(frozen=True, slots=True)
class Process:
    """Four tables of one log.

    - ``cases``: case_id, permit_type, due_at, started_at, closed_at (null while open), days.
    - ``holdings``: case_id, holder, begin, end, days, open (still there at the end of the log).
    - ``variants``: steps (list), cases, share, days (median of those closed); the most frequent first.
    - ``until`` is the end of the log, UTC ms, to which open holdings count.
    """

    cases: pl.DataFrame
    holdings: pl.DataFrame
    variants: pl.DataFrame
    until: int


def process(
    events: list[dict[str, Any]], profile: Profile, until: int, order: Mapping[str, int] | None = None
) -> Process:
    """The tables of a log of permit events (dicts by contract, repeats included); ``order`` is by event id."""
    read = pl.DataFrame(
        {"event_id": list(order or ()), "read": list((order or {}).values())},
        {"event_id": pl.String, "read": pl.Int64},
    )
    table = pl.DataFrame(events, schema=COLUMNS).join(read, on="event_id", how="left", maintain_order="left")
    rows = _standing(table, profile)
    holdings = _holdings(rows, until)
    cases = _cases(rows)
    instants = pl.concat(
        [holdings["begin"], holdings["end"], cases["started_at"], cases["closed_at"].drop_nulls()]
    ).unique()
    clock = _Clock(instants, profile)
    holdings = holdings.with_columns(days=clock.between("begin", "end"))
    worked = (
        holdings.filter(pl.col("holder") != APPLICANT)
        .join(cases.select("case_id", "started_at"), on="case_id")
        .with_columns(begin=pl.max_horizontal("begin", "started_at"))
        .filter(pl.col("end") > pl.col("begin"))
        .group_by("case_id")
        .agg(clock.between("begin", "end").sum().alias("days"))
    )
    cases = cases.join(worked, on="case_id", how="left").with_columns(pl.col("days").fill_null(0.0))
    return Process(cases.sort("case_id"), holdings, _variants(rows, cases), until)


def _standing(table: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Each event once, without those that a correction replaced, in the order of a case, with who holds the file."""
    units = pl.DataFrame(
        [
            (kind.code, step.code, "started", step.unit)
            for kind in profile.permit_types.values()
            for step in kind.steps
        ],
        schema={"permit_type": pl.String, "step": pl.String, "kind": pl.String, "usual": pl.String},
        orient="row",
    )
    replaced = table.select("case_id", event_id="corrects").drop_nulls()
    case = pl.col("case_id")
    return (
        table.unique("event_id", keep="first", maintain_order=True)
        .join(replaced, on=["case_id", "event_id"], how="anti")
        .sort(ORDER, nulls_last=True)  # closings made from a column were read nowhere
        .with_columns(
            pl.col("unit", "step").replace("", None),
            pl.col("permit_type").replace("", None).forward_fill().backward_fill().over("case_id"),
        )
        .join(units, on=["permit_type", "step", "kind"], how="left", maintain_order="left")
        .with_columns(unit=pl.coalesce("unit", "usual"))
        .with_columns(
            holder=pl.when(pl.col("kind") == "returned")
            .then(pl.lit(APPLICANT))
            .otherwise(
                pl.coalesce(pl.col("unit").forward_fill().over(case), pl.col("opd").first().over(case))
            ),
            closing=pl.col("kind").is_in(list(CLOSING)),
        )
        .with_columns(after=(pl.col("closing").cum_sum() - pl.col("closing")).over(case) > 0)
    )


def _cases(rows: pl.DataFrame) -> pl.DataFrame:
    def first(kind: str) -> pl.Expr:
        return pl.col("occurred_at").filter(pl.col("kind") == kind).first()

    return rows.group_by("case_id", maintain_order=True).agg(
        pl.col("permit_type").last().fill_null(""),
        pl.col("due_at").drop_nulls().last(),
        pl.coalesce(first("accepted"), first("submitted"), pl.col("occurred_at").first()).alias("started_at"),
        pl.col("occurred_at").filter(pl.col("closing")).first().alias("closed_at"),
    )


def _holdings(rows: pl.DataFrame, until: int) -> pl.DataFrame:
    """From the event at which a holder got the file to the one at which the next got it, the closing, or ``until``."""
    case, holder = pl.col("case_id"), pl.col("holder")
    return (
        rows.filter(~pl.col("after"))
        .with_columns(
            new=(holder != holder.shift(1).over(case)).fill_null(True),
            closed_at=pl.col("occurred_at").filter(pl.col("closing")).first().over(case),
        )
        .filter(pl.col("new"))
        .with_columns(following=pl.col("occurred_at").shift(-1).over(case))
        .select(
            case,
            holder,
            begin=pl.col("occurred_at"),
            end=pl.coalesce("following", "closed_at", pl.max_horizontal("occurred_at", pl.lit(until))),
            open=pl.col("following").is_null() & pl.col("closed_at").is_null(),
        )
        .filter((pl.col("end") > pl.col("begin")) | pl.col("open"))
    )


def _variants(rows: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """The ways through the steps, those after the closing too. Where steps have a start and an end, the ends count."""
    named = pl.col("step").is_not_null()
    kinds = rows.filter(named).get_column("kind").unique()
    if "started" in kinds and "finished" in kinds:
        named &= pl.col("kind") != "started"
    return (
        rows.filter(named)
        .group_by("case_id", maintain_order=True)
        .agg(pl.col("step").alias("steps"))
        .join(cases.select("case_id", "closed_at", "days"), on="case_id")
        .group_by("steps")
        .agg(
            pl.len().alias("cases"),
            pl.col("days").filter(pl.col("closed_at").is_not_null()).median().alias("days"),
            pl.col("case_id").min().alias("first"),
        )
        .with_columns(share=pl.col("cases") / pl.col("cases").sum())
        .sort(["cases", "first"], descending=[True, False])
        .select("steps", "cases", "share", "days")
    )


class _Clock:
    """Working days of the calendar between instants, asked once for every instant."""

    def __init__(self, instants: pl.Series, profile: Profile) -> None:
        calendar = profile.calendar
        self._at = instants.to_list()
        origin = min(self._at, default=0)
        self._days = [calendar.elapsed(origin, at) for at in self._at]

    def between(self, begin: str, end: str) -> pl.Expr:
        return self._of(end) - self._of(begin)

    def _of(self, column: str) -> pl.Expr:
        return pl.col(column).replace_strict(self._at, self._days, return_dtype=pl.Float64)


def by_type(cases: pl.DataFrame) -> pl.DataFrame:
    """Closed cases by permit type: cases, median, p90 and longest days; the most frequent first."""
    return _spread(cases.filter(pl.col("closed_at").is_not_null()), "permit_type")


def by_holder(holdings: pl.DataFrame) -> pl.DataFrame:
    """Waiting by holder: stays (cases), median, p90, longest and total days, share of the total, open now."""
    waiting = _spread(holdings, "holder", pl.col("days").sum().alias("total"), pl.col("open").sum())
    total = waiting.get_column("total").sum()
    share = pl.col("total") / total if total else pl.lit(0.0)
    return waiting.with_columns(share=share).sort(["total", "holder"], descending=[True, False])


def _spread(rows: pl.DataFrame, group: str, *more: pl.Expr) -> pl.DataFrame:
    days = pl.col("days")
    return (
        rows.group_by(group)
        .agg(
            pl.len().alias("cases"),
            days.median().alias("median"),
            days.quantile(0.9, "linear").alias("p90"),
            days.max().alias("longest"),
            *more,
        )
        .sort(["cases", group], descending=[True, False])
    )


def distribution(days: pl.Series, most: int = 14) -> pl.DataFrame:
    """A histogram: ``low`` and ``high`` (null for the open last one) in working days, ``cases``; empty for no days."""
    if days.is_empty():
        return pl.DataFrame(schema={"low": pl.Float64, "high": pl.Float64, "cases": pl.Int64})
    reach = float(days.quantile(0.97, "linear") or 0.0)
    width = next((w for w in (1, 2, 5, 10, 20, 50, 100, 200, 500) if reach / w <= most - 1), 1000)
    last = int(reach // width) if float(days.max() or 0.0) > (reach // width + 1) * width else None  # type: ignore[arg-type]
    bins = (days / width).floor().cast(pl.Int64).clip(0, last)
    counted = bins.value_counts(name="cases").rename({bins.name: "bin"})
    every = pl.DataFrame({"bin": range(int(bins.max() or 0) + 1)}, schema={"bin": pl.Int64})  # type: ignore[arg-type]
    low = pl.col("bin").cast(pl.Float64) * width
    return every.join(counted, on="bin", how="left", maintain_order="left").select(
        low=low,
        high=pl.when(pl.col("bin") == (-1 if last is None else last)).then(None).otherwise(low + width),
        cases=pl.col("cases").fill_null(0).cast(pl.Int64),
    )


def over_time(process: Process, breaches: list[int], profile: Profile) -> tuple[str, pl.DataFrame]:
    """(period, table): the first day of each period, cases that came in, cases that closed, alerts that became due.

    The period is the finest that keeps the picture readable; periods without anything are there with zeros.
    ``breaches`` are instants, UTC ms.
    """
    zone = str(profile.timezone)
    parts = {
        "begun": process.cases.get_column("started_at"),
        "closed": process.cases.get_column("closed_at").drop_nulls(),
        "alerts": pl.Series(breaches, dtype=pl.Int64),
    }
    every = pl.concat([series.rename("at") for series in parts.values()])
    if every.is_empty():
        return PERIODS[2], pl.DataFrame(schema={"day": pl.Date} | dict.fromkeys(parts, pl.Int64))

    def days(series: pl.Series, period: str) -> pl.Series:
        local = (
            series.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
        )
        return local.dt.truncate(period)

    for period in PERIODS:
        there = days(every, period)
        first, last = there.min(), there.max()
        table = pl.DataFrame({"day": pl.date_range(first, last, period, eager=True)})  # type: ignore[arg-type]
        if table.height <= MOST_PERIODS:
            break
    for name, series in parts.items():
        counted = days(series, period).rename("day").value_counts(name=name)
        table = table.join(counted, on="day", how="left", maintain_order="left")
    return period, table.with_columns(pl.col(list(parts)).fill_null(0).cast(pl.Int64))

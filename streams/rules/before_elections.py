"""The days before an election and the same days of earlier years, with what arrived in them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import polars as pl

from streams.cases.book import EPOCH
from streams.ledgers.groups import Groups
from streams.rules.elections import years_later

#: Other years that are compared: more do not fit into the window while a finding is judged.
YEARS = 3


class Span(NamedTuple):
    """The days (since 1970) before an election as far as they have passed, and the same days of earlier years."""

    election: date
    days: int
    first: int
    last: int
    earlier: list[tuple[int, int]]


def begins(groups: Groups) -> dict[int, int]:
    """The first day of which there are records, by the day that is asked about."""
    known = groups.ledger("population", "day").group_by("today").agg(pl.col("day").min())
    return dict(known.iter_rows())


def spans(groups: Groups, today: int, since: int, settles: int) -> list[Span]:
    """Of the elections before which days have passed on the day ``today``, and that are not long over; ``since`` is the first
    day of which there are records."""
    found = []
    for on_ in sorted({election.on for election in groups.profile.elections}):
        day = (on_ - EPOCH).days
        length = int(groups.on("span", day))
        first, last = day - length, min(day, today - 1)
        if first <= last and today <= day + settles:
            starts = [(years_later(on_, -n) - EPOCH).days - length for n in range(1, YEARS + 1)]
            earlier = [(start, start + last - first) for start in starts if start >= since]
            found.append(Span(on_, day, first, last, earlier))
    return found


def inside(arrivals: pl.DataFrame, today: int, code: str) -> pl.DataFrame:
    """The arrivals known on a day in villages of the regency: day, village."""
    village = pl.col("destination_village").cast(pl.String)
    return (
        arrivals.filter(pl.col("today") == today)
        .select("day", village=village)
        .filter(pl.col("village").str.starts_with(code + "."))
    )


def counts(arrivals: pl.DataFrame, span: Span) -> list[dict[str, int]]:
    """Arrivals by village in the days before the election, and in those of each earlier year."""
    found = []
    for low, high in [(span.first, span.last), *span.earlier]:
        counted = arrivals.filter(pl.col("day").is_between(low, high)).group_by("village").len()
        found.append(dict(counted.iter_rows()))
    return found

"""The days before each election of the profile, and the same days of years that they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import NamedTuple

from streams.cases.book import EPOCH
from streams.ledgers.groups import Groups

#: Years before and after an election that it is compared with, as far as the ledger reaches.
NEIGHBOURS = (-4, -3, -2, -1, 1, 2, 3, 4)


class Span(NamedTuple):
    """Days (since 1970) before an election as they have passed on the day ``today``, both included, and the same days of
    other years."""

    today: int
    election: date
    first: int
    last: int
    others: tuple[tuple[int, int], ...]


def spans(groups: Groups) -> Iterator[Span]:
    """On each day that is asked about, the days before each election, as many as the rule's parameter ``days`` says, that have
    begun and are all within its window, as far as they have passed; with the same days of other years, but for those that
    lie before an election too."""
    days = {item.on: (item.on - EPOCH).days for item in groups.profile.elections}
    length = {election: round(groups.on("days", day)) for election, day in days.items()}
    before = [(day - length[election], day) for election, day in days.items()]
    for today, (election, day) in product(groups.days, sorted(days.items())):
        first, last = day - length[election], min(day, today - 1)
        if first < today - groups.rule.window or first > last:
            continue
        others = []
        for years in NEIGHBOURS:
            start = (years_later(election, years) - timedelta(days=length[election]) - EPOCH).days
            end = start + last - first
            inside = today - groups.rule.window <= start and end < today
            if inside and not any(start <= ends and begins <= end for begins, ends in before):
                others.append((start, end))
        yield Span(today, election, first, last, tuple(others))


def years_later(day: date, years: int) -> date:
    """The same day of another year; the last of February where there is none."""
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)

"""When things happen: weekdays, months, hours of the day, market days and due dates."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from datetime import date

from producers.simulator.world import HOUR_MS, World

#: The five days of the Javanese market week; 2024-01-01 was Pahing.
_MARKET_EPOCH = date(2024, 1, 1).toordinal()


def market_day(day: date, offset: int) -> bool:
    """Whether a market that is held every fifth day (pasaran) is held on this day; ``offset`` is 0 to 4."""
    return (day.toordinal() - _MARKET_EPOCH) % 5 == offset


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number; the normal approximation above 60."""
    if mean <= 0:
        return 0
    if mean > 60:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def arrivals(
    world: World,
    rng: random.Random,
    year: int,
    per_day: float,
    months: Sequence[float] = (1.0,) * 12,
    weekdays: Sequence[float] = (1.0,) * 7,
    *,
    working_days_only: bool = False,
) -> Iterator[date]:
    """Local days of arrivals of a Poisson stream, in order; on holidays as few as on Sundays."""
    quiet = min(weekdays)
    for day in world.days(year):
        working = world.clock.is_working_day(day)
        if working_days_only and not working:
            continue
        weight = weekdays[day.weekday()] if working or day.weekday() >= 5 else quiet
        for _ in range(poisson(rng, per_day * months[day.month - 1] * weight)):
            yield day


def in_day(rng: random.Random, day_start: int, *, spread: float = 0.0) -> int:
    """An instant of a day (UTC ms): the morning peak and the afternoon, or with chance ``spread`` any hour."""
    if spread and rng.random() < spread:
        hour = rng.uniform(0.2, 23.5)
    elif rng.random() < 0.62:
        hour = min(max(rng.gauss(10.0, 1.1), 7.6), 12.2)
    else:
        hour = min(max(rng.gauss(14.3, 0.8), 13.0), 15.9)
    return day_start + int(hour * HOUR_MS)


def day_times(rng: random.Random, day_start: int, count: int, *, spread: float = 0.0) -> list[int]:
    """Instants of one day in order."""
    return sorted(in_day(rng, day_start, spread=spread) for _ in range(count))

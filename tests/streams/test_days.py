"""The short way to a local day gives what the zone database gives."""

from __future__ import annotations

import polars as pl
import pytest

from streams.days import DAY_MS, FIXED_HOURS, FIXED_SINCE_MS, HOUR_MS, local_day

SINCE_1900 = -2_208_988_800_000


@pytest.mark.parametrize("zone", [*FIXED_HOURS, "Europe/Amsterdam"])
@pytest.mark.parametrize("first", [FIXED_SINCE_MS, SINCE_1900])
def test_every_hour_has_the_zone_databases_day(zone: str, first: int) -> None:
    hours = list(range(first, first + 60_000 * DAY_MS, 7 * HOUR_MS + 1))
    frame = pl.DataFrame({"occurred_at": hours})
    utc = pl.from_epoch("occurred_at", time_unit="ms").dt.replace_time_zone("UTC")
    expected = frame.select(day=utc.dt.convert_time_zone(zone).dt.date()).get_column("day")
    assert local_day(frame.get_column("occurred_at"), zone).alias("day").equals(expected)


def test_the_last_millisecond_of_a_day_is_of_that_day() -> None:
    midnight = 1_767_200_400_000  # 2026-01-01 00:00 in Jakarta
    days = local_day(pl.Series([midnight - 1, midnight]), "Asia/Jakarta").cast(pl.String).to_list()
    assert days == ["2025-12-31", "2026-01-01"]

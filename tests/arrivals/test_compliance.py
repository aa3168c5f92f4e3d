"""Days on time and states, by the declared hours: whole functions on a calendar that is known."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from infra.settings import PROFILES
from producers.arrivals.compliance import Row, table
from producers.arrivals.heard import Heard
from producers.arrivals.view import share
from schemas.profile import Profile
from schemas.settings import KafkaSettings

WIB = ZoneInfo("Asia/Jakarta")
PERMITS, TAX = "/opd/2.18.01/perizinan", "/opd/5.02.02/pajak"
PROFILE = Profile.load(PROFILES / "contoh")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=WIB).timestamp() * 1000)


NOW = ms("2026-11-27T10:00")


def rows(*heard: tuple[str, str], now: int = NOW) -> dict[str, Row]:
    known = Heard(KafkaSettings())
    for source, at in heard:
        known.hear(source, ms(at))
    return {row.source: row for row in table(PROFILE, known, {("2.18.01", PERMITS): 7}, now)}


def daily(source: str, first: int, last: int, *but: int) -> list[tuple[str, str]]:
    """Heard every two working hours of some days of November 2026."""
    return [
        (source, f"2026-11-{day:02}T{hour:02}:00")
        for day in range(first, last + 1)
        if day not in but
        for hour in (8, 10, 12, 14, 16)
    ]


def test_a_source_that_speaks_every_day_is_on_time_and_weekends_do_not_count() -> None:
    row = rows(*daily(PERMITS, 16, 26, 21, 22), (PERMITS, "2026-11-27T09:58"))[PERMITS]
    assert (row.days, row.on_time, row.share) == (8, 8, 1.0)  # 17 to 20 and 23 to 26 November
    assert row.refused == 7
    assert row.state == "on-time"
    assert row.last == ms("2026-11-27T09:58")
    assert row.expected_by == ms("2026-11-27T10:08")  # two cadences of five minutes


def test_late_is_past_two_cadences_and_silent_past_the_allowance() -> None:
    assert rows((PERMITS, "2026-11-27T09:30"))[PERMITS].state == "late"
    assert rows((PERMITS, "2026-11-25T09:30"))[PERMITS].state == "silent"
    weekend = ms("2026-11-29T12:00")  # closed since Friday's closing time
    assert rows((PERMITS, "2026-11-27T16:29"), now=weekend)[PERMITS].state == "on-time"


def test_days_of_silence_are_not_on_time() -> None:
    row = rows(*daily(PERMITS, 16, 27, 18, 19))[PERMITS]
    assert row.days == 8
    assert (
        row.on_time == 6
    )  # 480 minutes after the 17th are the 19th at eight; it was heard on the 20th at eight
    assert share(row) == "75% (6 dari 8 hari)"


def test_a_source_that_is_always_on_is_judged_at_any_hour() -> None:
    row = rows(*daily(TAX, 16, 27, 21, 22))[TAX]
    assert row.days == 10  # calendar days
    assert row.on_time == 7  # silent from Saturday at five until Monday at eight
    assert rows()[TAX].state == "never"
    assert rows()[TAX].share is None
    assert share(rows()[TAX]) == "–"

"""R03 holds a day against days of the same month a year before, where there are too few in the weeks before it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from streams.domains import daily
from streams.reference.drop_rules import DROP_RULES
from streams.reference.ledgers import judge
from streams.reference.received import Received
from streams.rules import rules
from streams.rules.examples import Event, on, row
from streams.rules.trial import example_profile, try_out
from streams.rules.trial_events import arrivals, instant

LATENESS = 15 * 60_000
RULE = rules()["R03"]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four hundred days are many for all the other rules."""
    monkeypatch.setattr(daily, "rules", lambda: {RULE.id: RULE})


def weeks(first: date, number: int, thousands: int = 100) -> list[Event]:
    days = [first + timedelta(weeks=week, days=day) for week in range(number) for day in range(2)]
    return [on(f"{day} 09:00", "receipt", amount=thousands * 1000) for day in days]


@pytest.mark.parametrize(("a_year_before", "expects"), [(True, "found"), (False, "not applicable")])
def test_the_same_month_a_year_before_counts(a_year_before: bool, expects: str) -> None:
    profile = example_profile()
    earlier = weeks(date(2024, 12, 2), 9) if a_year_before else []
    low = weeks(date(2026, 1, 5), 1, 20)
    after = on("2026-01-07 09:00", "receipt", amount=10_000, account="4.1.02.01.04.0001")
    example = row("found", "found", *earlier, *weeks(date(2025, 11, 24), 6), *low, after)
    said = try_out(RULE, example)
    arrived = arrivals("revenue", example, profile)
    received = {"revenue": [Received(record, 0, n, stamp) for n, (stamp, record) in enumerate(arrived)]}
    until = instant("2026-01-08 00:15", profile)
    plain = judge({"R03": DROP_RULES["R03"]}, received, profile, until, LATENESS)
    assert said.outcome == expects
    assert {a["scope"]: a["observed"] for a in said.alerts} == {
        scope: observed for (_, _, scope), (_, observed, _) in plain.standing.items()
    }
    assert bool(plain.standing) is a_year_before

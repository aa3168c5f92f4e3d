"""What the deadline benchmark accepts: one alert for each permit, not before its time; deadlines at uneven instants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.deadline import DUE, SPREAD_SECONDS, ages, deadlines

DUE_AT = {"A": 10_000, "B": 20_000}
LATENESS = 3_000


def alert(subject: str, level: str = "breach") -> dict[str, Any]:
    return {"rule": "P01", "level": level, "subject": subject}


IN_TIME = [(13.5, alert("A")), (24.0, alert("B"))]


def test_an_age_counts_from_the_deadline_and_the_lateness() -> None:
    others = [(0.0, alert("C")), (1.0, alert("A", "warning")), (40.0, alert("B", "severe"))]
    assert ages(DUE_AT, LATENESS, [*others, *IN_TIME]) == [0.5, 1.0]


@pytest.mark.parametrize(
    "seen",
    [IN_TIME[:1], [*IN_TIME, (25.0, alert("A"))], [(12.9, alert("A")), IN_TIME[1]]],
    ids=["missing", "twice", "too early"],
)
def test_an_alert_that_is_missing_comes_twice_or_too_early_fails(seen: list[Any]) -> None:
    with pytest.raises(RuntimeError, match="for 1 of 2 permits"):
        ages(DUE_AT, LATENESS, seen)


def test_deadlines_are_spread_over_the_time() -> None:
    found = np.sort(list(deadlines(7, 1_000.0).values())) - 1_000_000
    assert len(found) == DUE
    assert found[0] >= 0
    assert found[-1] <= SPREAD_SECONDS * 1000
    tenths = np.histogram(found, 10, (0, SPREAD_SECONDS * 1000))[0]
    assert tenths.min() > 0

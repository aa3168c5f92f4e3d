"""What a rebuild would change, and what of it nobody asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from infra.rebuild.difference import Difference, Figure
from streams.engine.totals import Key

DAY = 1_772_000_000_000


def alert(
    rule: str = "P01", level: str = "breach", status: str = "raised", observed: float = 1.2
) -> dict[str, Any]:
    return {
        "rule": rule, "subject": "K-1", "scope": "", "level": level, "level_at": DAY, "due_at": DAY, "unit": "U",
        "observed": observed, "evidence_digest": "d", "status": status, "evidence": [{"occurred_at": DAY}],
    }  # fmt: skip


def local_day(_ms: int) -> str:
    return "2026-02-25"


def key(metric: str, dimension: str = "total", value: str = "", day: str = "2026-02-25") -> Key:
    return Key(metric, dimension, value, day)


def test_partitions_add_up_and_what_cancels_out_is_no_change() -> None:
    found = Difference()
    found.add_totals(
        {key("permits.late"): 3, key("permits.open"): 5}, {key("permits.late"): 4, key("permits.open"): 4}
    )
    found.add_totals(
        {key("permits.late"): 1, key("permits.open"): 5}, {key("permits.late"): 3, key("permits.open"): 6}
    )
    assert found.figures == [Figure("permits.late", "total", "", "2026-02-25", 4, 7)]
    assert found.totals == 4


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ({}, {"a": alert()}, "new"),
        ({"a": alert(status="withdrawn")}, {"a": alert()}, "new"),
        ({"a": alert()}, {"a": alert(status="withdrawn")}, "withdrawn"),
        ({"a": alert()}, {"a": alert(level="severe")}, "changed"),
        ({"a": alert()}, {"a": alert()}, None),
        ({"a": alert(status="raised")}, {"a": alert(status="escalated")}, None),
        ({}, {"a": alert(status="withdrawn")}, None),
    ],
)
def test_alerts_that_stand_are_compared(before: Any, after: Any, what: str | None) -> None:
    found = Difference()
    found.add_alerts(before, after, local_day)
    assert [one.what for one in found.indications] == ([what] if what else [])
    assert found.nothing == (what is None)


def test_what_lies_outside_is_counted() -> None:
    found = Difference()
    found.add_totals(
        {},
        {
            key("permits.late"): 1,
            key("permits.late", day="2026-02-01"): 1,
            key("permits.rules_found", "rule", "P01"): 1,
            key("permits.rules_found", "source", "P05|/a"): 1,
            key("revenue.received"): 1,
        },
    )
    found.add_alerts({}, {"a": alert("P01"), "b": alert("R01")}, local_day)
    assert found.outside(date(2026, 1, 1), (), ()) == (0, 0)
    assert found.outside(date(2026, 2, 10), (), ()) == (1, 0)
    assert found.outside(date(2026, 2, 26), (), ()) == (5, 2)
    assert found.outside(date(2026, 1, 1), ("permits",), ()) == (1, 1)
    assert found.outside(date(2026, 1, 1), (), ("P01",)) == (1, 1)

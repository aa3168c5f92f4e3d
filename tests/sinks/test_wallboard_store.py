"""The figures in memory: highest version wins, whatever the order; sums over partitions and days."""

from __future__ import annotations

import random

from sinks.wallboard.store import Cell, Store

UNTIL = "2026-11-24"


def cell(
    amount: int,
    version: int,
    *,
    day: str = UNTIL,
    partition: int = 0,
    value: str = "",
    dimension: str = "total",
) -> Cell:
    return Cell("revenue.received", dimension, value, day, "revenue.receipts", partition, amount, version)


def test_highest_version_wins_and_an_equal_one_replaces() -> None:
    store = Store()
    store.put([cell(5, 10), cell(9, 20), cell(7, 15)])
    assert store.total("revenue.received", UNTIL, UNTIL) == 9
    store.put([cell(11, 20)])
    assert store.total("revenue.received", UNTIL, UNTIL) == 11


def test_partitions_add_up() -> None:
    store = Store()
    store.put([cell(5, 1, partition=0), cell(6, 1, partition=3)])
    assert store.total("revenue.received", UNTIL, UNTIL) == 11


def test_ranges_of_days_agree_with_a_plain_sum() -> None:
    store = Store()
    days = {f"2026-{m:02}-{d:02}": m * 100 + d for m in range(1, 13) for d in (1, 9, 17, 28)}
    store.put(cell(amount, 1, day=day) for day, amount in days.items())
    for since, until in [
        ("", "2026-11-24"),
        ("2026-01-01", "2026-12-31"),
        ("2026-03-09", "2026-03-17"),
        ("2026-02-10", "2026-07-16"),
    ]:
        plain = sum(amount for day, amount in days.items() if since <= day <= until)
        assert store.total("revenue.received", since, until) == plain, (since, until)
    assert store.by_day("revenue.received", ["2026-03-09", "2026-03-10"]) == [309, 0]


def test_any_order_of_snapshot_and_topics_gives_the_same() -> None:
    cells = [
        cell(version * 3, version, day=f"2026-11-{day:02}", partition=partition)
        for version in range(1, 6)
        for day in (1, 2, 3)
        for partition in (0, 1)
    ]
    expected = None
    for seed in range(20):
        random.Random(seed).shuffle(cells)  # noqa: S311
        store = Store()
        store.put(cells)
        found = sorted(store.totals())
        expected = expected or found
        assert found == expected


def test_missing_is_not_zero() -> None:
    store = Store()
    assert not store.knows("revenue.received")
    store.put([cell(0, 1)])
    assert store.knows("revenue.received")
    assert store.latest_day() == ""  # a zero says nothing happened on that day


def test_by_value_leaves_zeros_out() -> None:
    store = Store()
    store.put([cell(4, 1, dimension="opd", value="a"), cell(0, 1, dimension="opd", value="b")])
    assert store.by_value("revenue.received", "opd", "", UNTIL) == {"a": 4}

"""What is buffered of a partition: taken in order, in pieces that keep the limits, and all of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.repeats import Repeats
from sinks.clickhouse.intent import Standing
from sinks.clickhouse.partition import Partition

RUNS = st.lists(st.lists(st.binary(max_size=9), min_size=1, max_size=9), max_size=9)


@given(RUNS, st.integers(1, 20), st.integers(1, 40))
def test_pieces_are_in_order_and_within_limits(runs: list[list[bytes]], rows: int, size: int) -> None:
    partition = Partition(Standing(0), Repeats())
    for number, run in enumerate(runs):
        partition.add(run, float(number))
    assert len(partition) == sum(map(len, runs))
    assert partition.since == 0.0
    left = [record for run in runs for record in run]
    while left:
        assert partition.bytes == sum(map(len, left))
        piece = partition.take(rows, size, 5.0)
        assert piece == left[: len(piece)]
        assert 1 <= len(piece) <= rows
        assert sum(map(len, piece[:-1])) < size, "the record that exceeds the size is the last"
        left = left[len(piece) :]
        assert len(piece) == rows or sum(map(len, piece)) >= size or not left, "no less than there may be"
    assert (len(partition), partition.bytes, partition.since) == (0, 0, 5.0 if runs else 0.0)


def test_offsets_without_records_are_seen_only_when_nothing_else_waits() -> None:
    partition = Partition(Standing(3), Repeats(), end=5)
    assert partition.only_markers
    partition.add([b"x"], 0.0)
    assert not partition.only_markers

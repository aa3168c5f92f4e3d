"""Repeats are a function of the rows: the same for any cut, and any start of the reading."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.repeats import DAY_MS, EventIds, Repeats

MIN_ROWS, MIN_MS, MAX_ROWS = 3, 5, 12

#: (id, distance to the offset before, timestamp): few ids, holes in the offsets, times that also go back.
ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(0, 20)), max_size=60)
CUTS = st.lists(st.integers(1, 20), min_size=1, max_size=60)


@dataclass
class Plain:
    """The definition, row by row."""

    rows: list[tuple[int, int, int]] = field(default_factory=list)

    def mark(self, number: int, offset: int, stamp: int) -> bool:
        before = [(o, t) for n, o, t in self.rows if n == number]
        self.rows.append((number, offset, stamp))
        if not before:
            return False
        there, then = before[-1]
        near = offset - there <= MIN_ROWS or abs(stamp - then) <= MIN_MS
        return near and offset - there <= MAX_ROWS


def ids_of(numbers: list[int]) -> EventIds:
    """Ids that share halves, so that both are compared."""
    values = np.asarray(numbers, np.uint64)
    return EventIds(values // np.uint64(3), values % np.uint64(3), np.ones(len(numbers), np.bool_))


def offsets_of(rows: list[tuple[int, int, int]]) -> list[int]:
    return np.cumsum([step for _, step, _ in rows], dtype=np.int64).tolist()


def mark(repeats: Repeats, rows: list[tuple[int, int, int]]) -> list[bool]:
    """Mark rows of (id, offset, timestamp)."""
    marks = repeats.mark(
        ids_of([n for n, _, _ in rows]),
        np.asarray([o for _, o, _ in rows], np.int64),
        np.asarray([t for _, _, t in rows], np.int64),
    )
    return marks.tolist()


def small(piece: int = 4) -> Repeats:
    return Repeats(MIN_ROWS, MIN_MS, MAX_ROWS, piece=piece)


@given(ROWS, CUTS, st.integers(1, 9))
def test_marks_are_those_of_the_definition_for_any_cut(
    rows: list[tuple[int, int, int]], cuts: list[int], piece: int
) -> None:
    placed = [(n, o, t) for (n, _, t), o in zip(rows, offsets_of(rows), strict=True)]
    plain, repeats = Plain(), small(piece)
    done = 0
    for size in [*cuts, len(placed)]:
        part = placed[done : done + size]
        assert mark(repeats, part) == [plain.mark(*row) for row in part]
        done += len(part)


@given(ROWS, CUTS, st.integers(0, 60))
def test_a_later_start_gives_the_same_marks(
    rows: list[tuple[int, int, int]], cuts: list[int], start: int
) -> None:
    """A re-read that begins ``max_rows`` offsets back marks every row after that as the whole history does."""
    placed = [(n, o, t) for (n, _, t), o in zip(rows, offsets_of(rows), strict=True)]
    if start >= len(placed):
        return
    whole = mark(small(), placed)
    first = next(i for i, row in enumerate(placed) if row[1] >= placed[start][1] - MAX_ROWS)
    again = mark(small(cuts[0]), placed[first:])
    assert again[start - first :] == whole[start:]


def test_what_cannot_be_marked_is_refused() -> None:
    repeats = small()
    mark(repeats, [(1, 5, 0)])
    with pytest.raises(ValueError, match="offsets must ascend, beyond 5"):
        mark(repeats, [(1, 5, 0)])
    with pytest.raises(ValueError, match="offsets must ascend"):
        mark(repeats, [(1, 7, 0), (2, 6, 0)])
    bad = ids_of([1])._replace(valid=np.zeros(1, np.bool_))
    with pytest.raises(ValueError, match="valid event_id"):
        repeats.mark(bad, np.asarray([9]), np.asarray([0]))


def test_real_sizes_against_a_dictionary() -> None:
    """Growth, a full window, one id sent again and again, and bytes a row."""
    rng = np.random.default_rng(7)
    repeats = Repeats(min_rows=20_000, min_ms=DAY_MS, max_rows=200_000)
    last: dict[int, tuple[int, int]] = {}
    offset = 0
    for _ in range(16):
        count = 40_000
        numbers = rng.integers(0, 400_000, count)
        numbers[rng.random(count) < 0.2] = 5
        offsets = offset + np.cumsum(rng.integers(1, 3, count))
        stamps = offsets * 1000 + rng.integers(-DAY_MS, DAY_MS, count)
        offset = int(offsets[-1])
        marks = repeats.mark(ids_of(numbers.tolist()), offsets, stamps)
        for number, place, stamp, marked in zip(
            numbers.tolist(), offsets.tolist(), stamps.tolist(), marks.tolist(), strict=True
        ):
            there, then = last.get(number, (-(10**9), 0))
            near = place - there <= 20_000 or abs(stamp - then) <= DAY_MS
            assert marked == (near and place - there <= 200_000)
            last[number] = (place, stamp)
    assert 0 < repeats.size / len(repeats) <= 60


def test_row_numbers_start_again_before_they_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.repeats.LAST_NUMBER", 64)
    rng = np.random.default_rng(3)
    rows = [(int(n), o, int(t)) for o, (n, t) in enumerate(rng.integers(0, 9, (500, 2)), 1)]
    plain, repeats = Plain(), small()
    assert mark(repeats, rows) == [plain.mark(*row) for row in rows]


def test_ids_that_all_share_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long chains: exact too, also where every row is looked at instead."""
    monkeypatch.setattr("schemas.repeats._HIGH_FACTOR", np.uint64(0))
    monkeypatch.setattr("schemas.repeats._LOW_FACTOR", np.uint64(0))
    rng = np.random.default_rng(4)
    rows = [(int(n), o, int(t)) for o, (n, t) in enumerate(rng.integers(0, 900, (900, 2)), 1)]
    last: dict[int, int] = {}
    wanted = []
    for number, offset, _ in rows:
        wanted.append(offset - last.get(number, -10_000) <= 700)
        last[number] = offset
    repeats = Repeats(min_rows=700, min_ms=0, max_rows=1000, piece=2)
    assert mark(repeats, rows) == wanted
    assert any(wanted[800:])
    assert not all(wanted[800:])

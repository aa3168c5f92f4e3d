"""Repeats are the same for any cut, also at the edge of the window: the sink cuts differently from the streams."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from schemas.repeats import Repeats

ROWS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 40)), max_size=40)


@given(ROWS, st.lists(st.integers(1, 39), max_size=6), st.integers(1, 6), st.integers(0, 10))
def test_marks_do_not_depend_on_the_cut(
    rows: list[tuple[str, int]], cuts: list[int], extra_rows: int, min_ms: int
) -> None:
    whole = Repeats(2, min_ms, 2 + extra_rows)
    pieces = Repeats(2, min_ms, 2 + extra_rows)
    places = sorted({0, len(rows), *(c for c in cuts if c < len(rows))})
    marked = []
    for low, high in itertools.pairwise(places):
        part = rows[low:high]
        marked += pieces.mark([r[0] for r in part], [r[1] for r in part])
    assert marked == whole.mark([r[0] for r in rows], [r[1] for r in rows])

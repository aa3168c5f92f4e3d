"""Event ids as numbers: exactly those of the standard library, and exactly the lower-case form."""

from __future__ import annotations

import re
import uuid

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.event_ids import PIECE, event_ids

SHAPE = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

GOOD = st.uuids().map(str)
#: One character of a good id replaced: by any ASCII character, so that all neighbours of digits and letters come.
NEARLY = st.builds(
    lambda text, place, other: text[:place] + other + text[place + 1 :],
    GOOD,
    st.integers(0, 35),
    st.characters(max_codepoint=127),
)
TEXT = st.one_of(GOOD, NEARLY, st.text(max_size=40), st.none())


@settings(deadline=None)
@given(st.lists(TEXT, max_size=20), st.integers(0, 5), st.integers(0, 5))
@example([str(uuid.UUID(int=2**128 - 1)), str(uuid.UUID(int=0))], 0, 0)
@example(["é" * 18, None, "g" * 36, "0" * 36], 1, 0)
def test_a_column_is_read_as_the_library_reads_it(texts: list[str | None], skip: int, drop: int) -> None:
    column = pa.array(texts, pa.string()).slice(skip, max(0, len(texts) - skip - drop))
    ids = event_ids(column)
    wanted = [t is not None and SHAPE.fullmatch(t) is not None for t in column.to_pylist()]
    assert ids.valid.tolist() == wanted
    for row, text in enumerate(column.to_pylist()):
        if wanted[row]:
            assert (int(ids.high[row]) << 64) | int(ids.low[row]) == uuid.UUID(text).int


def test_every_character_in_every_place() -> None:
    good = "01234567-89ab-cdef-fedc-ba9876543210"
    texts = [good[:i] + chr(c) + good[i + 1 :] for i in range(36) for c in range(128)]
    assert event_ids(pa.array(texts)).valid.tolist() == [SHAPE.fullmatch(t) is not None for t in texts]


def test_bytes_beyond_ascii_are_not_digits() -> None:
    texts = [bytes([c]) * 36 for c in range(128, 256)]
    column = pa.array(texts, pa.binary()).view(pa.string())
    assert not event_ids(column).valid.any()


def test_more_rows_than_one_piece() -> None:
    texts = [
        str(uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for n in range(2 * PIECE + 3)
    ]
    ids = event_ids(pa.array(texts))
    assert ids.valid.all()
    assert [(int(h) << 64) | int(low) for h, low in zip(ids.high, ids.low, strict=True)] == [
        uuid.UUID(t).int for t in texts
    ]

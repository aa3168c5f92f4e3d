"""What is refused beyond the schema, and how repeats are recognised."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.acceptance import FUTURE_LIMIT_MS, is_future, refusals
from schemas.codec import Codec
from schemas.dead_letters import DeadLetter
from schemas.registry import open_ids
from schemas.repeats import DAY_MS, Repeats

NOW = 1_790_000_000_000
CODEC = Codec("revenue.receipts", open_ids())


def receipt(**fields: Any) -> bytes:
    base = {
        "event_id": str(uuid.uuid4()),
        "source": "/opd/5.02/kas",
        "opd": "5.02",
        "occurred_at": NOW,
        "kind": "receipt",
        "cash_office": "K1",
        "account": "4.1.01",
        "amount": 5,
    }
    return CODEC.encode(base | fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"event_id": "7"}, "BadEventId"),
        ({"opd": ""}, "MissingKey"),
        ({"amount": -1}, "NegativeAmount"),
        ({"occurred_at": NOW + FUTURE_LIMIT_MS + 1}, "FarFuture"),
    ],
)
def test_a_refused_row_says_what_and_why(fields: dict[str, Any], reason: str) -> None:
    columns = CODEC.decode_batch([receipt(), receipt(**fields)]).columns
    found = refusals(columns, np.full(2, NOW))
    assert [(r.row, r.reason) for r in found] == [(1, reason)]
    assert str(next(iter(fields.values()))) in found[0].message


def test_two_years_ahead_is_accepted_and_flagged() -> None:
    columns = CODEC.decode_batch([receipt(occurred_at=NOW + FUTURE_LIMIT_MS), receipt()]).columns
    assert refusals(columns, np.full(2, NOW)) == []
    assert is_future(columns, np.full(2, NOW)).tolist() == [True, False]


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60), st.integers(1, 60))
def test_repeats_do_not_depend_on_the_cut(ids: list[str], size: int) -> None:
    whole = Repeats().mark(ids, range(len(ids)))
    cut = Repeats()
    parts = [cut.mark(ids[i : i + size], range(i, min(i + size, len(ids)))) for i in range(0, len(ids), size)]
    assert [mark for part in parts for mark in part] == whole
    assert [not mark for mark in whole] == [ids.index(x) == i for i, x in enumerate(ids)]


def test_the_longer_window_holds_and_memory_is_bounded() -> None:
    repeats = Repeats(min_rows=2, min_ms=7 * DAY_MS, max_rows=5)
    repeats.mark(["a", "b", "c"], [0, DAY_MS, 2 * DAY_MS])
    assert repeats.mark(["a"], [3 * DAY_MS]) == [True]  # beyond two rows, within seven days
    repeats.mark(["d", "e"], [30 * DAY_MS, 30 * DAY_MS])
    assert repeats.mark(["a"], [30 * DAY_MS]) == [False]  # beyond both
    for n in range(20):
        repeats.mark([f"x{n}"], [30 * DAY_MS])
    assert len(repeats) == 5


def test_a_dead_letter_keeps_its_headers_and_counts_attempts() -> None:
    first = DeadLetter("t", 1, 2, 3, b"k", b"v", "Truncated", "x" * 5000, "decode", "g", 4, [("ce_id", b"1")])
    headers = first.all_headers()
    assert headers[0] == ("ce_id", b"1")
    assert dict(headers)["dlq.attempt"] == b"1"
    assert len(dict(headers)["dlq.error.message"]) == 1024
    second = DeadLetter("t", 1, 2, 3, b"k", b"v", "Truncated", "x", "decode", "g", 4, headers)
    assert second.all_headers()[-1] != headers[-1] or len(second.all_headers()) == 2 * len(headers) - 1
    assert dict(second.all_headers())["dlq.attempt"] == b"2"

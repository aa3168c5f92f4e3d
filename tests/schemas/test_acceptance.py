"""What is refused beyond the schema, and what a dead letter says."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest

from schemas.acceptance import FUTURE_LIMIT_MS, is_future, refusals
from schemas.codec import Codec
from schemas.dead_letters import DeadLetter
from schemas.event_ids import event_ids
from schemas.registry import open_ids

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
    found = refusals(columns, np.full(2, NOW), event_ids(columns.column("event_id")))
    assert [(r.row, r.reason) for r in found] == [(1, reason)]
    assert str(next(iter(fields.values()))) in found[0].message


def test_two_years_ahead_is_accepted_and_flagged() -> None:
    columns = CODEC.decode_batch([receipt(occurred_at=NOW + FUTURE_LIMIT_MS), receipt()]).columns
    assert refusals(columns, np.full(2, NOW), event_ids(columns.column("event_id"))) == []
    assert is_future(columns, np.full(2, NOW)).tolist() == [True, False]


def test_a_projection_is_checked_for_what_it_has() -> None:
    whole = CODEC.decode_batch([receipt(), receipt(opd="", amount=-1)]).columns
    ids = event_ids(whole.column("event_id"))
    part = whole.select(["amount", "occurred_at"])
    assert [(r.row, r.reason) for r in refusals(part, np.full(2, NOW), ids)] == [(1, "NegativeAmount")]
    bad = ids._replace(valid=np.asarray([False, True]))
    assert [(r.row, r.reason) for r in refusals(part.select(["occurred_at"]), np.full(2, NOW), bad)] == [
        (0, "BadEventId")
    ]
    assert refusals(whole.slice(0, 0), np.empty(0, np.int64), ids.pick(slice(0, 0))) == []


def test_a_dead_letter_keeps_its_headers_and_counts_attempts() -> None:
    first = DeadLetter("t", 1, 2, 3, b"k", b"v", "Truncated", "x" * 5000, "decode", "g", 4, [("ce_id", b"1")])
    headers = first.all_headers()
    assert headers[0] == ("ce_id", b"1")
    assert dict(headers)["dlq.attempt"] == b"1"
    assert len(dict(headers)["dlq.error.message"]) == 1024
    second = DeadLetter("t", 1, 2, 3, b"k", b"v", "Truncated", "x", "decode", "g", 4, headers)
    assert second.all_headers()[-1] != headers[-1] or len(second.all_headers()) == 2 * len(headers) - 1
    assert dict(second.all_headers())["dlq.attempt"] == b"2"

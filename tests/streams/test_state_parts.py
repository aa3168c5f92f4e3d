"""The parts of a state group: no larger than a record may be, whatever the rows hold."""

from __future__ import annotations

import pyarrow as pa

from streams.engine.state_group import PART, PART_BYTES, Part, from_bytes, part_pieces

NUMBERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def test_rows_without_values_of_a_list_take_no_room_for_those_of_others() -> None:
    """Deposits name thousands of receipts, and rows in a row may be no deposits (apache/arrow#51406)."""
    named = [
        [{"n": f"{row * 7919 + n}{NUMBERS}", "amount": row * n} for n in range(400)] for row in range(600)
    ]
    rows = pa.RecordBatch.from_pydict({"row": range(4_600), "composition": named + [[]] * 4_000})
    pieces = list(part_pieces(PART, 1, Part("regency", "ledger.revenue", rows)))
    assert 2 < len(pieces) < 40
    assert all(len(piece.value) <= PART_BYTES for piece in pieces)
    kept = pa.Table.from_batches([from_bytes(piece.value) for piece in pieces])
    assert kept.equals(pa.Table.from_batches([rows]))

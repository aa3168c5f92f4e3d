"""What a well-formed event must satisfy beyond its schema, on columns.

Streams and the ClickHouse sink use the same function, so both keep and refuse the same rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.codec import Refused
from schemas.event_ids import EventIds

YEAR_MS = 365 * 86_400_000
FUTURE_LIMIT_MS = 2 * YEAR_MS
FUTURE_FLAG_MS = 86_400_000
NOT_EMPTY = ("source", "opd", "kind")
NOT_NEGATIVE = ("amount", "reduction", "penalty", "physical_bp", "persons", "fee_paid", "fee_assessed")

Int64s = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


def refusals(columns: pa.RecordBatch, timestamps: Int64s, ids: EventIds) -> list[Refused]:
    """Rows of an event batch that must not be counted, each once, by row of ``columns``.

    ``timestamps`` are the records' timestamps (UTC ms), ``ids`` the column ``event_id`` as numbers. Of the other
    columns those are checked that are there. Error classes: BadEventId, MissingKey, NegativeAmount, FarFuture (more
    than two years after the record's timestamp).
    """
    if not columns.num_rows:
        return []
    names = columns.schema.names
    found: dict[int, Refused] = {}

    def note(mask: Bools, reason: str, column: str, advice: str) -> None:
        for row in np.flatnonzero(mask).tolist():
            value = repr(columns.column(column)[row].as_py()) if column in names else "?"
            found.setdefault(row, Refused(row, reason, f"{column} = {value}: {advice}"))

    if not ids.valid.all():
        note(~ids.valid, "BadEventId", "event_id", "must be a UUID in lower case")
    for name in NOT_EMPTY:
        if name in names and _some_empty(columns.column(name)):
            note(_mask(pc.equal(columns.column(name), "")), "MissingKey", name, "must not be empty")
    for name in NOT_NEGATIVE:
        if name in names and (pc.min(columns.column(name)).as_py() or 0) < 0:
            note(_mask(pc.less(columns.column(name), 0)), "NegativeAmount", name, "must not be negative")
    if "occurred_at" in names:
        ahead = columns.column("occurred_at").to_numpy() - timestamps
        if int(ahead.max()) > FUTURE_LIMIT_MS:
            note(
                ahead > FUTURE_LIMIT_MS,
                "FarFuture",
                "occurred_at",
                "more than two years ahead of its arrival; check the sender's clock",
            )
    return [found[row] for row in sorted(found)]


def is_future(columns: pa.RecordBatch, timestamps: Int64s) -> Bools:
    """Rows dated more than a day ahead of their arrival: accepted, flagged, and they fire nothing by themselves."""
    flagged: Bools = columns.column("occurred_at").to_numpy() > timestamps + FUTURE_FLAG_MS
    return flagged


def _some_empty(column: pa.Array) -> bool:
    """Whether any text may be empty, from the lengths alone; a null has none either."""
    if not pa.types.is_string(column.type):
        return True
    ends = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, 4 * column.offset)
    return bool((ends[1:] == ends[:-1]).any())


def _mask(column: pa.BooleanArray) -> Bools:
    mask: Bools = column.fill_null(False).to_numpy(zero_copy_only=False)
    return mask

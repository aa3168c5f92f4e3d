"""What a well-formed event must satisfy beyond its schema, on columns.

Streams and the ClickHouse sink use the same function, so both keep and refuse the same rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.codec import Refused

YEAR_MS = 365 * 86_400_000
FUTURE_LIMIT_MS = 2 * YEAR_MS
FUTURE_FLAG_MS = 86_400_000
UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
NOT_NEGATIVE = ("amount", "reduction", "penalty", "physical_bp", "persons", "fee_paid", "fee_assessed")


def refusals(columns: pa.RecordBatch, timestamps: np.ndarray[Any, np.dtype[np.int64]]) -> list[Refused]:
    """Rows of an event batch that must not be counted, each once, by row of ``columns``.

    ``timestamps`` are the records' timestamps (UTC ms). Error classes: BadEventId, MissingKey, NegativeAmount,
    FarFuture (more than two years after the record's timestamp).
    """
    found: dict[int, Refused] = {}

    def note(mask: pa.Array, reason: str, column: str, advice: str) -> None:
        for row in np.flatnonzero(mask.fill_null(False).to_numpy(zero_copy_only=False)):
            value = columns.column(column)[int(row)].as_py()
            found.setdefault(int(row), Refused(int(row), reason, f"{column} = {value!r}: {advice}"))

    note(
        pc.invert(pc.match_substring_regex(columns.column("event_id"), UUID_PATTERN)),
        "BadEventId",
        "event_id",
        "must be a UUID in lower case",
    )
    for name in ("source", "opd", "kind"):
        note(pc.equal(columns.column(name), ""), "MissingKey", name, "must not be empty")
    for name in NOT_NEGATIVE:
        if name in columns.schema.names:
            note(pc.less(columns.column(name), 0), "NegativeAmount", name, "must not be negative")
    late = pa.array(columns.column("occurred_at").to_numpy() > timestamps + FUTURE_LIMIT_MS)
    note(
        late, "FarFuture", "occurred_at", "more than two years ahead of its arrival; check the sender's clock"
    )
    return [found[row] for row in sorted(found)]


def is_future(
    columns: pa.RecordBatch, timestamps: np.ndarray[Any, np.dtype[np.int64]]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Rows dated more than a day ahead of their arrival: accepted, flagged, and they fire nothing by themselves."""
    flagged: np.ndarray[Any, np.dtype[np.bool_]] = (
        columns.column("occurred_at").to_numpy() > timestamps + FUTURE_FLAG_MS
    )
    return flagged

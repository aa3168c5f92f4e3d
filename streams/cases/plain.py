"""Events of a case as plain values, for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.cases.events import (
    AUTOMATIC,
    BACKFILL,
    LABELS,
    NEVER,
    NEW_DOCUMENTS,
    NO_AMOUNT,
    OFFICIAL,
    SIMULATED,
    Events,
    event_texts,
)
from streams.cases.words import Words


def plain_events(events: Events, words: Words, names: Words) -> Iterator[dict[str, Any]]:
    """Every event under the names of the contract; what it does not have is left out."""
    for row, event_id in zip(events, event_texts(events), strict=True):
        found = {
            "event_id": event_id,
            "occurred_at": int(row["at"]),
            "offset": int(row["offset"]),
            "clock": int(row["stamp"]),
            **{field: words.text(int(row[name])) for name, field in LABELS.items()},
            **{field: names.text(int(row[name])) for name, field in OFFICIAL.items()},
            "due_at": None if row["due_at"] == NEVER else int(row["due_at"]),
            **{
                name: None if row[name] == NO_AMOUNT else int(row[name])
                for name in ("fee_assessed", "fee_paid")
            },
            "mode": "backfill" if row["flags"] & BACKFILL else "live",
        }
        flags = {"simulated": SIMULATED, "automatic": AUTOMATIC, "new_documents": NEW_DOCUMENTS}
        found.update({name: True for name, bit in flags.items() if row["flags"] & bit})
        yield {name: value for name, value in found.items() if value not in (None, "")}

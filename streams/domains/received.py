"""What each source sent: its events, and how many of them were corrections, by the local day on which they happened.

Every event that is accepted and no repeat counts once and stays counted, also when a later one corrects it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from streams.cases.book import DAYS_BEFORE, day_of
from streams.days import local_days
from streams.engine.totals import Key, Totals

#: What is read of an event.
FIELDS = ("source", "occurred_at", "corrects")
EVENTS, CORRECTIONS = "events", "corrections"


def count_received(totals: Totals, domain: str, columns: pa.RecordBatch, zone: str) -> None:
    """Add the rows of a chunk that are sound."""
    sources = columns.column("source").dictionary_encode()
    days = local_days(columns.column("occurred_at").to_numpy(), zone) + DAYS_BEFORE
    places = (sources.indices.to_numpy().astype(np.int64) << 32) | days
    corrections = columns.column("corrects").is_valid().to_numpy(zero_copy_only=False)
    for what, rows in ((EVENTS, places), (CORRECTIONS, places[corrections])):
        for place, number in zip(
            *(found.tolist() for found in np.unique(rows, return_counts=True)), strict=True
        ):
            source, day = sources.dictionary[place >> 32].as_py(), day_of((place & 0xFFFFFFFF) - DAYS_BEFORE)
            totals.add(Key(f"{domain}.{what}", "source", source, day.isoformat()), number)

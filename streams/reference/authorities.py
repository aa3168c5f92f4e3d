"""Which standing events count where the profile says which of two sources is right."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from schemas.profile import Profile
from streams.reference.received import Received


def counting(domain: str, received: Iterable[Received], profile: Profile) -> list[Received]:
    """Those that no row of ``fact_sources.csv`` leaves out."""
    found = []
    for event in received:
        record = event.record
        day = date.fromisoformat(profile.local_day(record["occurred_at"]))
        rows = [r for r in profile.fact_sources if (r.domain, r.kind) == (domain, record["kind"])]
        if not any(row.holds(day) and row.covers(record["source"]) for row in rows):
            found.append(event)
    return found

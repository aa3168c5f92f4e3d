"""Activities from their standing events: the latest report of each, as differences."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from schemas.profile import Profile
from streams.reference.received import Figure, Received, add


def figures(events: list[Received], profile: Profile) -> Counter[Figure]:
    """Count, physical and planned progress."""
    found: Counter[Figure] = Counter()
    reports: defaultdict[tuple[object, ...], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        e = event.record
        if e["kind"] in ("progress", "handover"):
            reports[(e["fiscal_year"], e["opd"], e["sub_activity"])].append(e)
    for mine in reports.values():
        mine.sort(key=lambda e: (e["occurred_at"], e["event_id"]))
        physical = planned = count = 0
        for e in mine:
            day = profile.local_day(e["occurred_at"])
            where = {"opd": e["opd"], "sub_activity": e["sub_activity"]}
            plan = planned if e["planned_bp"] is None else e["planned_bp"]
            add(found, "activities.count", day, 1 - count, where)
            add(found, "activities.physical_bp", day, e["physical_bp"] - physical, where)
            add(found, "activities.planned_bp", day, plan - planned, where)
            count, physical, planned = 1, e["physical_bp"], plan
    return found

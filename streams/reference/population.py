"""Population from its standing events, one at a time."""

from __future__ import annotations

from collections import Counter

from schemas.profile import Profile
from streams.reference.received import Figure, Received, add

_EFFECT = {"births": 1, "deaths": -1, "arrivals": 1, "departures": -1}


def figures(events: list[Received], profile: Profile) -> Counter[Figure]:
    """Births, deaths, arrivals, departures, net, and what villages reported beyond the registry."""
    found: Counter[Figure] = Counter()

    def inside(village: str | None) -> str | None:
        return village if village is not None and village.startswith(profile.code + ".") else None

    for event in events:
        e = event.record
        kind, persons, day = e["kind"], e["persons"], profile.local_day(e["occurred_at"])
        if kind not in ("birth", "death", "move"):
            continue
        origin, destination = inside(e["origin_village"]), inside(e["destination_village"])
        place = e["village"] if kind != "move" else destination or origin
        pending = "population.reported_unregistered"
        if e["status"] == "reported":
            add(found, pending, day, persons, {"village": place})
            continue
        if e["report_id"] is not None:
            add(found, pending, day, -persons, {"village": place})
        changes: list[tuple[str, str | None]] = []
        if kind == "birth":
            changes = [("births", place)]
        elif kind == "death":
            changes = [("deaths", place)]
        elif origin != destination:
            changes = [("arrivals", destination)] if destination else []
            changes += [("departures", origin)] if origin else []
        for change, village in changes:
            for metric, amount in ((change, persons), ("net", _EFFECT[change] * persons)):
                if kind != "move" or not (origin and destination):
                    found[(f"population.{metric}", "total", "", day)] += amount
                if village:
                    found[(f"population.{metric}", "village", village, day)] += amount
    return found

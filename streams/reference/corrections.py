"""Which events stand and which belong together, by following every correction in the order of arrival; and who corrects
how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from schemas.profile import Profile
from streams.reference.received import Figure, Received


def sound(received: Sequence[Received], key: tuple[str, ...]) -> list[Received]:
    """Without what corrects an event of another source: an earlier arrival of the same partition and key."""
    source_of: dict[tuple[object, ...], str] = {}
    found = []
    for event in sorted(received, key=lambda e: (e.partition, e.offset)):
        record = event.record
        place = (event.partition, *(record[name] for name in key))
        if source_of.get((*place, record["corrects"]), record["source"]) == record["source"]:
            source_of.setdefault((*place, record["event_id"]), record["source"])
            found.append(event)
    return found


def standing(received: Sequence[Received], key: tuple[str, ...]) -> list[Received]:
    """The events that no later arrival of the same partition and key replaced."""
    return [chain[-1] for chain in _chains(received, key)]


def chains(received: Sequence[Received], key: tuple[str, ...]) -> list[str]:
    """For each event the id of the first one of its chain: the one that it, or what it corrects, corrects."""
    first = {
        (event.partition, event.offset): chain[0].record["event_id"]
        for chain in _chains(received, key)
        for event in chain
    }
    return [first[event.partition, event.offset] for event in received]


def _chains(received: Sequence[Received], key: tuple[str, ...]) -> list[list[Received]]:
    """Every event with all that corrected it, in order of arrival."""
    groups: list[list[Received]] = []
    group_of: dict[tuple[object, ...], list[Received]] = {}
    for event in sorted(received, key=lambda e: (e.partition, e.offset)):
        record = event.record
        place = (event.partition, *(record[name] for name in key))
        group = group_of.get((*place, record["corrects"])) if record["corrects"] else None
        if group is None:
            group = []
            groups.append(group)
        group.append(event)
        group_of[(*place, record["event_id"])] = group
    return groups


def by_source(domain: str, received: Sequence[Received], profile: Profile) -> Counter[Figure]:
    """All events, and those that correct another, on the days they happened; none is taken back."""
    found: Counter[Figure] = Counter()
    for event in received:
        source, day = event.record["source"], profile.local_day(event.record["occurred_at"])
        found[f"{domain}.events", "source", source, day] += 1
        if event.record["corrects"] is not None:
            found[f"{domain}.corrections", "source", source, day] += 1
    return found

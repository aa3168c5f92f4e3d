"""Silent sources, from the records of ``permits.steps``: what is missing meanwhile is not told (decision 17).

Each partition knows a source by the records that it holds itself, in the order of arrival, at the clock of the partition.
A source is silent once the clock has passed its last record by more than it may be silent, until a record comes that is
no older than the source's lateness (a minute at least); those in between are catching up. Where the profile declares no
``silent_minutes`` the source must have been heard for ten times that long before, without a pause longer than it may be
silent; where a past period is read again such a source is never silent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.profile import Profile, Source
from schemas.profile.silence import after, silent_from
from streams.reference.received import Received

STEADY = 10
MINUTE_MS = 60_000


class Silences(NamedTuple):
    """``since`` is the clock at the last record before the silence that goes on, by partition and source, of those that
    are silent; ``catching_up`` are the records (partition, offset) that came during one."""

    since: Mapping[tuple[int, str], int]
    catching_up: frozenset[tuple[int, int]]


#: Nobody is silent.
NONE = Silences({}, frozenset())


def silences(
    received: Sequence[Received], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> Silences:
    """Who is silent at ``until_ms``, the clock or the clock of each partition. Timestamps are clocks of partitions."""
    heard: defaultdict[tuple[int, str], list[Received]] = defaultdict(list)
    for event in sorted(received, key=lambda e: (e.partition, e.offset)):
        heard[event.partition, event.record["source"]].append(event)
    found: dict[tuple[int, str], int] = {}
    behind: set[tuple[int, int]] = set()
    for (partition, name), records in heard.items():
        source = profile.sources.get(name)
        if source is None or source.domain != "permits" or (source.silent_minutes is None and event_clock):
            continue
        clock = until_ms if isinstance(until_ms, int) else until_ms[partition]
        lateness = max(0 if event_clock else profile.lateness_ms(name), MINUTE_MS)
        since, late = _listen(source, records, profile, clock, lateness)
        behind.update((partition, offset) for offset in late)
        if since is not None:
            found[partition, name] = since
    return Silences(found, frozenset(behind))


def _listen(
    source: Source, records: Sequence[Received], profile: Profile, clock: int, lateness: int
) -> tuple[int | None, list[int]]:
    """Since when one source is silent for one partition at a clock, and the offsets of what came while it caught up."""
    since: int | None = None
    behind = []
    last = steady = records[0].timestamp
    least = source.allowance_minutes * MINUTE_MS  # working time never runs faster than the clock
    for event in records:
        if event.timestamp - last > least and event.timestamp > silent_from(profile.calendar, source, last):
            if since is None and _counts(source, steady, last, profile):
                since = last
            steady = event.timestamp
        if since is not None:
            if event.timestamp - event.record["occurred_at"] <= lateness:
                since = None
            else:
                behind.append(event.offset)
        last = event.timestamp
    if since is None and clock > silent_from(profile.calendar, source, last):
        since = last if _counts(source, steady, last, profile) else None
    return since, behind


def _counts(source: Source, steady: int, last: int, profile: Profile) -> bool:
    """Whether a silence after ``last`` means anything: the source said how long it may be silent, or was heard long
    enough since ``steady``."""
    long_enough = after(profile.calendar, source, steady, source.allowance_minutes * STEADY)
    return source.silent_minutes is not None or last >= long_enough

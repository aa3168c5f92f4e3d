"""How fresh is what people see: data time per source, pipeline time, link time, and the words for them.

Pure: the clock is passed in. Thresholds come from each source's declared cadence and working calendar, so a permit
office that is silent at night or on a holiday is not stale. The third clock, the link, is the browser's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.profile import Profile, Source
from sinks.wallboard import format as words

#: A pipeline that has not processed what arrived this long ago is late.
PIPELINE_LIMIT_MS = 10_000
#: A source may be this many of its cadences silent, working time only, before its data is old.
PATIENCE = 2.0
_FULL_DAY_MINUTES = 1440
_MINUTE = 60_000


class Freshness(StrEnum):
    """The words on the screen; TERPUTUS is the browser's own."""

    LIVE = "LANGSUNG"
    DELAYED = "TERTUNDA"
    OLD = "DATA LAMA"
    CUT = "TERPUTUS"


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source: when it was last heard of and how old its newest event is (UTC ms, None where never)."""

    source: str
    name: str
    opd: str
    domain: str
    heard_at: int | None
    event_at: int | None
    fresh: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What the feed knows about its own way. Instants are UTC ms, None while unknown.

    ``behind_since`` is when the workers were first seen not to have processed what had arrived.
    """

    snapshot_at: int | None = None
    kafka: bool = False
    behind_since: int | None = None
    workers: bool = True

    def state(self, now: int) -> tuple[Freshness, str]:
        """The board's word and the reason for it, in words for the wall."""
        if self.snapshot_at is None:
            return Freshness.DELAYED, "menunggu data dari gudang data"
        if not self.kafka:
            return Freshness.DELAYED, f"jalur data terputus, angka per {words.age(now - self.snapshot_at)} lalu".replace(
                "baru saja lalu", "baru saja"
            )
        if not self.workers:
            return Freshness.DELAYED, "pengolah data berhenti"
        if self.behind_since is not None and now - self.behind_since > PIPELINE_LIMIT_MS:
            return Freshness.DELAYED, f"pengolahan tertinggal {words.age(now - self.behind_since)}"
        return Freshness.LIVE, ""

    def lag_ms(self, now: int) -> int:
        """Pipeline time: how long the oldest unprocessed arrival has been waiting; 0 when there is none."""
        return 0 if self.behind_since is None else max(0, now - self.behind_since)


def source_states(
    profile: Profile, heard: Mapping[str, int], events: Mapping[str, int], now: int
) -> list[SourceState]:
    """Every declared source with its state. ``heard`` has the last heartbeat, ``events`` the last event, UTC ms."""
    states = []
    for source in profile.sources.values():
        beat, event = heard.get(source.id), events.get(source.id)
        last = max((t for t in (beat, event) if t is not None), default=None)
        fresh, reason = _judge(profile, source, last, now)
        states.append(
            SourceState(source.id, source.name, source.opd, source.domain, last, event, fresh, reason)
        )
    return states


def _judge(profile: Profile, source: Source, last: int | None, now: int) -> tuple[bool, str]:
    if last is None:
        return False, "belum pernah melapor"
    if last >= now or silent_cadences(profile, source, last, now) <= PATIENCE:
        return True, ""
    return False, f"tidak melapor {words.since(last, now, profile.timezone)}"


def silent_cadences(profile: Profile, source: Source, last: int, now: int) -> float:
    """How many of its cadences a source has been silent, in its working time.

    A cadence of a day or more counts working days; a shorter one counts working minutes.
    """
    cadence = max(1, source.cadence_minutes)
    if cadence >= _FULL_DAY_MINUTES:
        return float(profile.calendar.elapsed(last, now)) / (cadence / _FULL_DAY_MINUTES)
    return float(profile.calendar.minutes(last, now)) / cadence


def reporting(profile: Profile, states: list[SourceState]) -> tuple[list[str], list[str]]:
    """Department codes that report with all their sources, and those that do not."""
    silent = {s.opd for s in states if not s.fresh}
    all_opds = {s.opd for s in states}
    order = list(profile.departments)
    place = {code: i for i, code in enumerate(order)}
    good = sorted(all_opds - silent, key=lambda c: place.get(c, len(order)))
    return good, sorted(silent, key=lambda c: place.get(c, len(order)))


def domain_age(states: list[SourceState], domain: str) -> tuple[int | None, bool]:
    """Newest event of a domain's sources (UTC ms or None), and whether all its sources are silent."""
    of_domain = [s for s in states if s.domain == domain]
    newest = max((s.event_at for s in of_domain if s.event_at is not None), default=None)
    return newest, bool(of_domain) and not any(s.fresh for s in of_domain)

"""How fresh a source is, in one word. Pure: the clock is passed in.

The threshold comes from what the source declared: its cadence, counted in its working time, so that a permit office
which is silent at night or on a holiday is not stale.
"""

from __future__ import annotations

from schemas.profile import Profile, Source
from schemas.profile.silence import DAY_MINUTES, PATIENCE
from sinks.wallboard.state import SourceState

LIVE = "LANGSUNG"
OLD = "DATA LAMA"
NEVER = "BELUM PERNAH"


def of_source(source: Source, known: SourceState | None, profile: Profile, now: int) -> str:
    """LANGSUNG, DATA LAMA or BELUM PERNAH at ``now`` (UTC ms)."""
    if known is None or not known.heard_at:
        return NEVER
    return LIVE if silent_cadences(source, known.heard_at, profile, now) <= PATIENCE else OLD


def silent_cadences(source: Source, heard_at: int, profile: Profile, now: int) -> float:
    """How many of its cadences a source has been silent, in working time.

    A cadence of a day or more counts working days, a shorter one working minutes.
    """
    if heard_at >= now:
        return 0.0
    if source.cadence_minutes >= DAY_MINUTES:
        return profile.calendar.elapsed(heard_at, now) / (source.cadence_minutes / DAY_MINUTES)
    return profile.calendar.minutes(heard_at, now) / max(source.cadence_minutes, 0.1)

"""Announced loads of history, as the entries of ``nadi.access`` make them: which source may send old events of which days.

Old is what the profile says: the dated setting ``gateway.history_days`` of ``thresholds.toml``, of one source or of all.
Without it nothing is old by itself, and only events that call themselves history (``mode = backfill``) need to be announced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from producers.access.entries import BACKFILL_ANNOUNCED, BACKFILL_CLOSED, Entry
from schemas.profile import Profile

#: The dated setting of the profile; its value is in days.
OLD = "gateway.history_days"
DAY_MS = 86_400_000
#: The Kafka header of an event that came under an announcement; its value is the announcement's id.
HEADER = "nadi_backfill"
HISTORY = "backfill"
State = Literal["open", "closed"]


class TooOld(NamedTuple):
    """Why an event of the past may not come in: the code of the error table, the field of the contract that says so, and a
    sentence (Bahasa Indonesia)."""

    code: str
    field: str
    sentence: str


NOT_ANNOUNCED = TooOld(
    "backfill-not-announced",
    "occurred_at",
    "kejadian lama yang belum diumumkan; minta Diskominfo mengumumkan riwayat sumber ini, atau perbaiki tanggalnya",
)
NOT_MARKED = TooOld("backfill-mode", "mode", 'wajib "backfill" untuk kejadian setua ini')


@dataclass(frozen=True, slots=True)
class Announced:
    """One load. ``first`` and ``last`` are local days, both included; times are UTC ms."""

    id: str
    source: str
    first: date
    last: date
    reason: str
    at: int
    who: str
    closed_at: int | None = None
    closed_by: str = ""

    @property
    def state(self) -> State:
        return "open" if self.closed_at is None else "closed"

    def announced(self) -> dict[str, str]:
        """What the entry that announces it says."""
        return {
            "source": self.source,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "reason": self.reason,
        }


class Backfills:
    """All loads by id. ``apply`` may be called while others read: a load is replaced as a whole."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.loads: Mapping[str, Announced] = {}
        self._since = lru_cache(4096)(self._oldest)

    def apply(self, entry: Entry) -> None:
        """Take one entry. Raises ValueError, KeyError or TypeError for one that makes no sense; others are ignored."""
        known = self.loads.get(entry.subject)
        if entry.kind == BACKFILL_ANNOUNCED and known is None:
            first, last = (date.fromisoformat(str(entry.values[name])) for name in ("from", "to"))
            made = Announced(
                entry.subject,
                str(entry.values["source"]),
                first,
                last,
                str(entry.values.get("reason", "")),
                entry.at,
                entry.who,
            )
            self.loads = {**self.loads, made.id: made}
        elif entry.kind == BACKFILL_CLOSED and known is not None and known.closed_at is None:
            closed = replace(known, closed_at=entry.at, closed_by=entry.who)
            self.loads = {**self.loads, closed.id: closed}

    def open(self, source: str) -> Iterator[Announced]:
        """The loads of a source that go on."""
        return (load for load in self.loads.values() if load.source == source and load.state == "open")

    def covering(self, source: str, at: int) -> Announced | None:
        """The load of a source in whose days an instant (UTC ms) lies, None where none does."""
        loads = list(self.open(source))
        if not loads:
            return None
        try:
            day = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._profile.timezone).date()
        except (OverflowError, ValueError, OSError):
            return None
        return next((load for load in loads if load.first <= day <= load.last), None)

    def concerns(self, source: str, at: int, mode: str, now: int) -> bool:
        """Whether an event needs an announcement: it calls itself history, or is old at ``now`` (times are UTC ms)."""
        return mode == HISTORY or self.is_old(source, at, now)

    def judge(self, source: str, at: int, mode: str, now: int) -> Announced | TooOld | None:
        """The announcement that an event comes under, or why it may not come; None for one that needs none."""
        if not self.concerns(source, at, mode, now):
            return None
        announced = self.covering(source, at)
        if announced is None:
            return NOT_ANNOUNCED
        return announced if mode == HISTORY else NOT_MARKED

    def is_old(self, source: str, at: int, now: int) -> bool:
        """Whether an event of that instant is older at ``now`` than its source may send unannounced (both UTC ms)."""
        oldest = self._since(source, now // DAY_MS)
        return oldest is not None and at < oldest

    def _oldest(self, source: str, today: int) -> int | None:
        day = datetime.fromtimestamp(today * DAY_MS / 1000, UTC).date()
        row = self._profile.threshold_row(OLD, day, source=source)
        return None if row is None else round((today - row.value) * DAY_MS)

"""What a key has sent today, and how fast it may go on.

The day's counts stand in a small SQLite file that all gateway processes of a machine share: they outlive a kill -9 of any
of them (not a loss of power: the last moments may be missing then, in the sender's favour). Gateways on several machines
count each for itself. The bucket of requests per second is in memory, each process has its own. A request counts when
it is let in, whether or not its events are good; a repeat counts again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from producers.access.caller import Caller, Left
from producers.access.refusals import refused

DAYS_KEPT = 40
_TABLE = (
    "CREATE TABLE IF NOT EXISTS spent (day TEXT, key_id TEXT, events INTEGER NOT NULL, bytes INTEGER NOT NULL, "
    "PRIMARY KEY (day, key_id)) WITHOUT ROWID"
)
_ADD = (
    "INSERT INTO spent VALUES (:day, :key, :events, :bytes) ON CONFLICT (day, key_id) DO UPDATE SET "
    "events = events + :events, bytes = bytes + :bytes "
    "WHERE events + :events <= :most_events AND bytes + :bytes <= :most_bytes RETURNING events, bytes"
)


class Days:
    """Local days of a zone; the last one asked for is remembered."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._last = ("", 0, 0)

    def day(self, now: int) -> tuple[str, int]:
        """The local day (``YYYY-MM-DD``) of an instant (UTC ms), and the instant at which the next one begins."""
        name, begin, end = self._last
        if not begin <= now < end:
            local = datetime.fromtimestamp(now / 1000, UTC).astimezone(self._zone).date()
            begin, end = (
                round(datetime.combine(day, time(), self._zone).timestamp() * 1000)
                for day in (local, local + timedelta(days=1))
            )
            name = local.isoformat()
            self._last = (name, begin, end)
        return name, end


class Quotas:
    """Counts what keys send. ``path`` is the shared file; None counts in memory. Safe to share between threads."""

    def __init__(self, days: Days, path: Path | None = None) -> None:
        self._days = days
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._counts = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=5
        )
        self._counts.execute("PRAGMA journal_mode = WAL")
        self._counts.execute("PRAGMA synchronous = OFF")
        self._counts.execute(_TABLE)
        self._buckets: dict[str, tuple[float, int]] = {}
        self._today = ""

    def spend(self, caller: Caller, events: int, size: int, now: int) -> Left:
        """Count a request; ``size`` is bytes, ``now`` UTC ms. Raises RefusedError, and then nothing is counted."""
        quota = caller.quota
        if events > quota.batch:
            raise refused("batch-too-large", events=events, limit=quota.batch)
        day, end = self._days.day(now)
        seconds = max(1, -(-(end - now) // 1000))
        with self._lock:
            if day != self._today:
                self._forget(now)
                self._today = day
            spent = self._bucket(caller, now)
            used = self._count(caller, day, events, size, seconds)
            spent()
        return Left(quota.events_per_day, quota.events_per_day - used, seconds)

    def today(self, key_id: str, now: int) -> tuple[int, int]:
        """Events and bytes that a key has sent on the local day."""
        with self._lock:
            return self._read(self._days.day(now)[0], key_id)

    def close(self) -> None:
        self._counts.close()

    def _count(self, caller: Caller, day: str, events: int, size: int, seconds: int) -> int:
        quota = caller.quota
        values = {
            "day": day,
            "key": caller.key_id,
            "events": events,
            "bytes": size,
            "most_events": quota.events_per_day,
            "most_bytes": quota.bytes_per_day,
        }
        first = events <= quota.events_per_day and size <= quota.bytes_per_day
        row = self._counts.execute(_ADD, values).fetchone() if first else None
        if row is not None:
            return int(row[0])
        sent_events, _ = self._read(day, caller.key_id)
        if sent_events + events > quota.events_per_day:
            raise refused("events-per-day", seconds, limit=_number(quota.events_per_day))
        raise refused("bytes-per-day", seconds, limit=_number(quota.bytes_per_day))

    def _bucket(self, caller: Caller, now: int) -> Callable[[], None]:
        """Refuse a request for which there is no token; what is returned takes the token."""
        rate = caller.quota.requests_per_second
        most = max(1.0, rate)
        tokens, since = self._buckets.get(caller.key_id, (most, now))
        tokens = min(most, tokens + max(0, now - since) / 1000 * rate)
        if tokens < 1:
            raise refused("too-many-requests", (1 - tokens) / rate, limit=f"{rate:g}".replace(".", ","))

        def take() -> None:
            self._buckets[caller.key_id] = (tokens - 1, max(now, since))

        return take

    def _read(self, day: str, key_id: str) -> tuple[int, int]:
        row = self._counts.execute(
            "SELECT events, bytes FROM spent WHERE day = ? AND key_id = ?", (day, key_id)
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def _forget(self, now: int) -> None:
        before = self._days.day(now - DAYS_KEPT * 86_400_000)[0]
        self._counts.execute("DELETE FROM spent WHERE day < ?", (before,))


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")

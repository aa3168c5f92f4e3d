"""What a key has sent today, and how fast it may go on.

The day's counts stand in a small SQLite file that all gateway processes of a machine share. Each counts in memory and adds
to the file a few times a second, for a write a request would cost more than the rest of a request's checks: after a kill -9
or a loss of power the last moments are missing, in the sender's favour. Gateways on several machines count each for itself. The bucket of requests per second is in memory, each process has its own. A request counts when
it is let in, whether or not its events are good; a repeat counts again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from producers.access.caller import Caller, Left
from producers.access.refusals import refused

log: Any = structlog.get_logger(__name__)

DAYS_KEPT = 40
WRITE_EVERY_MS = 200
_TABLE = (
    "CREATE TABLE IF NOT EXISTS spent (day TEXT, key_id TEXT, events INTEGER NOT NULL, bytes INTEGER NOT NULL, "
    "PRIMARY KEY (day, key_id)) WITHOUT ROWID"
)
_ADD = (
    "INSERT INTO spent VALUES (?, ?, ?, ?) ON CONFLICT (day, key_id) DO UPDATE SET "
    "events = events + excluded.events, bytes = bytes + excluded.bytes"
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


@dataclass(slots=True)
class _Count:
    """A key's day: what is known of it in all, and how much of that is not in the file yet."""

    events: int
    bytes: int
    new_events: int = 0
    new_bytes: int = 0


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
        self._open: dict[tuple[str, str], _Count] = {}
        self._written = 0
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
            if abs(now - self._written) >= WRITE_EVERY_MS:
                self._write(now)
        return Left(quota.events_per_day, quota.events_per_day - used, seconds)

    def today(self, key_id: str, now: int) -> tuple[int, int]:
        """Events and bytes that a key has sent on the local day."""
        with self._lock:
            found = self._of(self._days.day(now)[0], key_id)
            return found.events, found.bytes

    def close(self) -> None:
        """Write what is not written yet."""
        with self._lock:
            self._write(self._written)
            self._counts.close()

    def _count(self, caller: Caller, day: str, events: int, size: int, seconds: int) -> int:
        quota, found = caller.quota, self._of(day, caller.key_id)
        if found.events + events > quota.events_per_day:
            raise refused("events-per-day", seconds, limit=_number(quota.events_per_day))
        if found.bytes + size > quota.bytes_per_day:
            raise refused("bytes-per-day", seconds, limit=_number(quota.bytes_per_day))
        found.events += events
        found.bytes += size
        found.new_events += events
        found.new_bytes += size
        return found.events

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

    def _of(self, day: str, key_id: str) -> _Count:
        found = self._open.get((day, key_id))
        if found is None:
            row = self._counts.execute(
                "SELECT events, bytes FROM spent WHERE day = ? AND key_id = ?", (day, key_id)
            ).fetchone()
            found = self._open[day, key_id] = _Count(*row) if row else _Count(0, 0)
        return found

    def _write(self, now: int) -> None:
        """Add what is new to the file; what others have added since is read when it is asked for next."""
        rows = [
            (*key, one.new_events, one.new_bytes)
            for key, one in self._open.items()
            if one.new_events or one.new_bytes
        ]
        self._written = now
        try:
            if rows:
                self._counts.execute("BEGIN IMMEDIATE")
                self._counts.executemany(_ADD, rows)
                self._counts.execute("COMMIT")
        except sqlite3.Error as error:  # counting goes on in memory
            log.error("what keys have sent today is not written", error=str(error))
            if self._counts.in_transaction:
                self._counts.rollback()
        else:
            self._open.clear()

    def _forget(self, now: int) -> None:
        before = self._days.day(now - DAYS_KEPT * 86_400_000)[0]
        self._counts.execute("DELETE FROM spent WHERE day < ?", (before,))


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")

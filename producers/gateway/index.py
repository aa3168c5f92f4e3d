"""What was accepted in the last days: a projection of the topics, in memory, by event id and source.

One row is the event id (16 bytes), a hash of its source (8), the hash of its value, its place and time, in SQLite's
memory: 94 bytes an event, measured over a million.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

DAY_MS = 86_400_000
RETENTION_MS = 7 * DAY_MS
MOST_ASKED = 500
SLICES = 256

_TABLE = """CREATE TABLE accepted (key BLOB PRIMARY KEY, hash BLOB, topic INT, part INT, off INT, at INT, opd INT)
WITHOUT ROWID"""
_ADD = "INSERT OR IGNORE INTO accepted VALUES (?, ?, ?, ?, ?, ?, ?)"


class Place(NamedTuple):
    """Where an event stands: cluster topic without the prefix, ``hash`` of its value (SHA-256), ``at`` UTC ms."""

    hash: bytes
    topic: str
    partition: int
    offset: int
    at: int
    opd: str


def key_of(event_id: str, source: str) -> bytes:
    """The key of an event, from its canonical id and its source: 24 bytes."""
    return bytes.fromhex(event_id.replace("-", "")) + _source(source)


@lru_cache(4096)
def _source(source: str) -> bytes:
    return hashlib.blake2b(source.encode(), digest_size=8).digest()


class Index:
    """Receipts by key; safe to share between threads."""

    def __init__(self, retention_ms: int = RETENTION_MS) -> None:
        self.retention_ms = retention_ms
        self._rows = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._rows.execute(_TABLE)
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._slice = 0
        self._adding = threading.Lock()

    def __len__(self) -> int:
        return int(self._rows.execute("SELECT count(*) FROM accepted").fetchone()[0])

    def add(self, rows: Iterable[tuple[bytes, Place]]) -> None:
        """Remember receipts; the first of a key stands."""
        number = self._number
        with self._adding:
            values = [
                (key, digest, number(topic), partition, offset, at, number(opd))
                for key, (digest, topic, partition, offset, at, opd) in rows
            ]
            if len(values) == 1:
                self._rows.execute(_ADD, values[0])
                return
            self._rows.execute("BEGIN")
            self._rows.executemany(_ADD, values)
            self._rows.execute("COMMIT")

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Place]:
        """The receipts of those keys that are known."""
        found: dict[bytes, Place] = {}
        for start in range(0, len(keys), MOST_ASKED):
            part = keys[start : start + MOST_ASKED]
            marks = ",".join("?" * len(part))
            for row in self._rows.execute(f"SELECT * FROM accepted WHERE key IN ({marks})", part):  # noqa: S608
                found[row[0]] = self._place(row)
        return found

    def by_id(self, event_id: str, opd: str | None = None) -> list[Place]:
        """The receipts of an event id from any source, of one department or all."""
        low = bytes.fromhex(event_id.replace("-", ""))
        rows = self._rows.execute(
            "SELECT * FROM accepted WHERE key BETWEEN ? AND ?", (low + bytes(8), low + b"\xff" * 8)
        )
        return [place for place in map(self._place, rows) if opd in (None, place.opd)]

    def forget(self, now: int) -> None:
        """Drop what is older than the retention, a 256th of the keys a call: call it every few minutes."""
        low, high = bytes([self._slice]), bytes([self._slice]) + b"\xff" * 24
        self._rows.execute(
            "DELETE FROM accepted WHERE key BETWEEN ? AND ? AND at < ?", (low, high, now - self.retention_ms)
        )
        self._slice = (self._slice + 1) % SLICES

    def _number(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    def _place(self, row: tuple[bytes, bytes, int, int, int, int, int]) -> Place:
        _, digest, topic, partition, offset, at, opd = row
        return Place(digest, self._names[topic], partition, offset, at, self._names[opd])

"""What was refused, by department: in a small SQLite file, because it never reaches Kafka and should outlive the process.

A loss of power may take the last moments.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from producers.gateway.envelope import Envelope
from producers.gateway.problems import Problem
from producers.redaction import mask, masked

DAY_MS = 86_400_000
KEPT_DAYS = 30
SHOWN = 100
KEPT = 500
#: Most refusals of one request that are kept one by one; all of them are counted.
MOST_EACH = 20

log: Any = structlog.get_logger(__name__)

_TABLES = """
CREATE TABLE IF NOT EXISTS refused (n INTEGER PRIMARY KEY, at INTEGER, opd TEXT, key_id TEXT, sandbox INTEGER,
    source TEXT, type TEXT, id TEXT, problem TEXT);
CREATE INDEX IF NOT EXISTS refused_of ON refused (opd, n);
CREATE TABLE IF NOT EXISTS counted (day INTEGER, opd TEXT, source TEXT, events INTEGER,
    PRIMARY KEY (day, opd, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
"""


class Refused(NamedTuple):
    """One refusal. ``problem`` is the document that the sender was given."""

    at: int
    key_id: str
    sandbox: bool
    source: str
    type: str
    id: str
    problem: dict[str, Any]


class Refusals:
    """Safe to share between threads. ``path`` is the file, None keeps them in memory; they are counted by the declared
    ``sources``, what names another source under none. ``now`` is UTC ms."""

    def __init__(self, path: Path | None, now: int, sources: Collection[str]) -> None:
        self._lock = threading.Lock()
        self._sources = frozenset(sources)
        self._pruned = 0
        try:
            self._rows = _opened(path, now)
        except (OSError, sqlite3.Error) as error:  # events are taken all the same
            log.error("refusals are kept in memory alone", path=str(path), error=str(error))
            self._rows = _opened(None, now)
        since = self._rows.execute("SELECT value FROM facts WHERE name = 'since'").fetchone()[0]
        #: When the file was begun (UTC ms); what is older than ``KEPT_DAYS`` is forgotten.
        self.since = int(since)

    def add(
        self,
        opd: str,
        key_id: str,
        sandbox: bool,
        refused: Sequence[tuple[Envelope | None, Problem]],
        now: int,
    ) -> None:
        """Keep refusals of a department (empty: of nobody that was recognised), each with its event where there was one.

        Where they cannot be kept that is logged: the answer to the sender does not depend on it."""
        each = [
            (
                now,
                opd,
                key_id,
                sandbox,
                *_named(event),
                msgspec.json.encode(masked(problem.document())).decode(),
            )
            for event, problem in refused[:MOST_EACH]
        ]
        counts: dict[str, int] = {}
        if not sandbox:
            for event, _ in refused:
                source = event.source if event is not None and event.source in self._sources else ""
                counts[source] = counts.get(source, 0) + 1
        with self._lock:
            try:
                self._keep(opd, each, counts, now)
            except sqlite3.Error as error:
                log.error("refusals not kept", refused=len(refused), error=str(error))
                if self._rows.in_transaction:
                    self._rows.rollback()

    def _keep(self, opd: str, each: Sequence[tuple[Any, ...]], counts: dict[str, int], now: int) -> None:
        today = now // DAY_MS
        self._rows.execute("BEGIN")
        self._rows.executemany(
            "INSERT INTO refused (at, opd, key_id, sandbox, source, type, id, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            each,
        )
        self._rows.executemany(
            "INSERT INTO counted VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events",
            [(today, opd, source, events) for source, events in counts.items()],
        )
        self._rows.execute(
            "DELETE FROM refused WHERE opd = ? AND n <= (SELECT n FROM refused WHERE opd = ? ORDER BY n DESC "
            "LIMIT 1 OFFSET ?)",
            (opd, opd, KEPT),
        )
        if today != self._pruned:
            self._rows.execute("DELETE FROM refused WHERE at < ?", (now - KEPT_DAYS * DAY_MS,))
            self._rows.execute("DELETE FROM counted WHERE day <= ?", (today - KEPT_DAYS,))
            self._pruned = today
        self._rows.execute("COMMIT")

    def of(self, opd: str, *, sandbox: bool | None = None) -> list[Refused]:
        """The last refusals of a department (empty: of nobody that was recognised), the newest first."""
        rows = self._rows.execute(
            "SELECT at, key_id, sandbox, source, type, id, problem FROM refused WHERE opd = ? AND sandbox IN (?, ?) "
            "ORDER BY n DESC LIMIT ?",
            (opd, int(bool(sandbox)), int(sandbox is None or sandbox), SHOWN),
        )
        return [
            Refused(at, key, bool(trial), source, type_, id_, msgspec.json.decode(problem))
            for at, key, trial, source, type_, id_, problem in rows
        ]

    def counts(self, now: int) -> dict[tuple[str, str], int]:
        """How many events of (department, source) were refused in the last ``KEPT_DAYS``."""
        return _counts(self._rows, now)


def _opened(path: Path | None, now: int) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    rows = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1)
    rows.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_TABLES}")
    rows.execute("INSERT OR IGNORE INTO facts VALUES ('since', ?)", (now,))
    return rows


def refused_in(path: Path, now: int) -> dict[tuple[str, str], int] | None:
    """``Refusals.counts`` from the file of a gateway that may be running; None where there is none."""
    if not path.exists():
        return None
    rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        return _counts(rows, now)
    except sqlite3.Error:
        return None
    finally:
        rows.close()


def _counts(rows: sqlite3.Connection, now: int) -> dict[tuple[str, str], int]:
    found = rows.execute(
        "SELECT opd, source, sum(events) FROM counted WHERE day > ? GROUP BY opd, source",
        (now // DAY_MS - KEPT_DAYS,),
    )
    return {(opd, source): int(events) for opd, source, events in found}


def _named(event: Envelope | None) -> tuple[str, str, str]:
    """Source, type and id as they came, numbers of persons masked."""
    return (mask(event.source), mask(event.type), mask(event.id)) if event is not None else ("", "", "")

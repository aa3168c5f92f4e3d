"""What is remembered of a source, in one SQLite file: every row's hash, how far reading came, anomalies, and the outbox.

What a page of rows changes is one transaction: its events are in the outbox, which the relay sends, exactly if its rows
are remembered. The file holds values of the rows until they are sent, so only its owner may read it.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from producers.pull.anomalies import Kind, Known
from producers.pull.events import Made
from producers.relay.dialects import DIALECTS
from producers.relay.environment import TABLE

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE known (
  key PRIMARY KEY, hash BLOB NOT NULL, mark INTEGER, event BLOB NOT NULL, place BLOB NOT NULL, seen INTEGER NOT NULL,
  gone INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX known_mark ON known (mark);
CREATE TABLE anomalies (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, key NOT NULL, before INTEGER, after INTEGER
);
"""


class PulledElsewhereError(RuntimeError):
    """Another process pulls this source."""


class Aside(NamedTuple):
    """An event that was set aside, and why; one that could not be made has no kind."""

    kind: str
    payload: str
    why: str


class State:
    """One connection to the file, used by one thread."""

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        if writable:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        # Without the module's own transactions: ours are begun by hand.
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._db.execute("PRAGMA secure_delete = ON")
        if writable and not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(f"BEGIN; {_TABLES} {DIALECTS['sqlite'].ddl} COMMIT;")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes off this source. Raises PulledElsewhereError."""
        with self.path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PulledElsewhereError(
                    f"sumber {self.path.stem} sedang ditarik proses lain; hentikan salah satunya"
                ) from error
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def get(self, name: str, default: Any = None) -> Any:
        """A value that was set, or the default."""
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if found is None or found[0] is None else found[0]

    def set(self, **values: Any) -> None:
        """Remember values by name."""
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def known(self, keys: Sequence[int | str]) -> dict[int | str, Known]:
        """What is known of rows."""
        found = self._db.execute(
            f"SELECT key, hash, mark, event, place, gone FROM known WHERE key IN ({_marks(keys)})", keys
        )
        return {
            key: Known(hash_, mark, event, place, bool(gone))
            for key, hash_, mark, event, place, gone in found
        }

    def remember(self, rows: Iterable[tuple[int | str, bytes, int | None, bytes, bytes, int]]) -> None:
        """Rows with (key, hash, watermark, event, place, pass); they are not gone."""
        self._db.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?, ?, 0)", rows)

    def seen(self, rows: Iterable[tuple[int, int | None, int | str]]) -> None:
        """Rows as they were: (pass, watermark, key)."""
        self._db.executemany("UPDATE known SET seen = ?, mark = ? WHERE key = ?", rows)

    def unseen(self, number: int, start: int | None, limit: int) -> list[tuple[int | str, int | None]]:
        """Rows, not gone yet, that a pass did not see: (key, watermark), of all or of those from a watermark on."""
        where = "" if start is None else f" AND mark >= {start:d}"
        asked = f"SELECT key, mark FROM known WHERE seen < ? AND gone = 0{where} LIMIT ?"
        return self._db.execute(asked, (number, limit)).fetchall()

    def still_unseen(self, number: int, keys: Sequence[int | str]) -> list[tuple[int | str, int | None]]:
        """Those of these rows that a pass has not seen."""
        asked = f"SELECT key, mark FROM known WHERE key IN ({_marks(keys)}) AND seen < ? AND gone = 0"
        return self._db.execute(asked, (*keys, number)).fetchall()

    def forget(self, keys: Sequence[int | str]) -> None:
        """These rows are gone; what was known of them stays."""
        self._db.execute(f"UPDATE known SET gone = 1 WHERE key IN ({_marks(keys)})", keys)

    def above(self, mark: int, limit: int) -> int:
        """How many rows have this watermark or a higher one, counted to a limit."""
        asked = "SELECT COUNT(*) FROM (SELECT 1 FROM known WHERE mark >= ? LIMIT ?)"
        return int(self._db.execute(asked, (mark, limit)).fetchone()[0])

    def put(self, topic: str, key: int | str, made: Made) -> None:
        """The event of a row into the outbox; one that cannot be sent is set aside there."""
        self._db.execute(
            f"INSERT OR IGNORE INTO {TABLE} (id, aggregatetype, aggregateid, type, payload, last_error)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (str(made.id), topic, str(key), made.kind, made.payload, made.problem or None),
        )

    def aside(self, ids: Sequence[bytes]) -> dict[bytes, Aside]:
        """Which of these events were set aside."""
        if not self._db.execute(f"SELECT 1 FROM {TABLE} WHERE last_error IS NOT NULL LIMIT 1").fetchone():
            return {}
        names = [str(uuid.UUID(bytes=id_)) for id_ in ids]
        found = self._db.execute(
            f"SELECT id, type, payload, last_error FROM {TABLE} WHERE last_error IS NOT NULL AND id IN ({_marks(names)})",
            names,
        )
        return {uuid.UUID(id_).bytes: Aside(*rest) for id_, *rest in found}

    def take_back(self, id_: bytes) -> None:
        """An event that was set aside is replaced by another."""
        self._db.execute(f"DELETE FROM {TABLE} WHERE id = ?", (str(uuid.UUID(bytes=id_)),))

    def retry(self) -> None:
        """What the gateway set aside waits again; a row of which no event can be made does not."""
        self._db.execute(f"UPDATE {TABLE} SET last_error = NULL WHERE last_error IS NOT NULL AND type <> ''")

    def waiting(self) -> int:
        """How many events wait to be sent."""
        asked = f"SELECT COUNT(*) FROM {TABLE} WHERE sent_at IS NULL AND last_error IS NULL"
        return int(self._db.execute(asked).fetchone()[0])

    def clear_sent(self) -> None:
        """Forget the contents of what was sent."""
        self._db.execute(f"DELETE FROM {TABLE} WHERE sent_at IS NOT NULL")

    def report(self, kind: Kind, key: int | str, before: int | None, after: int | None) -> None:
        """An anomaly of a row, with its watermark before and after."""
        now = time.time_ns() // 1_000_000
        self._db.execute(
            "INSERT INTO anomalies (at, kind, key, before, after) VALUES (?, ?, ?, ?, ?)",
            (now, kind, key, before, after),
        )

    def anomalies(
        self, after: int, limit: int
    ) -> list[tuple[int, int, str, int | str, int | None, int | None]]:
        """(number, UTC ms, kind, key, watermark before, after), from the first after a number on."""
        asked = "SELECT number, at, kind, key, before, after FROM anomalies WHERE number > ? ORDER BY number LIMIT ?"
        return self._db.execute(asked, (after, limit)).fetchall()

    def counts(self) -> dict[str, int]:
        """Rows that are known, of these gone, events that wait, and events that were set aside."""
        one = self.rows
        return {
            "rows": one("SELECT COUNT(*) FROM known")[0][0],
            "gone": one("SELECT COUNT(*) FROM known WHERE gone = 1")[0][0],
            "waiting": self.waiting(),
            "set_aside": one(f"SELECT COUNT(*) FROM {TABLE} WHERE last_error IS NOT NULL")[0][0],
        }

    def refused(self, limit: int) -> list[dict[str, str]]:
        """The first events that were set aside, with the keys of their rows."""
        found = self.rows(
            f"SELECT id, aggregateid, type, last_error FROM {TABLE} WHERE last_error IS NOT NULL ORDER BY seq LIMIT {limit:d}"
        )
        return [dict(zip(("id", "key", "type", "last_error"), row, strict=True)) for row in found]

    def rows(self, statement: str) -> list[Any]:
        """What a SELECT of our own finds."""
        return self._db.execute(statement).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))

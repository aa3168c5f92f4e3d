"""The sending side of a queue: what waits, in order, what became of it, and what was refused."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

from producers.sending.replies import Outgoing
from producers.spool.database import Database
from producers.spool.errors import EventError, SpoolDiskError
from producers.spool.event import stored
from producers.spool.status import Status

LONGEST_REASON = 1000
_COLUMNS = "seq, source, id, type, put_at"


class Refused(NamedTuple):
    """An event that was set aside; ``put_at`` is UTC ms, ``reason`` what the gateway said."""

    seq: int
    source: str
    id: str
    type: str
    put_at: int
    reason: str


@dataclass(frozen=True)
class Outlet:
    """A queue as the sender and the commands see it. All methods raise SpoolError and SpoolDiskError."""

    database: Database

    @classmethod
    def open(cls, folder: Path, *, make: bool = False) -> Outlet:
        """The queue in a folder. Raises SpoolError where there is none, unless it may be made."""
        return cls(Database(folder, make=make))

    def waiting(self, limit: int) -> Sequence[Outgoing]:
        """The first events that wait, in the order they were put."""
        with self.database.reading() as rows:
            found = rows.execute("SELECT seq, id, source, body FROM waiting ORDER BY seq LIMIT ?", (limit,))
            return [Outgoing(*row) for row in found]

    def mark(self, sent: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """In one transaction: those with a receipt leave the queue, refused ones are set aside with their reason."""
        now = _now()
        with self.database.writing() as rows:
            for seq, reason in refused:
                rows.execute(
                    "INSERT INTO refused (seq, source, id, type, put_at, body, reason)"
                    " SELECT seq, source, id, type, put_at, body, ? FROM waiting WHERE seq = ?",
                    (reason[:LONGEST_REASON], seq),
                )
                rows.execute("DELETE FROM waiting WHERE seq = ?", (seq,))
            gone = size = 0
            for seq in sent:
                found = rows.execute(
                    "DELETE FROM waiting WHERE seq = ? RETURNING length(body)", (seq,)
                ).fetchone()
                if found is not None:
                    gone, size = gone + 1, size + found[0]
            _less(rows, gone, size)
            if gone:
                rows.execute("UPDATE sending SET sent = sent + ?, success_at = ?", (gone, now))

    def make_room(self) -> bool:
        """On a full disk, let ``mark`` use the space that is kept for it; False when that was used before."""
        try:
            return self.database.release()
        except SpoolDiskError:  # the log did not fit into the file, but it may grow again
            return True

    def note(self, error: str) -> None:
        """Remember why it waits or stopped."""
        with self.database.writing() as rows:
            rows.execute("UPDATE sending SET error = ?, error_at = ?", (error[:LONGEST_REASON], _now()))

    def status(self) -> Status:
        """How the queue stands."""
        with self.database.reading() as rows:
            return Status.read(rows)

    def refused(self, limit: int) -> list[Refused]:
        """The first refused events, in the order they were put."""
        with self.database.reading() as rows:
            found = rows.execute(
                "SELECT seq, source, id, type, put_at, reason FROM refused ORDER BY seq LIMIT ?", (limit,)
            )
            return [Refused(*row) for row in found]

    def body(self, id_: str) -> bytes | None:
        """A refused event as it was put, to be mended; None where there is none of that id."""
        with self.database.reading() as rows:
            found = rows.execute("SELECT body FROM refused WHERE id = ?", (id_,)).fetchone()
        return found[0] if found else None

    def resend(self, ids: Sequence[str] | None) -> int:
        """Let refused events wait again, at their old place in the order; None means all. How many there were."""
        with self.database.writing() as rows:
            chosen = _chosen(rows, ids)
            for seq in chosen:
                rows.execute(
                    f"INSERT INTO waiting ({_COLUMNS}, body) SELECT {_COLUMNS}, body FROM refused WHERE seq = ?",  # noqa: S608
                    (seq,),
                )
                rows.execute("DELETE FROM refused WHERE seq = ?", (seq,))
            return len(chosen)

    def mend(self, id_: str, event: Mapping[str, Any]) -> bool:
        """Put a mended event in the place of a refused one, to wait again; False where there is none of that id.

        Raises EventError.
        """
        with self.database.writing() as rows:
            for seq in _chosen(rows, [id_]):
                source, was = rows.execute(
                    "SELECT source, length(body) FROM refused WHERE seq = ?", (seq,)
                ).fetchone()
                made = stored(event, source)
                key = (made.source, made.id)
                taken = "SELECT seq FROM waiting WHERE source = ? AND id = ? UNION ALL SELECT seq FROM refused WHERE source = ? AND id = ?"
                if any(row[0] != seq for row in rows.execute(taken, (*key, *key))):
                    raise EventError(f"id {made.id} sudah ada di antrean; kejadian baru perlu id baru.")
                rows.execute(
                    "INSERT INTO waiting (seq, source, id, type, put_at, body)"
                    " SELECT seq, ?, ?, ?, put_at, ? FROM refused WHERE seq = ?",
                    (*key, made.type, made.body, seq),
                )
                rows.execute("DELETE FROM refused WHERE seq = ?", (seq,))
                _less(rows, 0, was - len(made.body))
                return True
        return False

    def discard(self, ids: Sequence[str] | None) -> int:
        """Delete refused events for ever; None means all. How many there were."""
        with self.database.writing() as rows:
            chosen = _chosen(rows, ids)
            for seq in chosen:
                (size,) = rows.execute(
                    "DELETE FROM refused WHERE seq = ? RETURNING length(body)", (seq,)
                ).fetchone()
                _less(rows, 1, size)
            return len(chosen)

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def _chosen(rows: Connection, ids: Sequence[str] | None) -> list[int]:
    if ids is None:
        return [seq for (seq,) in rows.execute("SELECT seq FROM refused ORDER BY seq")]
    found = (
        rows.execute("SELECT seq FROM refused WHERE id = ?", (id_,)).fetchone() for id_ in dict.fromkeys(ids)
    )
    return [row[0] for row in found if row]


def _less(rows: Connection, count: int, size: int) -> None:
    rows.execute("UPDATE held SET rows = rows - ?, bytes = bytes - ?", (count, size))


def _now() -> int:
    return time.time_ns() // 1_000_000

"""The putting side: an event is on disk when ``send`` returns, or ``send`` raises and it is not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Any, Self

from producers.spool.database import Database
from producers.spool.errors import EventError, SpoolDiskError, SpoolFullError
from producers.spool.event import Stored, stored
from producers.spool.status import Status, instant

_ADD = "INSERT INTO waiting (source, id, type, put_at, body) VALUES (?, ?, ?, ?, ?)"


class Queue:
    """Puts events into the queue of a folder. Any number of processes and threads may; a folder on a network disk may
    not hold it. Use it as a context manager or ``close`` it.

    ``source`` stands for that of events that name none. ``most_rows`` and ``most_bytes`` (of the events, refused ones
    included) bound the queue; they are kept with it and hold for every process, and None leaves them as they are.
    """

    def __init__(
        self, folder: Path, *, source: str = "", most_rows: int | None = None, most_bytes: int | None = None
    ) -> None:
        """Open or make it. Raises SpoolError, SpoolDiskError."""
        self._source = source
        self._database = Database(folder, make=True)
        if most_rows is not None or most_bytes is not None:
            with self._database.writing() as rows:
                rows.execute(
                    "UPDATE held SET most_rows = ifnull(?, most_rows), most_bytes = ifnull(?, most_bytes)",
                    (most_rows, most_bytes),
                )

    def send(self, event: Mapping[str, Any]) -> str:
        """Put one event (a CloudEvent as a dict; ``type`` and ``data`` are enough) and return its id.

        Putting one again that still waits changes nothing; one that was refused is replaced and waits again. Waits for
        the disk, and at most five seconds for other processes. Raises EventError, SpoolFullError, SpoolDiskError,
        SpoolError; then the event is not stored.
        """
        return self.send_many([event])[0]

    def send_many(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put events in one transaction, all or none; their ids, in order. Raises as ``send``."""
        made = [stored(event, self._source) for event in events]
        try:
            with self._database.writing() as rows:
                self._database.reserve()
                self._put(rows, made)
        except SpoolDiskError as error:
            raise SpoolDiskError(f"{len(made)} kejadian TIDAK disimpan: {error}{self._waits()}") from error
        return [event.id for event in made]

    def _put(self, rows: Connection, made: list[Stored]) -> None:
        now = time.time_ns() // 1_000_000
        count = size = 0
        for event in made:
            key = (event.source, event.id)
            found = rows.execute("SELECT body FROM waiting WHERE source = ? AND id = ?", key).fetchone()
            if found is not None:
                if found[0] != event.body:
                    raise EventError(
                        f"id {event.id} sudah menunggu dengan isi lain; kejadian baru perlu id baru."
                    )
                continue
            gone = rows.execute(
                "DELETE FROM refused WHERE source = ? AND id = ? RETURNING length(body)", key
            ).fetchone()
            if gone is not None:
                count, size = count - 1, size - gone[0]
            rows.execute(_ADD, (*key, event.type, now, event.body))
            count, size = count + 1, size + len(event.body)
        rows.execute("UPDATE held SET rows = rows + ?, bytes = bytes + ?", (count, size))
        held, most, of_bytes, most_bytes = rows.execute(
            "SELECT rows, most_rows, bytes, most_bytes FROM held"
        ).fetchone()
        if count > 0 and (held > most or of_bytes > most_bytes):
            status = Status.read(rows)
            raise SpoolFullError(
                f"{len(made)} kejadian TIDAK disimpan: antrean {self._database.folder} penuh. Batasnya {most} kejadian dan "
                f"{most_bytes} byte; {status.waiting - count} menunggu sejak {instant(status.oldest)}, {status.refused} "
                f"ditolak, {of_bytes - size} byte. {_cure(status)}"
            )

    def _waits(self) -> str:
        try:
            with self._database.reading() as rows:
                status = Status.read(rows)
        except SpoolDiskError:
            return ""
        return f" {status.waiting} kejadian menunggu sejak {instant(status.oldest)}."

    def close(self) -> None:
        """Close the file. Nothing waits for it: what was put is on disk."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _cure(status: Status) -> str:
    error = f" Kesalahan terakhir: {status.error}." if status.error else ""
    return (
        "Pastikan `nadi spool run` berjalan, lihat `nadi spool status`, bereskan yang ditolak (`nadi spool refused`), "
        f"atau besarkan batasnya.{error}"
    )

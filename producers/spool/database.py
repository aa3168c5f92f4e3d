"""The file of a queue: SQLite in WAL mode, every commit on disk before it returns (``synchronous=FULL``)."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from producers import durable
from producers.spool import reserve
from producers.spool.errors import SpoolBusyError, SpoolDiskError, SpoolError

FILE = "queue.db"
BUSY_SECONDS = 5.0
#: Pages (of 4 KiB) after which a commit copies SQLite's log into the file.
PAGES_LOGGED = 256
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}

#: ``held`` says what is in both tables, and the bounds: counting anew would read the whole file at every put.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    put_at INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (source, id));
CREATE TABLE IF NOT EXISTS refused (
    seq INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    put_at INTEGER NOT NULL, body BLOB NOT NULL, reason TEXT NOT NULL, UNIQUE (source, id));
CREATE TABLE IF NOT EXISTS held (
    one INTEGER PRIMARY KEY CHECK (one = 1), rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    most_rows INTEGER NOT NULL, most_bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sending (
    one INTEGER PRIMARY KEY CHECK (one = 1), sent INTEGER NOT NULL, success_at INTEGER, error TEXT, error_at INTEGER);
INSERT OR IGNORE INTO held VALUES (1, 0, 0, 1000000, 1073741824);
INSERT OR IGNORE INTO sending VALUES (1, 0, NULL, NULL, NULL);
"""


class Database:
    """One connection, safe to share between threads, not to be used after a fork."""

    def __init__(self, folder: Path, *, make: bool) -> None:
        """Open the queue in a folder; with ``make`` it is made where there is none, readable by its user alone.

        Raises SpoolError, SpoolDiskError.
        """
        self.folder = folder
        self._using = threading.RLock()
        if make and not folder.is_dir():
            _made(folder)
        elif not make and not (folder / FILE).is_file():
            raise SpoolError(f"{folder}: belum ada antrean di sini. Periksa nama foldernya.")
        with self.explained():
            self._connection = sqlite3.connect(
                folder / FILE, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare()

    def _prepare(self) -> None:
        """Several processes may do this at once, and SQLite does not wait for the one that turns WAL on."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_LOGGED}")
                # Events may hold numbers of persons: what was sent is overwritten where that costs no more writing.
                self._connection.execute("PRAGMA secure_delete = FAST")
                if not self._connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'sending'"
                ).fetchone():
                    self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            except sqlite3.OperationalError as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when this ends; none of it where it raises. Raises SpoolError, SpoolDiskError."""
        with self._using, self.explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself takes some failures back
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The file as it stands at the first query. Raises SpoolError, SpoolDiskError."""
        with self._using, self.explained():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def explained(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        try:
            yield
        except sqlite3.Error as error:
            code = _code(error)
            if code in _DISK:
                raise self._disk(error) from error
            if code == sqlite3.SQLITE_BUSY:
                raise SpoolBusyError(
                    f"antrean {self.folder} dipegang proses lain lebih dari {BUSY_SECONDS:.0f} detik; ulangi."
                ) from error
            raise SpoolError(
                f"antrean {self.folder / FILE} tidak dapat dipakai ({error}). Simpan salinan seluruh foldernya sebelum "
                "memperbaiki apa pun."
            ) from error

    def reserve(self) -> None:
        """Hold the reserve of the disk; only then may anything be put. Call it within ``writing``.

        Raises SpoolDiskError when there is no room.
        """
        try:
            reserve.take(self.folder)
        except OSError as error:
            raise self._disk(error) from error

    def release(self) -> bool:
        """Use the reserve: what is in SQLite's log gets into the file, and the log is empty. False without a reserve."""
        if not reserve.release(self.folder):
            return False
        with self._using, self.explained():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return True

    def recover(self) -> None:
        """Where the reserve is gone, give back what the file no longer needs and try to hold it again."""
        if reserve.held(self.folder):
            return
        with suppress(SpoolError):
            with self._using, self.explained():
                self._connection.execute("PRAGMA incremental_vacuum").fetchall()
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with self.writing():
                self.reserve()

    def _disk(self, error: Exception) -> SpoolDiskError:
        return SpoolDiskError(
            f"antrean {self.folder} tidak dapat ditulis ({error}); {_free(self.folder)}"
            "Yang sudah tersimpan tetap ada. Kosongkan ruang disk atau perbaiki hak tulis, lalu ulangi."
        )

    def close(self) -> None:
        """Close the connection."""
        with self._using:
            self._connection.close()


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _free(folder: Path) -> str:
    try:
        left = os.statvfs(folder)
    except OSError:
        return ""
    return f"sisa ruang {left.f_bavail * left.f_frsize // 1024} KiB. "


def _made(folder: Path) -> None:
    """Make the folder, and its name durable: SQLite only sees to what is inside."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.keep_names(folder.parent)
    except OSError as error:
        raise SpoolDiskError(
            f"folder antrean {folder} tidak dapat dibuat ({error.strerror}); periksa hak tulis."
        ) from error

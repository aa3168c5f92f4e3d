"""Only one sender: a file locked by SQLite itself, so that the lock is gone when the process is, on every system."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class LockedError(RuntimeError):
    """Another process sends from the same place."""


def hold(path: Path, refusal: str) -> sqlite3.Connection:
    """Hold the lock until what is returned is closed. Raises LockedError with the refusal when somebody has it."""
    held = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        held.execute("PRAGMA journal_mode = MEMORY")  # nothing is written, so it also works on a full disk
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        held.close()
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise LockedError(refusal) from error
    return held

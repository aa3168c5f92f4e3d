"""A few megabytes that the sender may use when the disk is full: taking events out of a queue needs some space too.

While the file is there, the space is ours. The sender removes it when it can no longer write what became of events;
nothing is put until it could be made again, so the space goes to the sender and to nobody else of this queue.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: More than SQLite's log is allowed to hold (``PAGES_LOGGED`` of 4 KiB), which has to be copied into the file.
RESERVE_BYTES = 4 << 20
_NAME = "reserve"


def held(folder: Path) -> bool:
    """Whether the space is ours."""
    return (folder / _NAME).exists()


def take(folder: Path) -> None:
    """Make the file unless it is there; not by two at once. Raises OSError when there is no room."""
    if held(folder):
        return
    draft = folder / f"{_NAME}.part"
    try:
        with draft.open("wb") as file:
            for _ in range(RESERVE_BYTES >> 20):
                file.write(os.urandom(1 << 20))  # zeros may take no room at all
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / _NAME)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def release(folder: Path) -> bool:
    """Give the space to whoever writes next; whether there was any."""
    try:
        (folder / _NAME).unlink()
    except OSError:
        return False
    return True

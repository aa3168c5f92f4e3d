"""A log of lines of JSON in the data folder that is only ever added to: what was decided or found, oldest first."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")
Value = TypeVar("Value")


class Journal(Generic[Entry]):
    """The entries of one file. ``make`` turns a line's values into an entry, and raises ValueError or TypeError for what
    is none; ``damaged`` makes the error that is raised for such a line, from its number (from 1) and the cause."""

    def __init__(
        self,
        path: Path,
        make: Callable[[Mapping[str, Any]], Entry],
        damaged: Callable[[int, Exception], Exception],
    ) -> None:
        self.path = path
        self._make, self._damaged = make, damaged
        self._read: tuple[tuple[int, int], list[Entry]] = ((-1, -1), [])

    def entries(self) -> list[Entry]:
        """All entries, the oldest first; read again only when the file has changed. Raises what ``damaged`` makes."""
        try:
            stamp = self.path.stat()
        except FileNotFoundError:
            return []
        seen = (stamp.st_mtime_ns, stamp.st_size)
        if self._read[0] != seen:
            self._read = (seen, self._parsed())
        return self._read[1]

    def add(self, values: Mapping[str, Any]) -> None:
        """Append one entry, durably."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as log:  # one write: lines of two users do not mix
            log.write(json.dumps(values, ensure_ascii=False) + "\n")
            log.flush()
            os.fsync(log.fileno())

    def _parsed(self) -> list[Entry]:
        found = []
        for number, line in enumerate(self.path.read_text("utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                found.append(self._make(json.loads(line)))
            except (ValueError, TypeError) as error:
                raise self._damaged(number, error) from error
        return found


def lenient(read: Callable[[], Value], first: Value) -> Callable[[], Value]:
    """``read`` for processes that must go on: a log that cannot be read changes nothing, and is reported. ``first`` holds
    until it was read once."""
    good = [first]

    def last() -> Value:
        try:
            good[0] = read()
        except (ValueError, OSError) as error:
            logging.getLogger(__name__).warning("%s", error)
        return good[0]

    return last

"""The age of a file's rows: what the gateway asks of events of the past (``producers.gateway.past``) is asked of files too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from producers.access.backfills import HEADER, Announced, Backfills, TooOld
from producers.files.columns import Columns
from producers.files.reading import Row
from producers.files.rows import RowProblem
from schemas.profile import Profile

#: Reads what is announced now; None where nothing is too old, because a past period is replayed.
Announcements = Callable[[], Backfills | None]


class Ages:
    """Judges the rows of one file at one instant (``now``, UTC ms), so that every pass over it says the same.

    ``announced`` is called at most once, and only where a row is of the past: a file of today needs no broker to be
    checked. What it raises passes through. A ``settled`` file was let in before: its rows are not judged again, for half of
    them may be published already.
    """

    def __init__(
        self, profile: Profile, announced: Announcements, now: int, *, settled: bool = False
    ) -> None:
        self._announced, self._now, self._settled = announced, now, settled
        self._old = Backfills(profile)
        self._known: tuple[Backfills | None] | None = None

    def problems(self, file: str, columns: Columns, row: Row, event: dict[str, Any]) -> Iterator[RowProblem]:
        """Why the event of a sound row may not come in."""
        found = None if self._settled else self._judge(event)
        if isinstance(found, TooOld):
            column = columns.column_of(found.field) or found.field
            shown = row.values.get(column)
            yield RowProblem(file, row.number, column, "" if shown is None else str(shown), found.sentence)

    def headers(self, event: dict[str, Any]) -> list[tuple[str, bytes]]:
        """What is written beside an event: the announcement under which it came."""
        found = self._judge(event)
        return [(HEADER, found.id.encode())] if isinstance(found, Announced) else []

    def _judge(self, event: dict[str, Any]) -> Announced | TooOld | None:
        at = (event["source"], event["occurred_at"], event.get("mode", "live"), self._now)
        if not self._old.concerns(*at):
            return None
        if self._known is None:
            self._known = (self._announced(),)
        (backfills,) = self._known
        return None if backfills is None else backfills.judge(*at)

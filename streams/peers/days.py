"""Which day was frozen last, and when the next one is: what is known at that instant is all that is judged."""

from __future__ import annotations

import pyarrow as pa

from schemas.profile import Profile
from streams.cases.book import day_of
from streams.engine.store import Pairs

FROZEN = "frozen"


class Days(Pairs[str, int]):
    """Days by name: the last one that was frozen (since 1970). ``taken_back`` counts the attempts that froze one in
    vain."""

    schema = pa.schema([("name", pa.string()), ("day", pa.int64())])

    def __init__(self) -> None:
        super().__init__()
        self.taken_back = 0

    def undo(self) -> None:
        self.taken_back += bool(self._before)
        super().undo()


def freeze_at(profile: Profile, day: int, lateness: int) -> int:
    """When a day (since 1970) is frozen: at its midnight, and what the slowest source may be late (ms)."""
    return profile.calendar.day_start(day_of(day).isoformat()) + lateness

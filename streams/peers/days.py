"""Which day was frozen last, and when the next one is: what is known at that instant is all that is judged."""

from __future__ import annotations

from itertools import takewhile

import numpy as np
import pyarrow as pa

from schemas.profile import Profile
from streams.cases.book import day_of
from streams.days import local_days
from streams.engine.store import Pairs

FROZEN = "frozen"
#: Days of a backlog that are judged together at most.
MOST_DAYS = 182


class Days(Pairs[str, int]):
    """Days by name: the last one that was frozen (since 1970). ``lateness`` (ms) is the slowest source's; ``taken_back``
    counts the attempts that froze one in vain."""

    schema = pa.schema([("name", pa.string()), ("day", pa.int64())])

    def __init__(self, profile: Profile, lateness: int) -> None:
        super().__init__()
        self._profile, self._lateness = profile, lateness
        self.taken_back = 0

    def begin(self, clock: int) -> None:
        """Take the day of the first row for frozen, where none was before."""
        if FROZEN not in self._rows:
            self.put(FROZEN, int(local_days(np.array([clock]), self._profile.timezone.key)[0]))

    @property
    def following(self) -> int:
        """The day that is frozen next."""
        return (self.get(FROZEN) or 0) + 1

    def end(self) -> None:
        """The following day is frozen."""
        self.put(FROZEN, self.following)

    def freeze_at(self, day: int) -> int:
        """When a day is frozen (UTC ms): at its midnight, and what the slowest source may be late."""
        return self._profile.calendar.day_start(day_of(day).isoformat()) + self._lateness

    def next_due(self) -> int | None:
        """When the following day is frozen; None before the first row."""
        return self.freeze_at(self.following) if FROZEN in self._rows else None

    def due(self, clock: int, most: int) -> list[int]:
        """The instants up to ``clock`` at which the following days are to be frozen, not more than so many."""
        if FROZEN not in self._rows:
            return []
        instants = (self.freeze_at(day) for day in range(self.following, self.following + most))
        return list(takewhile(lambda at: at <= clock, instants))

    def undo(self) -> None:
        self.taken_back += bool(self._before)
        super().undo()

"""What moves a partition's clock when no record does.

Records always move it: before a row is applied, clock = max(clock, its timestamp). Two rules add to that.

``record`` clock (live): an idle partition's clock may move to W, a wall time taken *before* its end offset was
fetched, and only when its position equals that end offset. Every record appended later has a timestamp of W or
more (LogAppendTime of one broker clock), so nothing due by W can be changed by a record not yet seen.

``event`` clock (replay of a past period): the wall clock never moves anything. With ``until``, a partition whose
position has reached its end offset, fetched after the start, moves to ``until``, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ClockRule:
    """The rule of one deployment; ``until`` (UTC ms) counts only with the event clock."""

    kind: Literal["record", "event"] = "record"
    until: int | None = None

    def idle(self, *, position: int, end: int, wall: int) -> int | None:
        """Where an idle clock may move to, or None. ``wall`` was taken before ``end`` was fetched."""
        if self.kind == "record" and position == end:
            return wall
        return None

    def at_end(self, *, position: int, end: int) -> int | None:
        """Where the clock of a finished input moves to, or None. ``end`` was fetched after the start."""
        if self.kind == "event" and self.until is not None and position >= end:
            return self.until
        return None

    @property
    def bounded(self) -> bool:
        """Whether the input ends, so that the end offset is committed only after ``until`` was reached."""
        return self.kind == "event" and self.until is not None

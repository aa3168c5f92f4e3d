"""What an event says about the past: whose event it corrects, and whether its source has announced a load of old events.

Both need what was accepted before, so they are judged once the events are sound, for all of a request together. A repeat
of an event that was accepted is never refused here: it is answered by its receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from producers.access.backfills import HEADER, Backfills, TooOld
from producers.access.caller import Caller
from producers.gateway import marks
from producers.gateway.checking import Checked
from producers.gateway.index import Index, key_of
from producers.gateway.problems import FieldError, Problem
from schemas.catalogue import SANDBOX

log: Any = structlog.get_logger(__name__)
_POINTERS = {"occurred_at": "/time", "mode": "/data/mode"}


class Past:
    """``backfills`` are the announcements and what the profile calls old; without them nothing is too old, and only
    events that call themselves live may come."""

    def __init__(self, index: Index, backfills: Backfills | None = None) -> None:
        self._index, self._backfills = index, backfills

    def judge(
        self, events: Sequence[Checked | Problem], caller: Caller, now: int, *, let_in: bool = False
    ) -> list[Checked | Problem]:
        """The events in order, those refused as problems; ``now`` is UTC ms. What was let through with a mark has it
        among its ``notes``. What was ``let_in`` is part of a whole that began to be published: its age was judged then."""
        prefix = SANDBOX if caller.sandbox else ""
        correcting = any(isinstance(event, Checked) and event.data.corrects is not None for event in events)
        together = _Together()
        found: list[Checked | Problem] = []
        for event in events:
            judged: Checked | Problem = event
            if isinstance(event, Checked):
                refusal = self._corrected(event, prefix, together) if correcting else None
                if refusal is None:
                    too_old = self._old(event, caller, now)
                    refusal = None if let_in else too_old
                if refusal is not None and not self._accepted(event, prefix):
                    judged = refusal
                    log.warning("event about the past refused", key=caller.key_id, code=refusal.code)
                elif correcting:
                    together.add(event)
            found.append(judged)
        return found

    def _accepted(self, event: Checked, prefix: str) -> bool:
        key = key_of(event.data.event_id, prefix + event.data.source)
        return bool(self._index.find([key]))

    def _corrected(self, event: Checked, prefix: str, together: _Together) -> Problem | None:
        """Why an event may not correct what it names; what is not known to be its own is marked."""
        wrong, source = event.data.corrects, event.data.source
        if wrong is None:
            return None
        topic = prefix + event.contract.topic.name
        key = key_of(wrong, prefix + source)
        mine = self._index.find([key]).get(key)
        if (mine is not None and mine.topic != topic) or together.other_topic(wrong, source, event):
            return Problem("corrects-other-type", errors=[_pointer("kejadian itu berjenis lain")])
        if mine is not None or together.has(wrong, source):
            return None
        others = [
            place for place in self._index.by_id(wrong) if place.topic.startswith(SANDBOX) == bool(prefix)
        ]
        if others or together.of_others(wrong, source):
            return Problem("corrects-other-source", errors=[_pointer("kejadian itu dari sumber lain")])
        event.notes = (*event.notes, (marks.CORRECTS, marks.UNVERIFIED))
        return None

    def _old(self, event: Checked, caller: Caller, now: int) -> Problem | None:
        """Why an event is too old; one that came under an announcement is marked with it."""
        backfills, data = self._backfills, event.data
        if backfills is None or caller.sandbox:
            return None
        found = backfills.judge(data.source, data.occurred_at, data.mode, now)
        if isinstance(found, TooOld):
            return Problem(found.code, errors=[FieldError(_POINTERS[found.field], found.sentence)])
        if found is not None:
            event.notes = (*event.notes, (HEADER, found.id.encode()))
        return None


class _Together:
    """The events of one request that may pass, by id: a correction may stand beside what it corrects."""

    def __init__(self) -> None:
        self._topics: dict[str, dict[str, str]] = {}

    def add(self, event: Checked) -> None:
        self._topics.setdefault(event.data.event_id, {})[event.data.source] = event.contract.topic.name

    def has(self, event_id: str, source: str) -> bool:
        return source in self._topics.get(event_id, ())

    def other_topic(self, event_id: str, source: str, event: Checked) -> bool:
        return self.has(event_id, source) and self._topics[event_id][source] != event.contract.topic.name

    def of_others(self, event_id: str, source: str) -> bool:
        return any(other != source for other in self._topics.get(event_id, ()))


def _pointer(sentence: str) -> FieldError:
    return FieldError("/data/corrects", sentence)

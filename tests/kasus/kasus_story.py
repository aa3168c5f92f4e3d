"""Tells the events of a case to the real processors day by day, and notes what each rule says and when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from schemas.profile import Profile
from streams.domains import PROCESSORS
from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context, Processor
from streams.rules.examples import Event
from streams.rules.rule import Example
from streams.rules.trial_events import Arrival, arrivals, chunk_of

#: The rule about silent sources: only what matters to a case is told here, so its sources are silent in between.
SILENCE = "S01"
PROFILE = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"


class Spoken(NamedTuple):
    """What a rule said of a subject, once for each level: the local day on which it was said first, the record of
    ``risk.alerts`` with it, and the record that stands at the end."""

    rule: str
    day: str
    subject: str
    scope: str
    alert: dict[str, Any]
    last: dict[str, Any]


def told(profile: Profile, domains: Sequence[str], events: Sequence[Event], until: str) -> list[Spoken]:
    """What the tasks say of events, of the first of the domains where they name none, before a local day begins."""
    story = Example("found", events, "found")
    by_domain = {name: arrivals(name, story, profile, domains[0]) for name in domains}
    return _Telling(profile).tell({name: some for name, some in by_domain.items() if some}, until)


class _Telling:
    """The case task of each domain and the regency task, with one clock."""

    def __init__(self, profile: Profile) -> None:
        self._profile, self._context = profile, Context(profile)
        self._regency = Regency(self._context)
        self._tasks: dict[str, Processor] = {}
        self._offsets: dict[str, int] = {}
        self._spoken: dict[tuple[str, str], Spoken] = {}

    def tell(self, lanes: dict[str, list[Arrival]], until: str) -> list[Spoken]:
        """The events of each day, after all that is due before it."""
        days = sorted({self._profile.local_day(at) for lane in lanes.values() for at, _ in lane})
        for day in days:
            self._wait(self._profile.calendar.day_start(day))
            self._take({
                name: some
                for name, lane in lanes.items()
                if (some := [one for one in lane if self._profile.local_day(one[0]) == day])
            })  # fmt: skip
        self._wait(self._profile.calendar.day_start(until))
        last = {name: alert for task in self._all() for name, alert in task.alerts.records().items()}
        spoken = [one._replace(last=last[one.alert["alert_id"]]) for one in self._spoken.values()]
        return [one for one in spoken if one.rule != SILENCE]

    def _all(self) -> list[Processor | Regency]:
        return [*self._tasks.values(), self._regency]

    def _take(self, lanes: dict[str, list[Arrival]]) -> None:
        rows, clock = [], 0
        for name, some in lanes.items():
            chunk = chunk_of(name, some, self._offsets.get(name, 0))
            self._offsets[name] = chunk.next_offset
            task = self._tasks.setdefault(name, PROCESSORS[name](self._context))
            if errors := task.process(chunk):
                raise ValueError(f"{name}: {errors[0].message}")
            task.advance(chunk.clock)
            rows.append(Rows.of(name, chunk))
            clock = max(clock, chunk.clock)
        self._regency.process(merge(rows, clock + 1))
        self._note(clock)

    def _wait(self, until: int) -> None:
        """Whatever is due up to an instant, each at its time."""
        tasks = self._all()
        while due := min((at for task in tasks if (at := task.next_due()) is not None), default=None):
            if due > until:
                break
            for task in tasks:
                task.advance(due)
            self._note(due)

    def _note(self, clock: int) -> None:
        for task in self._all():
            for name, alert in task.alerts.records().items():
                if (name, alert["level"]) not in self._spoken:
                    day = self._profile.local_day(clock)
                    said = Spoken(alert["rule"], day, alert["subject"], alert["scope"], alert, alert)
                    self._spoken[name, alert["level"]] = said

"""The simulated regency as a stream of events: a year in order of time, a history by case, or live without end."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from producers.simulator.activities import Activities
from producers.simulator.boxes import TappingBoxes
from producers.simulator.budget import Budget
from producers.simulator.fees import PermitFees
from producers.simulator.heartbeats import Heartbeats
from producers.simulator.opening import first_year
from producers.simulator.permits import Permits
from producers.simulator.planting import Plant
from producers.simulator.population import Population
from producers.simulator.revenue import Revenue
from producers.simulator.world import Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import Profile


class Stream(Protocol):
    """One subject: its domain, and its groups of a year in order of start."""

    @property
    def domain(self) -> str: ...

    def groups(self, year: int) -> Iterator[Group]: ...


class SimulationRefusedError(PermissionError):
    """The profile is a real government's: no simulated fact may stand under its name."""


class Sent(NamedTuple):
    """An event and when it is heard of (UTC ms), which is at or after its ``occurred_at``."""

    at: int
    domain: str
    record: Record


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a history leaves open: the events of one group that lie after its end."""

    domain: str
    events: list[Record]


class Simulator:
    """A regency made of a profile, a seed and a number of people: equal arguments, equal bytes.

    ``plants`` are planted irregularities (see planting.py), none by default. Raises SimulationRefusedError when
    the profile does not allow simulation.
    """

    def __init__(
        self, profile: Profile, seed: int = 1, population: int = 300_000, plants: Sequence[Plant] = ()
    ) -> None:
        if not profile.simulation_allowed:
            raise SimulationRefusedError(
                f"profil {profile.name} ({profile.code}) tidak mengizinkan simulasi; pakai --profile contoh"
            )
        if population < 100:
            raise ValueError(f"population = {population}: at least 100 people")
        self.world = World(profile, seed, population)
        self.plants = tuple(plants)
        self.permits, self.revenue, self.budget = Permits(self.world), Revenue(self.world), Budget(self.world)
        self.population, self.activities = Population(self.world), Activities(self.world, self.budget)
        self.fees = PermitFees(self.world, self.permits, self.revenue)
        self.boxes = TappingBoxes(self.world, self.revenue)
        self.heartbeats = Heartbeats(self.world)
        self.streams: tuple[Stream, ...] = (
            self.budget,
            self.revenue,
            self.permits,
            self.population,
            self.activities,
            self.heartbeats,
            self.fees,
            self.boxes,
        )

    def year(self, year: int) -> Iterator[tuple[str, Record]]:
        """(domain, event) of a local year in order of ``occurred_at``; what lies after its end has not happened.

        Heartbeats come under the topic's name ``source.heartbeats``. Memory holds only what is still open.
        """
        for sent in _in_order(
            self._groups(year, first=year), self.world.year_start(year + 1), lambda _, r: r["occurred_at"]
        ):
            yield sent.domain, sent.record

    def years(self, first: int, count: int) -> Iterator[Sent]:
        """The events of several local years without a break, in the order in which they are heard of."""
        groups = (group for year in range(first, first + count) for group in self._groups(year, first))
        yield from _in_order(groups, self.world.year_start(first + count), Group.arrival)

    def history(
        self, start_ms: int, end_ms: int, *, skip: int = 0, unfinished: list[Unfinished] | None = None
    ) -> Iterator[tuple[str, Record]]:
        """The same facts up to ``end_ms``, mode backfill, all events of a case together: for loading a live stack.

        Begins with the local year of ``start_ms``, so that ceilings and assessments are there. ``skip`` resumes
        after that many events. ``unfinished`` collects what is still open at the end, for ``live``.
        """
        yield from islice(self._history(start_ms, end_ms, unfinished), skip, None)

    def _history(
        self, start_ms: int, end_ms: int, unfinished: list[Unfinished] | None
    ) -> Iterator[tuple[str, Record]]:
        first, last = (self.world.local_date(at).year for at in (start_ms, end_ms))
        for year in range(first, last + 1):
            for group in self._groups(year, first):
                if group.start >= end_ms:
                    break
                later = [record for record in group.events if record["occurred_at"] >= end_ms]
                if later and unfinished is not None:
                    unfinished.append(Unfinished(group.domain, later))
                for record in group.events:
                    if record["occurred_at"] < end_ms:
                        record["mode"] = "backfill"
                        yield group.domain, record

    def _groups(self, year: int, first: int) -> Iterator[Group]:
        """All groups of a year in order of start; the ``first`` begins with opening balances."""
        streams = (
            first_year(self.revenue, year)
            if stream is self.revenue and year == first
            else stream.groups(year)
            for stream in self.streams
        )
        merged = heapq.merge(*map(_ordered, streams), key=lambda g: g.start)
        for group in merged:
            planted = group
            for plant in self.plants:
                planted = plant.apply(planted)
            yield planted


def _in_order(groups: Iterable[Group], end: int, time_of: Callable[[Group, Record], int]) -> Iterator[Sent]:
    """The events of groups (in order of start) in order of a time, up to an end; memory holds what is still open."""
    waiting: list[tuple[int, int, str, Record]] = []
    number = 0
    for group in groups:
        while waiting and waiting[0][0] <= group.start:
            at, _, domain, record = heapq.heappop(waiting)
            yield Sent(at, domain, record)
        for record in group.events:
            number += 1
            at = time_of(group, record)
            if at < end:
                heapq.heappush(waiting, (at, number, group.domain, record))
    while waiting:
        at, _, domain, record = heapq.heappop(waiting)
        yield Sent(at, domain, record)


def _ordered(groups: Iterator[Group], window: int = 4 * 86_400_000) -> Iterator[Group]:
    """Groups in order of start, where a stream makes them day by day and not quite in order within four days."""
    waiting: list[tuple[int, int, Group]] = []
    newest = 0
    for number, group in enumerate(groups):
        newest = max(newest, group.start)
        heapq.heappush(waiting, (group.start, number, group))
        while waiting and waiting[0][0] < newest - window:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]

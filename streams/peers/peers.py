"""What a rule may know beside the cases before it: fences of their day, sums over a year, who else waited, and registers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from streams.cases.book import Book, day_of
from streams.cases.events import NO_DAY
from streams.engine.chunk import Int64s
from streams.peers.counts import BITS, Counted, Counts, packed
from streams.peers.fences import KEPT_DAYS, Fence, Fences

if TYPE_CHECKING:
    from streams.cases.words import Numbers
    from streams.peers.queue import Queue
    from streams.rules.rule import Rule
    from streams.runs import Bools


class Fact(NamedTuple):
    """What a rule counts of cases: rows of one of its measures, with the case that each is of, two numbers, and the local day
    (since 1970)."""

    measure: str
    case: Int64s
    a: Any
    b: Any
    day: Int64s


class Known(NamedTuple):
    """By what each of some cases is judged: the ``day`` whose start was frozen, at the instant ``at`` (UTC ms), and what the
    registers said then (``Registers.usual_days``)."""

    day: Int64s
    at: Int64s
    enough: Bools
    usual: Int64s


NOBODY = Known(*(np.zeros(0, np.int64),) * 2, np.zeros(0, np.bool_), np.zeros(0, np.int64))


class Peers:
    """For one rule. ``day`` is the day whose start was frozen last, at the instant ``at`` (UTC ms); ``known`` is what each
    of the cases before it is judged by."""

    def __init__(
        self, rule: Rule, measures: Mapping[tuple[str, str], int], counts: Counts, fences: Fences, queue: Queue,
        book: Book, day: int, at: int, known: Known,
    ) -> None:  # fmt: skip
        self._rule, self._measures, self._queue = rule, measures, queue
        self._counts, self._fences = counts, fences
        self.book, self.day, self.at, self.known = book, day, at, known

    def measure(self, name: str) -> int:
        """The number of one of the rule's measures."""
        return self._measures[self._rule.id, name]

    def fence(self, measure: str, a: Any, days: Int64s) -> Fence:
        """The frozen quantiles of a histogram for each (a, day)."""
        return self._fences.find((np.int64(self.measure(measure)) << BITS) | np.asarray(a, np.int64), days)

    def fence_of(self, measure: str, a: Any, days: Int64s, cases: Any = slice(None)) -> Fence:
        """The same for each of some cases, by default all of them, as it was when they were judged."""
        return self.fence(measure, a, np.where(days < self.known.day[cases] - KEPT_DAYS, NO_DAY, days))

    def overtaken(self, cases: Int64s, permit_type: Any, accepted: Int64s, closed: Int64s) -> Int64s:
        """How many others some cases overtook (``Queue.overtaken``), by what was known when they were judged."""
        return self._queue.overtaken(permit_type, accepted, closed, self.known.at[cases])

    def fenced(self, measure: str) -> Int64s:
        """``a`` of every histogram that has a fence on ``day``."""
        return self._fences.groups(self.day, self.measure(measure))

    def fence_id(self, measure: str, a: int, day: int, name: str) -> str:
        """What alerts call a fence: rule, name, day, and a digest of its values."""
        digest = self._fences.digest(day, self.measure(measure) << BITS | a)
        return f"{self._rule.id}/{name}/{day_of(day).isoformat()}/{digest}"

    def fence_ids(self, measure: str, a: Any, days: Int64s, names: Sequence[str]) -> Numbers:
        """A word for each fence that was used."""
        found = [
            self.book.words.number(self.fence_id(measure, one, day, name))
            for one, day, name in zip(np.asarray(a).tolist(), days.tolist(), names, strict=True)
        ]
        return np.array(found, np.uint32)

    def sums(self) -> Counted:
        """The sums over the 365 days before ``day``."""
        return self._counts.before(self.day)

    def yesterday(self, measure: str) -> Counted:
        """The counts of the day before ``day``; keys are ``packed`` ones."""
        return self._counts.on(self.day - 1).measure(self.measure(measure))

    def key(self, measure: str, a: Any, b: Any) -> Int64s:
        """The key of counts of a measure."""
        return packed(self.measure(measure), a, b)

    def parameter(self, name: str, permit_type: int = 0) -> float:
        """A parameter of the rule as of ``day``, for a permit type (a word) where one is given."""
        of = self.book.words.text(permit_type) if permit_type else ""
        default = self._rule.default(name)
        return self.book.profile.threshold(f"{self._rule.id}.{name}", day_of(self.day), default, of)


class Asked(NamedTuple):
    """What a rule says of pairs of a subject and a scope on a day: the texts of both, whether it is found, what was seen
    and allowed; ``few`` are pairs of which there is too little to judge."""

    subject: list[str]
    scope: list[str]
    found: list[bool]
    observed: list[float]
    threshold: list[float]
    few: list[tuple[str, str]]

    def answer(self, subject: str, scope: str, *, found: bool, observed: float, threshold: float) -> None:
        """Add what is said of one pair."""
        self.subject.append(subject)
        self.scope.append(scope)
        self.found.append(found)
        self.observed.append(observed)
        self.threshold.append(threshold)


def nothing_asked() -> Asked:
    """No pair yet."""
    return Asked([], [], [], [], [], [])

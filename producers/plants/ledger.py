"""What was planted, so that an evaluation knows what is to be found and what may be said besides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

Strength = Literal["weak", "medium", "strong"]
STRENGTHS: tuple[Strength, ...] = ("weak", "medium", "strong")


@dataclass(frozen=True, slots=True)
class Planted:
    """One irregularity: the rule that should find it, and the subject (case, officer or source) it should name.

    ``at`` is when it happened and ``events`` how many events it changed, added or took out. ``scope`` narrows the
    subject where one subject can be guilty twice. ``until`` ends what lasts; None where it does not. ``cases`` is how
    many it took, and ``least`` how many it takes before anybody can speak of a habit. ``shown`` are the ids of the documents in
    which it shows, where it is about documents: the ``subject`` is then only a name for people.
    """

    rule: str
    subject: str
    strength: Strength
    at: int
    events: int
    scope: str = ""
    until: int | None = None
    cases: int = 1
    least: int = 1
    shown: frozenset[str] = frozenset()


@dataclass
class Ledger:
    """Everything planted in one run. ``events`` counts the regency's events, heartbeats apart, ``cases`` its permits, and
    ``units`` by domain what its rules are about: permits, SP2D, receipts and registrations of people.

    ``also`` are rules that may honestly be raised on a subject because of what was planted, ``ordinary`` those that
    the honest regency breaks by itself. Alerts of either are neither false nor found. ``held`` are events that an
    outage kept back: they come late and unchanged. ``pending`` are documents that the honest regency puts right, or
    completes, only after the end. ``papers`` are the documents of groups that a plant had in its hands, ``innocent`` counts
    what was planted and is no irregularity.
    """

    planted: list[Planted] = field(default_factory=list)
    also: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ordinary: dict[str, frozenset[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    events: int = 0
    cases: int = 0
    held: int = 0
    units: Counter[str] = field(default_factory=Counter)
    pending: set[str] = field(default_factory=set)
    papers: set[str] = field(default_factory=set)
    innocent: Counter[str] = field(default_factory=Counter)

    def add(self, planted: Planted, also: frozenset[str] = frozenset()) -> None:
        """Note what was planted and the rules that it may also raise on the same subject."""
        self.planted.append(planted)
        self.allow(planted.subject, also)

    def extend(self, more: Planted) -> None:
        """Note what was planted, as a part of the same irregularity where its rule, subject and scope are known."""
        for position, known in enumerate(self.planted):
            if (known.rule, known.subject, known.scope) == (more.rule, more.subject, more.scope):
                self.planted[position] = replace(
                    known,
                    events=known.events + more.events,
                    cases=known.cases + more.cases,
                    shown=known.shown | more.shown,
                )
                return
        self.planted.append(more)

    def allow(self, subject: str, also: frozenset[str]) -> None:
        """Note rules that may be raised on a subject because of something planted."""
        if also:
            self.also[subject] |= also

    def allows(self, rule: str, subject: str) -> bool:
        """Whether a rule may be raised on a subject without being right or wrong about a plant of its own."""
        unripe = any(p.rule == rule and p.subject == subject and p.cases < p.least for p in self.planted)
        return rule in self.also.get(subject, ()) or rule in self.ordinary.get(subject, ()) or unripe

    def excuses(self, rule: str, event_ids: Iterable[str]) -> bool:
        """Whether an alert that shows these documents may be raised though nothing was planted for its rule."""
        return any(name in self.pending or rule in self.also.get(name, ()) for name in event_ids)

    @property
    def guilty(self) -> list[Planted]:
        """What an evaluation looks for: habits that did not come about, for want of cases, are left out."""
        return [planted for planted in self.planted if planted.cases >= planted.least]

    @property
    def changed(self) -> int:
        """How many events plants changed, added or took out."""
        return sum(planted.events for planted in self.planted)

"""What was planted, so that an evaluation knows what is to be found and what may be said besides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Literal

Strength = Literal["weak", "medium", "strong"]
STRENGTHS: tuple[Strength, ...] = ("weak", "medium", "strong")


@dataclass(frozen=True, slots=True)
class Planted:
    """One irregularity: the rule that should find it, and the subject (case, officer or source) it should name.

    ``at`` is when it happened and ``events`` how many events it changed, added or took out. ``scope`` narrows the
    subject where one subject can be guilty twice. ``until`` ends what lasts; None where it does not. ``cases`` is how
    many it took, and ``least`` how many it takes before anybody can speak of a habit.
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


@dataclass
class Ledger:
    """Everything planted in one run. ``events`` counts the regency's events, heartbeats apart, and ``cases`` its cases.

    ``also`` are rules that may honestly be raised on a subject because of what was planted, ``ordinary`` those that
    the honest regency breaks by itself. Alerts of either are neither false nor found. ``held`` are events that an
    outage kept back: they come late and unchanged.
    """

    planted: list[Planted] = field(default_factory=list)
    also: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ordinary: dict[str, frozenset[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    events: int = 0
    cases: int = 0
    held: int = 0

    def add(self, planted: Planted, also: frozenset[str] = frozenset()) -> None:
        """Note what was planted and the rules that it may also raise on the same subject."""
        self.planted.append(planted)
        self.allow(planted.subject, also)

    def extend(self, more: Planted) -> None:
        """Note what was planted, as a part of the same irregularity where its rule, subject and scope are known."""
        for position, known in enumerate(self.planted):
            if (known.rule, known.subject, known.scope) == (more.rule, more.subject, more.scope):
                self.planted[position] = replace(
                    known, events=known.events + more.events, cases=known.cases + more.cases
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

    @property
    def guilty(self) -> list[Planted]:
        """What an evaluation looks for: habits that did not come about, for want of cases, are left out."""
        return [planted for planted in self.planted if planted.cases >= planted.least]

    @property
    def changed(self) -> int:
        """How many events plants changed, added or took out."""
        return sum(planted.events for planted in self.planted)

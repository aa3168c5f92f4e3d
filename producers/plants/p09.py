"""P09: a broker's files all go to one officer.

What happened: a broker has his man at the counter, and whatever he brings is handled by him, however the work is
shared out. Weak: every other file; medium: three in four; strong: all of them.
Source: KPK, February 2025, on brokers; supplier concentration in the Corruption Risk Index.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile
from producers.plants.ground import Ground
from producers.plants.ledger import Planted, Strength
from producers.plants.watch import Watch
from producers.simulator.world import DAY_MS, Group

SHARE: dict[Strength, float] = {"weak": 0.5, "medium": 0.75, "strong": 1.0}
LEAST = 6  # cases
LASTS = 330 * DAY_MS
MOST_FILES = 16
LEAST_BROUGHT = 5


class Concentrated:
    """One agent's files are given to one officer."""

    RULE = "P09"
    COST = 45

    def __init__(self, ground: Ground, strength: Strength, watch: Watch) -> None:
        self.ground, self.strength, self.watch = ground, strength, watch
        self.rng = ground.rng("Concentrated", strength)
        self.who: tuple[str, str, str] | None = None  # agent, unit, officer
        self.began = self.files = 0

    def apply(self, group: Group) -> Group:
        """The group, in other hands where it is this agent's."""
        if group.domain != "permits" or not self.watch.full(group.start) or not group.events:
            return group
        if self.who is None:
            self.who, self.began = self.watch.agent(LEAST_BROUGHT), group.start
        if self.who is None or not self.began <= group.start < self.began + LASTS:
            return group
        agent, unit, officer = self.who
        if group.events[0].get("agent_token") != agent or self.files >= MOST_FILES:
            return group
        case = CaseFile.of(self.ground, group)
        finished = [r for r in case.events if r["kind"] == "finished" and r.get("officer_token")]
        if not finished or finished[0]["unit"] != unit or case.case_id in self.ground.ledger.taken:
            return group
        if self.rng.random() > SHARE[self.strength] or finished[0]["officer_token"] == officer:
            return group
        finished[0]["officer_token"] = officer
        self.files += 1
        self.ground.ledger.taken.add(case.case_id)
        self.ground.ledger.extend(
            Planted(self.RULE, officer, self.strength, group.start, 1, agent, least=LEAST)
        )
        return Group(group.domain, group.start, case.sorted(), case.arrivals, group.ordinary)

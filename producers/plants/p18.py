"""P18: with a broker the same officer is far faster than without.

What happened: who comes alone waits, who comes with the right agent is served at once, by the same officer, for the
same step of the same permit. Weak: in a quarter of the time; medium: in an eighth; strong: in a thirtieth.
Source: KPK on brokers (*calo*) in permits.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile
from producers.plants.ground import Ground
from producers.plants.ledger import Planted, Strength
from producers.plants.p07 import rush
from producers.plants.watch import Watch
from producers.simulator.world import DAY_MS, Group

PARTS: dict[Strength, int] = {"weak": 4, "medium": 8, "strong": 30}
LEAST = 20  # cases
LASTS = 350 * DAY_MS


class FasterWithAgent:
    """One officer does one step faster whenever there is an agent."""

    RULE = "P18"
    COST = 110

    def __init__(self, ground: Ground, strength: Strength, watch: Watch) -> None:
        self.ground, self.strength, self.watch = ground, strength, watch
        self.who: tuple[str, str, str] | None = None  # type, step, officer
        self.began = 0

    def apply(self, group: Group) -> Group:
        """The group, hurried where this officer sees an agent."""
        if group.domain != "permits" or not self.watch.full(group.start) or not group.events:
            return group
        if self.who is None:
            self.who, self.began = self.watch.officer(32, 70, agents=9, without=16), group.start
        if self.who is None or not self.began <= group.start < self.began + LASTS:
            return group
        permit_type, step, officer = self.who
        head = group.events[0]
        if head["permit_type"] != permit_type or not head.get("agent_token") or group.ordinary:
            return group
        case = CaseFile.of(self.ground, group)
        if case.case_id in self.ground.ledger.taken or step not in case.steps or not case.once(step):
            return group
        if case.first("finished", step)["officer_token"] != officer:
            return group
        rush(case, step, PARTS[self.strength])
        ledger = self.ground.ledger
        ledger.taken.add(case.case_id)
        ledger.allow(case.case_id, frozenset({"P07", "P13"}))
        scope = f"{permit_type}/{step}"
        ledger.extend(Planted(self.RULE, officer, self.strength, group.start, 1, scope, least=LEAST))
        return Group(group.domain, group.start, case.sorted(), case.arrivals, group.ordinary)

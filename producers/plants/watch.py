"""Who works with whom: what plants over many cases look at before they choose an officer."""

from __future__ import annotations

from collections import Counter

from producers.plants.ground import Ground
from producers.simulator.world import DAY_MS, Group

LOOKS = 120 * DAY_MS


class Watch:
    """Counts the cases of the first 120 days, and gives each officer away once."""

    def __init__(self, ground: Ground) -> None:
        self.until = ground.begin + LOOKS
        self.opens = ground.opens
        self.steps: Counter[tuple[str, str, str]] = Counter()  # (type, step, officer): cases
        self.agents: Counter[tuple[str, str, str]] = Counter()  # the same, with an agent
        self.brought: Counter[tuple[str, str]] = Counter()  # (agent, unit of the first step): cases
        self.officers: Counter[tuple[str, str]] = Counter()  # (unit of the first step, officer): cases
        self.given: set[str] = set()

    def full(self, now: int) -> bool:
        """Whether what is usual is known at ``now`` (UTC ms)."""
        return now >= self.opens

    def apply(self, group: Group) -> Group:
        """The group as it came."""
        if group.domain == "permits" and group.start < self.until:
            first = True
            for record in group.events:
                if record["kind"] == "finished" and record.get("officer_token"):
                    self._count(record, first)
                    first = False
        return group

    def _count(self, record: dict[str, str], first: bool) -> None:
        officer, agent, unit = record["officer_token"], record.get("agent_token"), record["unit"]
        place = (record["permit_type"], record["step"], officer)
        self.steps[place] += 1
        if agent:
            self.agents[place] += 1
        if first:
            self.officers[unit, officer] += 1
            if agent:
                self.brought[agent, unit] += 1

    def officer(
        self, least: int, most: int, agents: int = 0, without: int = 0
    ) -> tuple[str, str, str] | None:
        """The (type, step, officer) with the most cases between two numbers, with so many agents and so many without.

        An officer, and a type, is given once.
        """
        for place, count in sorted(self.steps.items(), key=lambda item: (-item[1], item[0])):
            with_agent = self.agents[place]
            fits = least <= count <= most and with_agent >= agents and count - with_agent >= without
            if fits and place[2] not in self.given and place[0] not in self.given:
                self.given |= {place[0], place[2]}
                return place
        return None

    def agent(self, least: int) -> tuple[str, str, str] | None:
        """(agent, unit, officer): who brings most cases to a unit, and its officer who sees the fewest."""
        for (agent, unit), count in sorted(self.brought.items(), key=lambda item: (-item[1], item[0])):
            if count < least:
                return None
            rare = sorted((n, officer) for (u, officer), n in self.officers.items() if u == unit)
            free = [officer for _, officer in rare if officer not in self.given]
            if agent not in self.given and free:
                self.given |= {agent, free[0]}
                return agent, unit, free[0]
        return None

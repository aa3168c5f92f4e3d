"""P08: a file goes past everyone who waits.

What happened: a broker with a friend inside brings a file, and it is granted while those handed in before it wait.
Weak: in a fifth of its time, past fifteen others; medium: in a twelfth, past twenty; strong: the same morning.
Source: KPK, February 2025, on permit brokers (*calo*, *makelar perizinan*) who are helped by insiders.
"""

from __future__ import annotations

from collections import defaultdict

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ground import Ground
from producers.plants.ledger import Strength
from producers.simulator.world import Group

PARTS: dict[Strength, float] = {"weak": 0.2, "medium": 0.08, "strong": 0.02}
PAST: dict[Strength, int] = {"weak": 15, "medium": 20, "strong": 25}


class QueueJump(CasePlant):
    """Finishes a case while many of its type that were complete before it go on waiting."""

    RULE = "P08"
    ALSO = frozenset({"P07", "P13"})
    MOST = 9
    COST = 25

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.waiting: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def apply(self, group: Group) -> Group:
        """Keeps who waits, and jumps the queue where it is long."""
        planted = super().apply(group)
        if group.domain == "permits" and group.events:
            self._note(planted)
        return planted

    def _note(self, group: Group) -> None:
        kinds: dict[str, int] = {record["kind"]: record["occurred_at"] for record in group.events}
        if "accepted" not in kinds or "returned" in kinds:
            return
        queue = self.waiting[group.events[0]["permit_type"]]
        queue.append((kinds["accepted"], kinds["issued"] if "issued" in kinds else max(kinds.values())))
        if len(queue) > 2_000:
            queue[:] = [(since, till) for since, till in queue if till > group.start]

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        begin, part = case.accepted, PARTS[strength]
        later = [record for record in case.events if case.time(record) > begin]
        ends = self.ground.later(begin, self.ground.working_days(begin, case.time(case.decision)) * part)
        past = sum(since < begin and till > ends for since, till in self.waiting[case.permit_type])
        if past < PAST[strength]:
            return False
        before = begin
        for record in later:
            at = self.ground.later(begin, self.ground.working_days(begin, case.time(record)) * part)
            record["occurred_at"] = before = max(at, before + 1000)
        case.decision["document_date"] = before
        return True

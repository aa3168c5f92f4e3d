"""P15: a complete file comes back "incomplete" again and again.

What happened: an applicant who does not pay is sent home with one missing paper after another, or an officer does that
to everyone. A case comes back three, four or six times; an officer returns two, three or nearly five in five of his
files, where others return one in twenty.
Source: the KPK commissioner's words of 2025; Cardinal R038, the share of bids that one buyer turns away.
"""

from __future__ import annotations

import random

from producers.plants.casefile import CaseFile, CasePlant, changes
from producers.plants.ground import Ground
from producers.plants.ledger import Planted, Strength
from producers.plants.watch import Watch
from producers.simulator.world import DAY_MS, Group

TIMES: dict[Strength, int] = {"weak": 3, "medium": 4, "strong": 6}
SHARE: dict[Strength, float] = {"weak": 0.4, "medium": 0.6, "strong": 0.9}
LEAST = 8  # cases
LASTS = 200 * DAY_MS


class ReturnedAgain(CasePlant):
    """Sends one case back many times within its longest step."""

    RULE = "P15"
    ALSO = frozenset({"P07"})
    MOST = 6
    COST = 26

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        step = case.longest()
        if step is None or case.worked(step) < 0.5:
            return False
        send_back(case, step, TIMES[strength], self.rng)
        return True


class ReturnsEveryone:
    """One officer of a type sends most of his files back."""

    RULE = "P15"
    COST = 130

    def __init__(self, ground: Ground, strength: Strength, watch: Watch) -> None:
        self.ground, self.strength, self.watch = ground, strength, watch
        self.rng = ground.rng("ReturnsEveryone", strength)
        self.who: tuple[str, str, str] | None = None  # type, step, officer
        self.events = self.began = 0

    def apply(self, group: Group) -> Group:
        """The group, sent back where it is this officer's."""
        if group.domain != "permits" or not self.watch.full(group.start) or not group.events:
            return group
        if self.who is None:
            self.who = self.watch.officer(10, 35)
            self.began = group.start
        if self.who is None or not self.began <= group.start < self.began + LASTS:
            return group
        permit_type, step, officer = self.who
        case = CaseFile.of(self.ground, group)
        if case.permit_type != permit_type or case.case_id in self.ground.ledger.taken or not case.plain:
            return group
        if step not in case.steps or not case.once(step) or self.rng.random() > SHARE[self.strength]:
            return group
        if case.first("finished", step)["officer_token"] != officer or case.worked(step) < 0.1:
            return group
        send_back(case, step, 1, self.rng)
        return self._note(group, case, officer, permit_type)

    def _note(self, group: Group, case: CaseFile, officer: str, permit_type: str) -> Group:
        ledger, events = self.ground.ledger, case.sorted()
        ledger.taken.add(case.case_id)
        ledger.allow(case.case_id, frozenset({"P07"}))
        count = changes(group.events, events)
        ledger.extend(
            Planted(self.RULE, officer, self.strength, group.start, count, permit_type, least=LEAST)
        )
        return Group(group.domain, group.start, events, case.arrivals, group.ordinary)


def send_back(case: CaseFile, step: str, times: int, rng: random.Random) -> None:
    """Send a case back within a step, for a little of the step's time, with no new document when it comes again."""
    started, finished = case.first("started", step), case.first("finished", step)
    begin, span = case.time(started), case.time(finished) - case.time(started)
    for turn in range(1, times + 1):
        at = begin + span * turn // (times + 1)
        case.copy(started, rng, kind="returned", occurred_at=at, reason_code="DOKUMEN-KURANG", fee_paid=None)
        back = case.copy(started, rng, kind="resubmitted", occurred_at=at + span // (times + 1) // 4)
        back |= {"officer_token": None, "officer_role": None, "new_documents": False, "fee_paid": None}

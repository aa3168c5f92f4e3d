"""P11: time that was made up afterwards, in four forms.

What happened: a step is entered in the system weeks after it is said to have been done; a permit is dated before the
examination that it rests on had ended; a document bears a date before the application existed; an application gets the number of the day in the register, and a
date from before. Strengths: how far.
Source: the "late bid won" indicator R030 of Cardinal, in its permit form; findings on back-dated licences.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.simulator.world import DAY_MS, HOUR_MS

LAG: dict[Strength, int] = {"weak": 5, "medium": 10, "strong": 25}  # working days
EARLIER: dict[Strength, int] = {"weak": 2 * HOUR_MS, "medium": DAY_MS, "strong": 5 * DAY_MS}
DATED: dict[Strength, int] = {"weak": 2, "medium": 14, "strong": 90}  # days
ENTERED: dict[Strength, int] = {"weak": 4, "medium": 14, "strong": 60}  # days


class EnteredAfterwards(CasePlant):
    """A step is heard of weeks after it is said to have happened."""

    RULE = "P11"
    MOST = 9
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        step = case.longest()
        if step is None:
            return False
        record = case.first("finished", step)
        case.arrivals[record["event_id"]] = self.ground.later(case.time(record), LAG[strength])
        return True


class BackDated(CasePlant):
    """The permit is dated before its last step had ended, and is heard of when it was really signed. The fee may have been paid
    in between: then it was issued before it was paid."""

    RULE = "P11"
    ALSO = frozenset({"P03", "P07", "P13", "P14"})
    MOST = 9
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        decision = case.decision
        signed = case.time(decision)
        ended = max(case.time(record) for record in case.events if record is not decision)
        dated = ended - EARLIER[strength]
        if dated <= case.accepted + HOUR_MS:
            return False
        case.arrivals[decision["event_id"]] = signed
        decision["occurred_at"] = dated
        return True


class DatedBefore(CasePlant):
    """The document bears a date before the application."""

    RULE = "P11"
    MOST = 9
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        case.decision["document_date"] = case.time(case.events[0]) - DATED[strength] * DAY_MS
        return True


class EnteredUnderOldDate(CasePlant):
    """The application is entered in the register with the next number, and a date from before the numbers before it."""

    RULE = "P11"
    MOST = 6
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        entry = next((record for record in case.events if record.get("register_number")), None)
        if entry is None:
            return False
        entered = case.time(entry)
        dated = entered - ENTERED[strength] * DAY_MS
        world = self.ground.world
        if world.local_date(dated).year != world.local_date(entered).year:
            return False
        case.arrivals[entry["event_id"]] = entered
        entry["occurred_at"] = dated
        return True

"""R09: cash is taken when nobody looks.

What happened: a cashier takes cash in the evening, at the gate or at home, and writes the receipts as suits him. Weak: fourteen
receipts within four weeks; medium: sixteen; strong: eighteen; each at a till where they stand out. A busy one takes some in
the evening on most days, and so many more may be chance.
Source: ACFE on entries at unusual times; BPK, which asks for payments without cash.
"""

from __future__ import annotations

from collections import defaultdict

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Series
from producers.simulator.slips import standing
from producers.simulator.world import DAY_MS, HOUR_MS, Group, Record

RECEIPTS: dict[Strength, int] = {"weak": 14, "medium": 16, "strong": 18}
LEAST = 12
#: So many times as much cash as is moved is what a cashier takes in four weeks, for enough of it to be there and for it to stand
#: out: of 18 in 300 where one in eight is taken in the evening anyway nobody could tell.
BUSY = (1.25, 6)
WEEKS_4 = 28 * DAY_MS
#: Hours of the day that are moved, and to where.
DAYTIME, EVENING = (7, 18), (20.5, 22.5)
#: Kinds of cash office where nobody takes cash.
NO_TILL = ("bank", "online")
Till = tuple[str, str]


class Evenings(Series):
    """Moves the cash of one cashier into the evening."""

    RULE, DOMAIN = "R09", "revenue"
    COST = 48
    MOST = 6

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # where a cashier is busy enough
        self.offices = ground.profile.cash_offices
        self.cash: defaultdict[Till, list[int]] = defaultdict(list)
        self.till: Till | None = None
        self.known: set[Till] = set()  # one cashier is one matter
        self.begun = self.taken = 0

    def look(self, group: Group) -> None:
        for record in standing(group.events):
            if record["kind"] == "receipt" and record["channel"] == "cash":
                self.cash[_till(record)].append(record["occurred_at"])
        if self.till is not None and group.start > self.begun + WEEKS_4:
            self._end()

    def over(self) -> bool:
        return self.till is None

    def plant(self, papers: Papers) -> list[Record]:
        moved: list[Record] = []
        for paid in self._by_day(papers):
            if self.till is None and not moved and self._busy(_till(paid), papers.start):
                self.till, self.begun, self.taken = _till(paid), papers.start, 0
                self.known.add(self.till)
                self.name_of, self.least = f"{paid['cash_office']} {papers.day}", LEAST
            if _till(paid) != self.till:
                continue
            evening = self.ground.world.day_start(papers.day) + int(self.rng.uniform(*EVENING) * HOUR_MS)
            paid["occurred_at"] = evening
            moved.append(paid)
            self.taken += 1
            if self.taken == RECEIPTS[self.strength]:
                self.till = None
        return moved

    def _by_day(self, papers: Papers) -> list[Record]:
        """What is taken in cash by day, without a letter before it or a void after it."""
        if self.offices[papers.events[0]["cash_office"]].kind in NO_TILL:
            return []
        voided = {void["receipt_number"] for void in papers.all("void")}
        begins = self.ground.world.day_start(papers.day)
        first, last = (begins + hour * HOUR_MS for hour in DAYTIME)
        return [
            paid
            for paid in papers.all("receipt")
            if paid["channel"] == "cash" and first <= paid["occurred_at"] < last
            and not paid.get("assessment_id") and paid["receipt_number"] not in voided
        ]  # fmt: skip

    def _busy(self, till: Till, start: int) -> bool:
        """Whether a cashier takes cash often enough for so many in four weeks, and seldom enough for them to stand out."""
        if till in self.known:
            return False
        recent = sum(start - WEEKS_4 <= at < start for at in self.cash[till])
        least, most = (times * RECEIPTS[self.strength] for times in BUSY)
        return least <= recent <= most

    def _end(self) -> None:
        """The four weeks are over: with enough receipts it was one, or else it is tried again."""
        if self.taken >= LEAST:
            del self.dues[0]
        self.till = None


def _till(record: Record) -> Till:
    return record["cash_office"], record["cashier_token"]


PLANTS = (Evenings,)

"""B14: a payment goes before those that have waited longer.

What happened: the treasury lets complete papers lie, and pays at once what somebody has asked for; in the regency of the
case those were advances of the projects of council members. Weak: past twelve that wait; medium: fourteen; strong: seventeen.
Source: KPK on Ogan Komering Ulu, March 2025.
"""

from __future__ import annotations

from collections import defaultdict

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Series
from producers.simulator.world import DAY_MS, HOUR_MS, MINUTE_MS, Group, Record

WAIT: dict[Strength, int] = {"weak": 12, "medium": 14, "strong": 17}
LEAST = 10
#: Days by which it is known how many payments of a fund there are, and the longest that papers lie.
USUAL, LONGEST = 90, 42
#: The last month in which it begins: it is over before the year is.
BEGINS = 8
#: Working days before they are paid after which no more are held back, and in which the other one is.
BEHIND, AHEAD = 5.0, 2.5
Fund = tuple[int, str]


class WentBefore(Series):
    """Papers of one fund lie; then one that came after all of them is paid on the day."""

    RULE, DOMAIN = "B14", "budget"
    ALSO = frozenset({"B10"})
    COST = 46
    MOST = 6
    UNTIL = 11

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # one after another
        self.made: defaultdict[Fund, list[int]] = defaultdict(list)
        self.fund: Fund | None = None
        self.waiting, self.paid_at, self.done = 0, 0, False

    def look(self, group: Group) -> None:
        first = group.events[0]
        if first["kind"] == "spp" and _ordinary(first):
            self.made[_fund(first)].append(group.start)

    def over(self) -> bool:
        return self.done

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment() or not _ordinary(papers.events[0]):
            return []
        if self.fund is None or papers.start >= self.paid_at:
            if self.waiting >= LEAST:  # others went before them, and nothing more is needed
                del self.dues[0]
            self.waiting, self.done = 0, False
            if not self.dues:
                return []
            self._begin(papers)
        if _fund(papers.events[0]) != self.fund:
            return []
        wanted = WAIT[self.strength]
        ordered, paid = papers.one("spm"), papers.one("sp2d")
        left = self.ground.working_days(papers.start, self.paid_at)
        if self.waiting < wanted and left > BEHIND and ordered["occurred_at"] < self.paid_at - 4 * DAY_MS:
            self.waiting += 1
            paid["occurred_at"] = paid["document_date"] = self.paid_at + self.waiting * MINUTE_MS
            return [ordered]
        if self.waiting == wanted and left < AHEAD and paid["occurred_at"] < self.paid_at - HOUR_MS:
            self.fund, self.waiting, self.done = None, 0, True
            paid["occurred_at"] = paid["document_date"] = ordered["occurred_at"] + HOUR_MS
            return [paid]
        return []

    def _begin(self, papers: Papers) -> None:
        """With a payment of a fund that has enough of them: when they will all be paid."""
        fund, self.fund = _fund(papers.events[0]), None
        recent = sum(at > papers.start - USUAL * DAY_MS for at in self.made[fund])
        days = WAIT[self.strength] * USUAL / max(1, recent) * 1.3 + 8
        if days < LONGEST and papers.day.month <= BEGINS:
            self.fund, self.paid_at = fund, self.ground.later(papers.start + int(days * DAY_MS), 0.1)
            self.least, self.name_of = LEAST, f"{fund[1]} {papers.day}"


def _ordinary(record: Record) -> bool:
    """Whether it is a payment without a date of its own."""
    paid = record["disbursement_type"] == "LS" and not record.get("recurring")
    return paid and not record["account"].startswith("5.1.01")


def _fund(record: Record) -> Fund:
    return record["fiscal_year"], record["fund"]


PLANTS = (WentBefore,)

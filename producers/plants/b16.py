"""B16: grants and social aid for votes.

What happened: in the months before an election a group that belongs to a candidate is given aid again and again, on one
proposal after another. Weak: three times; medium: four; strong: six.
Source: UU 10/2016 article 71; KPK circular of August 2025 on grants and social aid; BPK findings on grants paid repeatedly.
"""

from __future__ import annotations

from producers.plants.b05 import again
from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import Record

GRANTS = ("5.1.05.", "5.1.06.")
TIMES: dict[Strength, int] = {"weak": 3, "medium": 4, "strong": 6}
#: Days before an election in which it begins, and after which each proposal comes.
LONGEST, SHORTEST, APART = 170, 75, 10


def before_an_election(papers: Papers) -> bool:
    """Whether a group of documents begins in the months before one."""
    days = [(election.on - papers.day).days for election in papers.ground.profile.elections]
    return any(SHORTEST <= left <= LONGEST for left in days)


def again_and_again(plant: Wrong | Innocent, papers: Papers, times: int, apart: int) -> list[Record]:
    """Pay that many times in all what was one payment of a grant, on a proposal each; they share its money unevenly."""
    if not papers.payment() or not papers.events[0]["account"].startswith(GRANTS):
        return []
    paid = papers.one("sp2d")
    for record in papers.events:
        record["amount"] //= times
    one = tuple(papers.events)
    for number in range(1, times):
        invoice, amount = f"{paid['invoice_number']}/{number}", paid["amount"] * (20 - number) // 20
        more = Papers(papers.ground, [*one], papers.start)
        papers.events += again(plant, more, apart * number, invoice_number=invoice, amount=amount)
    return papers.all("sp2d")


class ForVotes(Wrong):
    """Gives to one recipient again and again before an election."""

    RULE, DOMAIN = "B16", "budget"
    ALSO = frozenset({"B01", "B10"})
    COST = 39
    MOST = 3

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        # an election is seldom: whatever is due happens before the first that comes
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]

    def plant(self, papers: Papers) -> list[Record]:
        if not before_an_election(papers):
            return []
        return again_and_again(self, papers, TIMES[self.strength], APART)


class InTwo(Innocent):
    """A grant is paid in two parts before an election; or in four, in a year without one."""

    DOMAIN = "budget"
    UNTIL = 9

    def plant(self, papers: Papers) -> list[Record]:
        near = any(abs((election.on - papers.day).days) < 200 for election in papers.ground.profile.elections)
        return again_and_again(self, papers, 2 if near else 4, 25)


PLANTS = (ForVotes, InTwo)

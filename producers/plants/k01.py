"""K01: voters are moved in on paper.

What happened: in the half year before an election people from elsewhere are registered in a small village, each at an
address of its own, and some move away again when it is over. Weak: twenty in two months; medium: 25; strong: 35, of whom
every second one leaves in the months after it.
Source: Fukumoto and Horiuchi on municipal elections in Japan; ACE Project on rolls in Bulgaria.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Wrong
from producers.plants.people import arrival
from producers.simulator.slips import standing
from producers.simulator.world import DAY_MS, HOUR_MS, Group, Record

VOTERS: dict[Strength, int] = {"weak": 20, "medium": 25, "strong": 35}
#: Days before the election in which it begins, days that it takes, and days after the election when they leave.
BEGINS, LASTS, LEAVE = (80, 165), 60, 15
#: A small village: arrivals in half a year.
SMALL, HALF_YEAR = 5, 182
#: Days of a year and a half: before it nobody can say what is usual before an election.
KNOWN = 365 + HALF_YEAR


class MovedIn(Wrong):
    """Registers voters in a village."""

    RULE, DOMAIN = "K01", "population"
    COST = 97
    MOST = 3
    YEARS = 3

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # an election is seldom
        first = ground.world.local_date(ground.begin)
        self.elections = [e.on for e in ground.profile.elections if (e.on - first).days > KNOWN]
        self.came: Counter[str] = Counter()
        self.done: set[str] = set()

    def look(self, group: Group) -> None:
        self.came.update(
            r["destination_village"]
            for r in standing(group.events)
            if r["kind"] == "move" and r["status"] == "registered"
        )

    def plant(self, papers: Papers) -> list[Record]:
        move, election = arrival(papers, self.ground.profile.code), self._election(papers.day)
        if move is None or election is None or move["destination_village"] in self.done:
            return []
        half_years = max(1.0, (papers.start - self.ground.begin) / DAY_MS / HALF_YEAR)
        if self.came[move["destination_village"]] / half_years > SMALL:
            return []
        self.done.add(move["destination_village"])
        move |= {"persons": 1, "children_only": False}
        found, count = [move], VOTERS[self.strength]
        for number in range(1, count):
            at = move["occurred_at"] + number * LASTS * DAY_MS // count
            found.append(self._moved(papers, move, f"in/{number}", at, report_id=None))
        if self.strength == "strong":
            after = self.ground.world.day_start(election) + LEAVE * DAY_MS + 9 * HOUR_MS
            for number, voter in enumerate(found[1::2]):
                self._leaves(papers, voter, after + number * DAY_MS)
        return found

    def _election(self, day: date) -> date | None:
        """The one before which it is time."""
        first, last = BEGINS
        return next((on for on in self.elections if first <= (on - day).days <= last), None)

    def _moved(self, papers: Papers, move: Record, name: str, at: int, **fields: object) -> Record:
        token = self.ground.world.token
        own = {kind: token(kind.removesuffix("_token"), f"{move['event_id']}/{name}") for kind in OWN}
        return papers.copy(move, self.rng, occurred_at=at, **{**own, **fields})

    def _leaves(self, papers: Papers, voter: Record, at: int) -> None:
        back = {
            "origin_village": voter["destination_village"],
            "destination_village": voter["origin_village"],
            "person_token": voter["person_token"],
        }
        self._moved(papers, voter, "out", at, **back)


#: What is each voter's own.
OWN = ("person_token", "family_card_token", "address_token")

PLANTS = (MovedIn,)

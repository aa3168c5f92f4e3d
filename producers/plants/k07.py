"""K07: an operator makes people into others, by the dozen.

What happened: one operator changes birth dates on one day, for those who need another age on paper. Weak: twelve; medium:
eighteen; strong: thirty.
Source: ACFE, unusual entries by one user; UU 23/2006 with 24/2013 (no change of people's data without a right to it).
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.people import registered
from producers.simulator.world import MINUTE_MS, Record

NUMBERS: dict[Strength, int] = {"weak": 12, "medium": 18, "strong": 30}


def correct(plant: Wrong | Innocent, papers: Papers, number: int, fields: list[str]) -> list[Record]:
    """The operator of an entry corrects that many people's data after it, one every three minutes of the morning."""
    entry, world = registered(papers, "move"), plant.ground.world
    begins = world.day_start(papers.day) + 9 * 60 * MINUTE_MS
    if entry is None or not world.clock.is_working_day(papers.day) or entry["occurred_at"] > begins:
        return []
    kept = ("opd", "source", "simulated", "status", "operator_token")
    common = {name: entry[name] for name in kept} | {
        "kind": "correction",
        "village": entry["destination_village"],
    }
    return [
        papers.copy(
            common, plant.rng, occurred_at=begins + count * 3 * MINUTE_MS, changed_fields=fields,
            family_card_token=world.token("family_card", plant.rng.randrange(world.population // 3)),
            person_token=world.token("person", f"{entry['event_id']}/{count}"),
        )
        for count in range(number)
    ]  # fmt: skip


class Rewritten(Wrong):
    """Changes birth dates in bulk."""

    RULE, DOMAIN = "K07", "population"
    COST = 60
    MOST = 6

    def plant(self, papers: Papers) -> list[Record]:
        return correct(self, papers, NUMBERS[self.strength], ["birth_date"])


class CleanedUp(Innocent):
    """A list of occupations is brought up to date in a morning; a few birth dates are put right on another one."""

    DOMAIN = "population"
    TIMES = 2

    def plant(self, papers: Papers) -> list[Record]:
        if self.strength == "medium":
            return correct(self, papers, 5, ["birth_date"])
        return correct(self, papers, 25, ["occupation"])


PLANTS = (Rewritten, CleanedUp)

"""K03: one person twice.

What happened: somebody is put on a second family card, or gets a second number, and draws aid or votes twice. Weak: on a
second card without leaving the first; medium: the same name, birth date and mother with a second number; strong: with a
third one too.
Source: Dukcapil, cleaning of duplicate data; UU 23/2006 with 24/2013 (one number for life).
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.people import moves_on, registered
from producers.simulator.world import DAY_MS, Record

NUMBERS: dict[Strength, int] = {"weak": 0, "medium": 1, "strong": 2}  # beside the first one


class Twice(Wrong):
    """Registers somebody who was just born once more."""

    RULE, DOMAIN = "K03", "population"
    COST = 4

    def plant(self, papers: Papers) -> list[Record]:
        birth, world = registered(papers, "birth"), self.ground.world
        if birth is None:
            return []
        if self.strength == "weak":
            at = birth["occurred_at"] + 20 * DAY_MS
            return [moves_on(papers, birth, world, self.rng, at, origin_village=_elsewhere(self))]
        return [
            papers.copy(
                birth, self.rng, occurred_at=birth["occurred_at"] + number * 5 * DAY_MS, report_id=None,
                person_token=world.token("person", f"{birth['event_id']}/{number}"),
            )
            for number in range(1, NUMBERS[self.strength] + 1)
        ]  # fmt: skip


class MovedOn(Innocent):
    """A child moves with its family and leaves its card; or goes away and comes back."""

    DOMAIN = "population"

    def plant(self, papers: Papers) -> list[Record]:
        birth, world = registered(papers, "birth"), self.ground.world
        if birth is None:
            return []
        first, at = birth["family_card_token"], birth["occurred_at"] + 30 * DAY_MS
        if self.strength == "medium":
            return [moves_on(papers, birth, world, self.rng, at, previous_family_card_token=first)]
        moves_on(
            papers, birth, world, self.rng, at, family_card_token=first, destination_village=_elsewhere(self),
            move_class="between_provinces",
        )  # fmt: skip
        return [moves_on(papers, birth, world, self.rng, at + 40 * DAY_MS, origin_village=_elsewhere(self))]


def _elsewhere(plant: Wrong | Innocent) -> str:
    """A village of another province."""
    return "98.71.01.1001" if not plant.ground.profile.code.startswith("98") else "97.71.01.1001"


PLANTS = (Twice, MovedOn)

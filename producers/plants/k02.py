"""K02: a house in which nobody could live together.

What happened: people are registered at one address, on paper only, to vote, to draw aid or for a school. Weak: three
families of six within three weeks; medium: five within two weeks; strong: eight families of eight within three days.
Source: ACE Project, electoral rolls: too many people at an address.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.people import arrival
from producers.simulator.world import DAY_MS, Record

#: Families, persons in each, and the days within which they come.
CROWDS: dict[Strength, tuple[int, int, int]] = {"weak": (3, 6, 21), "medium": (5, 6, 14), "strong": (8, 8, 3)}
HOSTEL = (4, 7, 10)


def crowd(
    plant: Wrong | Innocent, papers: Papers, families: int, persons: int, days: int, address: str = ""
) -> list[Record]:
    """That many families come to one address within so many days."""
    move = arrival(papers, plant.ground.profile.code)
    if move is None:
        return []
    own = {"persons": persons, "children_only": False, "address_token": address or move["address_token"]}
    move |= own
    found, token = [move], plant.ground.world.token
    for number in range(1, families):
        name = f"{move['event_id']}/{number}"
        found.append(
            papers.copy(
                move, plant.rng, occurred_at=move["occurred_at"] + number * days * DAY_MS // families, report_id=None,
                family_card_token=token("family_card", name), person_token=token("person", name),
            )
        )  # fmt: skip
    return found


class Crowd(Wrong):
    """Registers many families at one address."""

    RULE, DOMAIN = "K02", "population"
    COST = 16

    def plant(self, papers: Papers) -> list[Record]:
        return crowd(self, papers, *CROWDS[self.strength])


class BoardingSchool(Innocent):
    """Pupils and families move to an address that the profile knows as shared; or two large families to one house."""

    DOMAIN = "population"
    TIMES = 3

    def plant(self, papers: Papers) -> list[Record]:
        shared = [a for a in self.ground.profile.shared_addresses if (a.valid_to or papers.day) >= papers.day]
        if self.strength == "medium" or not shared:
            return crowd(self, papers, 2, 7, 20)
        return crowd(self, papers, *HOSTEL, shared[0].address_token)


PLANTS = (Crowd, BoardingSchool)

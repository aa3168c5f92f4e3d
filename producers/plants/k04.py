"""K04: a number that nobody can have been given.

What happened: people who do not exist are entered with an invented number. Weak: its date is not the birth date; medium:
its region did not exist when it was issued; strong: it is no number at all.
Source: Dukcapil on the parts of the number; findings on fictitious recipients of aid.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.people import registered
from producers.simulator.world import DAY_MS, Record

WRONG: dict[Strength, str] = {
    "weak": "nik_date_matches",
    "medium": "nik_region_known",
    "strong": "nik_well_formed",
}


class Invented(Wrong):
    """Enters somebody with a wrong number."""

    RULE, DOMAIN = "K04", "population"
    COST = 3

    def plant(self, papers: Papers) -> list[Record]:
        entry = registered(papers, "move") or registered(papers, "birth")
        if entry is None:
            return []
        entry[WRONG[self.strength]] = False
        return [entry]


class Mistyped(Innocent):
    """A number is mistyped in the village's report and right in the registry; or put right there after two days."""

    DOMAIN = "population"

    def plant(self, papers: Papers) -> list[Record]:
        entry = registered(papers, "move")
        if entry is None:
            return []
        if papers.events[0]["status"] == "reported":
            papers.events[0]["nik_well_formed"] = False
            return [papers.events[0]]
        entry["nik_date_matches"] = False
        kept = ("opd", "source", "simulated", "family_card_token", "person_token", "status", "operator_token")
        right = {name: entry[name] for name in kept} | {
            "kind": "correction", "village": entry["destination_village"], "changed_fields": ["birth_date"],
            "occurred_at": entry["occurred_at"] + 2 * DAY_MS, "nik_well_formed": True, "nik_region_known": True,
            "nik_date_matches": True, "nik_sex_matches": True,
        }  # fmt: skip
        return [papers.copy(right, self.rng)]


PLANTS = (Invented, Mistyped)

"""B04: what should be tendered is bought directly.

What happened: a package beyond the limit of direct procurement is split among papers of one supplier, or simply given
away. Weak: two parts that are a fifth beyond the limit together; medium: four, each just below it; strong: one package of
three times the limit. The limit is a fact of law: Perpres 16/2018, and 46/2025 for construction.
Source: World Bank red flags "unusual split" and "many awards just below the threshold"; Prozorro sas24-3-14-2.
"""

from __future__ import annotations

from datetime import date

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, Record

LIMIT, RAISED = 200_000_000, 400_000_000
RAISED_ON = date(2025, 4, 30)
#: Parts, and each one's share of the limit.
PARTS: dict[Strength, tuple[int, float]] = {"weak": (2, 0.6), "medium": (4, 0.95), "strong": (1, 3.0)}


def limit(papers: Papers, package: Record) -> int:
    """The limit of direct procurement of a package on its day; 0 where it is of a kind that is left alone here."""
    if package["package_kind"] == "construction":
        return RAISED if papers.day >= RAISED_ON else LIMIT
    return LIMIT if package["package_kind"] in ("goods", "services") else 0


def chosen(papers: Papers) -> Record:
    """The smallest package of a sub-activity; the largest is the contract that is paid by its progress (B17)."""
    return min(papers.all("package"), key=lambda one: (one["package_ceiling"], one["package_id"]))


def split(plant: Wrong | Innocent, papers: Papers, parts: int, worth: int, days: int) -> list[Record]:
    """Buy directly, in that many packages of the same worth to one supplier, so many days one after another."""
    package = chosen(papers)
    package |= {"package_method": "direct", "package_ceiling": worth, "amount": worth}
    found = [package]
    for number in range(1, parts):
        at, name = package["procured_at"] + number * days * DAY_MS, f"{package['package_id']}/{number + 1}"
        found.append(
            papers.copy(package, plant.rng, package_id=name, document_number=name, procured_at=at, occurred_at=at)
        )  # fmt: skip
    return found


class Split(Wrong):
    """Splits a package, or gives it away as it is."""

    RULE, DOMAIN = "B04", "budget"
    COST = 7

    def plant(self, papers: Papers) -> list[Record]:
        if len(papers.all("package")) < 2 or not (most := limit(papers, chosen(papers))):
            return []
        parts, share = PARTS[self.strength]
        if parts > 1 and papers.day.replace(day=1) == RAISED_ON.replace(day=1):
            return []  # some parts would be before the change and some after it
        return split(self, papers, parts, int(most * share), 5)


class BoughtAgain(Innocent):
    """The same is needed again two months later; or in small parts that stay below the limit together."""

    DOMAIN = "budget"

    def plant(self, papers: Papers) -> list[Record]:
        if len(papers.all("package")) < 2 or not (most := limit(papers, chosen(papers))):
            return []
        if self.strength == "medium":
            return split(self, papers, 2, int(most * 0.8), 60)
        return split(self, papers, 3, int(most * 0.3), 4)


PLANTS = (Split, BoughtAgain)

"""R12: bills that nobody asks for.

What happened: assessments after an examination of land tax fall due unpaid, and whoever should write the reminders leaves
them in a drawer, for friends or for a fee. Weak: thirteen of 22; medium: eighteen; strong: all.
Source: UU 1/2022 and PP 35/2023 on what follows an unpaid assessment; our own rule for the share.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, HOUR_MS, MINUTE_MS, Record

LETTERS = 22
REMINDED: dict[Strength, int] = {"weak": 9, "medium": 4, "strong": 0}
TERM = 30  # days
#: What a letter repeats of a payment of land tax.
NAMED = (
    "opd", "source", "mode", "simulated", "cash_office", "account", "amount", "village", "tax_period",
)  # fmt: skip


def bill(
    plant: Wrong | Innocent, papers: Papers, number: int, reminded: int, **fields: object
) -> list[Record]:
    """That many more assessments of land tax on the day of a payment of it, of which some are reminded after they fell due.

    Nobody pays them.
    """
    paid = next((r for r in papers.all("receipt") if str(r.get("assessment_id")).startswith("SPPT/")), None)
    if paid is None:
        return []
    world = plant.ground.world
    due = world.day_start(papers.day) + (TERM + 1) * DAY_MS
    common = {name: paid[name] for name in NAMED if name in paid}
    letters: list[Record] = []
    for count in range(number):
        name = f"{paid['receipt_number']}/{count}"
        own = {
            "kind": "assessment", "occurred_at": paid["occurred_at"] + count * MINUTE_MS,
            "assessment_id": f"SKPDKB/{name}", "object_token": world.token("address", f"object/{name}"),
            "payer_token": world.token("person", f"owner/{name}"),
        }  # fmt: skip
        letters.append(papers.copy({**common, **own}, plant.rng, due_at=due - 1, **fields))
        if count < reminded:
            at = due + 20 * DAY_MS + 10 * HOUR_MS + count * MINUTE_MS
            papers.copy({**common, **own}, plant.rng, kind="reminder", occurred_at=at)
    return letters


class NeverAsked(Wrong):
    """Writes no reminders."""

    RULE, DOMAIN = "R12", "revenue"
    COST = 79
    MOST = 3

    def plant(self, papers: Papers) -> list[Record]:
        reminded = REMINDED[self.strength]
        return bill(self, papers, LETTERS, reminded)[reminded:]


class AskedOrLet(Innocent):
    """Most are reminded and some cannot be found; all are let off; or the few letters of a small examination."""

    DOMAIN = "revenue"
    TIMES = 3

    def plant(self, papers: Papers) -> list[Record]:
        if self.strength == "weak":
            return bill(self, papers, LETTERS, LETTERS - 6)
        if self.strength == "strong":
            return bill(self, papers, 12, 0)
        letters = bill(self, papers, LETTERS, 0)
        for letter in letters:
            letter["reduction"] = letter["amount"]
        return letters


PLANTS = (NeverAsked, AskedOrLet)

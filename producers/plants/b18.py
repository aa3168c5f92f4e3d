"""B18: somebody travels twice at the same time.

What happened: the same nights are claimed for two trips, and one of them was never made. Weak: two
trips share one night; medium: two nights; strong: four, all of the shorter trip.
Source: BPK on official travel in Lima Puluh Kota.
"""

from __future__ import annotations

from producers.plants.b05 import again
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, HOUR_MS, Record

TRAVEL = "5.1.02.04."
NIGHTS = 5
#: On which day of the first trip the second one begins.
BEGINS: dict[Strength, int] = {"weak": 4, "medium": 3, "strong": 1}


def two_trips(plant: Wrong | Innocent, papers: Papers, day: int, nights: int) -> list[Record]:
    """Make a payment of travel that of a trip, and pay for one more of the same person that begins that many days later."""
    if not papers.payment() or not str(papers.events[0]["account"]).startswith(TRAVEL):
        return []
    begun = papers.ground.world.day_start(papers.day) - 20 * DAY_MS + 7 * HOUR_MS
    paid = papers.one("sp2d")
    person = papers.ground.world.token("person", f"traveller/{paid['document_number']}")

    def trip(first: int, last: int) -> Record:
        ends = begun + last * DAY_MS + 11 * HOUR_MS
        return {"traveller_token": person, "trip_from": begun + first * DAY_MS, "trip_to": ends}

    for record in papers.events:
        record.update(trip(0, NIGHTS), amount=record["amount"] // 2)  # the budget is for both
    invoice = f"{paid['invoice_number']}7"
    made = again(plant, papers, 9, invoice_number=invoice, **trip(day, day + nights))
    return [paid, made[-1]]


class TwoPlaces(Wrong):
    """Claims for two trips at once."""

    RULE, DOMAIN = "B18", "budget"
    ALSO = frozenset({"B10"})
    COST = 18
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        return two_trips(self, papers, BEGINS[self.strength], 4)


class OffAgain(Innocent):
    """Comes home and leaves again on the same day; or some days later."""

    DOMAIN = "budget"
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        return two_trips(self, papers, NIGHTS if self.strength == "medium" else NIGHTS + 2, 2)


PLANTS = (TwoPlaces, OffAgain)

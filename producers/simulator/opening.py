"""How a bus begins that is older than its events: opening balances instead of what was before.

At the start of the first year the land tax of the year before is in arrears. One cash office is connected in April only;
what it took in, deposited and assessed until then comes as a sum of each account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from producers.simulator.movements import DOMAIN, mistake, movement
from producers.simulator.revenue import Revenue
from producers.simulator.slips import standing, with_slips
from producers.simulator.world import Group, Record

if TYPE_CHECKING:
    from schemas.profile import CashOffice

CONNECTED = (4, 1)
MEASURES = {"receipt": "received", "void": "received", "deposit": "deposited", "assessment": "assessed"}

#: Rupiah by measure, account and village.
Sums = Counter[tuple[str, str, str | None]]


def first_year(revenue: Revenue, year: int) -> Iterator[Group]:
    """The revenue of a year, in order of start, as a bus that begins with it hears of it."""
    world = revenue.world
    rng = world.rng("opening", year)
    connected = world.day_start(date(year, *CONNECTED))
    late = late_office(revenue)
    before: list[Record] = []

    def balances(office: CashOffice, at: int, sums: Sums) -> list[Record]:
        found = []
        for (measure, account, village), amount in sorted(sums.items(), key=str):
            record = movement(world, rng, office, at, "opening_balance", account, amount)
            found.append(record | {"measure": measure, "village": village, "channel": ""})
        return found

    if tax := revenue.land_tax:
        for office in tax.offices:
            owed: Sums = Counter(
                {("arrears", tax.account, v): amount for v, amount in tax.arrears(office, year - 1).items()}
            )
            if owed:
                yield with_slips(rng, DOMAIN, balances(office, world.year_start(year), owed), mistake)
    for group in revenue.groups(year):
        mine = late is not None and group.events[0]["cash_office"] == late.code
        if late is not None and before and group.start >= connected:
            yield with_slips(rng, DOMAIN, balances(late, connected, _sums(before)), mistake)
            before = []
        if mine and group.start < connected:
            before += [record for record in group.events if record["occurred_at"] < connected]
            rest = [record for record in group.events if record["occurred_at"] >= connected]
            if rest:
                yield Group(DOMAIN, rest[0]["occurred_at"], rest, group.arrivals)
        else:
            yield group


def late_office(revenue: Revenue) -> CashOffice | None:
    """The office that is connected later: one of several of a department that is not the tax department."""
    offices = [o for o in revenue.offices if o.opd != revenue.tax_opd and not o.direct_use]
    shared = [o for o in offices if sum(other.opd == o.opd for other in offices) > 1]
    return shared[-1] if shared else None


def _sums(events: list[Record]) -> Sums:
    """What stands of events, summed."""
    found: Sums = Counter()
    for record in standing(events):
        account, amount, village = record["account"], record["amount"], record.get("village")
        measure = MEASURES[record["kind"]]
        found[measure, account, village] += -amount if record["kind"] == "void" else amount
    return found

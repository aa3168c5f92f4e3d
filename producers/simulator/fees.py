"""Fees of permits on the books of revenue: each receipt names the permit case whose fee it is (``permit_case_id``).

One Group per day, with the deposit of what was received; the receipts have a book of their own.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from producers.simulator.movements import DOMAIN, mistake, movement
from producers.simulator.permits import Permits
from producers.simulator.revenue import RETRIBUTION, Revenue
from producers.simulator.slips import with_slips
from producers.simulator.world import MINUTE_MS, Choice, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

#: Nobody pays a permit in cash.
CHANNELS = Choice.of({"virtual_account": 0.5, "qris": 0.3, "teller": 0.2})
MISTYPED = 0.5  # of slips are in the number of the permit
BOOK = "IZIN"


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee that the permit office says was paid, and when (UTC ms)."""

    at: int
    case_id: str
    amount: int
    payer_token: str
    village: str | None


def fees_of(events: Iterable[Record]) -> Iterator[Fee]:
    """The fees paid in a case, each once, whatever was corrected."""
    for record in events:
        if record.get("fee_paid") and not record.get("corrects"):
            yield Fee(
                record["occurred_at"],
                record["case_id"],
                record["fee_paid"],
                record["applicant_token"],
                record.get("village"),
            )


class PermitFees:
    """The stream of receipts for permits, at the first cash office of the department that issues them."""

    domain = DOMAIN

    def __init__(self, world: World, permits: Permits, revenue: Revenue) -> None:
        self.world, self.permits, self.revenue = world, permits, revenue
        self.office = next((o for o in revenue.offices if o.opd == permits.opd), None)
        lines = revenue.lines[self.office.code] if self.office else []
        self.account = next((line.account for line in lines if line.account.startswith(RETRIBUTION)), "")
        self._known: dict[int, list[Fee]] = {}

    def groups(self, year: int) -> Iterator[Group]:
        """What is paid in a year, also for permits that were asked for in the year before, in order of days."""
        if self.office is None or not self.account:
            return
        by_day: defaultdict[date, list[Fee]] = defaultdict(list)
        for fee in (*self._asked_in(year - 1), *self._asked_in(year)):
            by_day[self.world.local_date(fee.at)].append(fee)
        self._known.pop(year - 1)
        rng = self.world.rng("permit fees", year)
        number = year % 100 * 100_000
        for day in sorted(day for day in by_day if day.year == year):
            paid = sorted(by_day[day], key=lambda fee: fee.at)
            receipts = []
            for fee in paid:
                number += 1
                receipts.append(self.receipt(rng, self.office, fee, f"{number:07d}"))
            morning = self.world.next_working_day(self.world.day_start(day))
            slips = self.revenue.next_morning(rng, self.office, receipts, morning, f"{day:%Y%m%d}/{BOOK}")
            yield with_slips(rng, self.domain, [*receipts, *slips], _mistake)

    def receipt(self, rng: random.Random, office: CashOffice, fee: Fee, number: str) -> Record:
        """The receipt of a fee, written some minutes before the permit office goes on."""
        start = self.world.day_start(self.world.local_date(fee.at))
        at = max(start, fee.at - rng.randrange(2, 25) * MINUTE_MS)
        record = movement(self.world, rng, office, at, "receipt", self.account, fee.amount)
        return record | {
            "channel": CHANNELS.draw(rng),
            "village": fee.village,
            "payer_token": fee.payer_token,
            "permit_case_id": fee.case_id,
            "receipt_number": f"{office.code}-{BOOK}-{number}",
            "receipt_book": f"{office.code}/{BOOK}",
            "cashier_token": self.world.token("person", f"cashier/{office.code}/{BOOK}"),
        }

    def _asked_in(self, year: int) -> list[Fee]:
        """The fees of the permits that were asked for in a year, whenever they are paid."""
        if year not in self._known:
            self._known[year] = [fee for group in self.permits.groups(year) for fee in fees_of(group.events)]
        return self._known[year]


def _mistake(rng: random.Random, record: Record) -> Record:
    """A wrong amount or channel, or a wrong number of the permit."""
    if record.get("permit_case_id") and rng.random() < MISTYPED:
        return {"permit_case_id": f"{record['permit_case_id']}{rng.randrange(10)}"}
    return mistake(rng, record)

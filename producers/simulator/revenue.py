"""Regional revenue: assessments and payments, market days, due dates, voids, corrections and daily deposits.

One Group per cash office and day, so that receipts, voids, corrections and the deposit that contains them keep the
same Kafka key. What is not paid to a cashier at once (land tax) is in land_tax.py.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from producers.simulator.land_tax import Bill, LandTax
from producers.simulator.land_transfers import transfer_letter
from producers.simulator.movements import CHANNELS, DOMAIN, mistake, movement
from producers.simulator.seasons import in_day, market_day, poisson
from producers.simulator.slips import with_slips
from producers.simulator.world import DAY_MS, HOUR_MS, MINUTE_MS, Choice, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

REACHED = 0.94  # of the targets
DEPOSIT_PARTS = 2000  # receipts in one deposit at most, so that a record stays far below 1 MB
LAND_TAX, LAND_TRANSFER, RETRIBUTION, TRANSFERS = "4.1.01.15", "4.1.01.16", "4.1.02", "4.2"
ASSESSED = 0.06  # of the fees, by a letter (SKRD) before they are paid
VOIDED, VOIDED_LATER = 0.003, 0.0012  # of the receipts: within the hour, and days later
VOIDS = Choice.of({"salah nominal": 3, "pembayaran ganda": 2, "salah objek": 2, "gangguan perangkat": 1})
#: What a void repeats of its receipt.
KEPT = ("channel", "village", "assessment_id", "cashier_token", "receipt_number", "receipt_book")


@dataclass(frozen=True, slots=True)
class Line:
    """One account at one cash office: receipts a day per person of the regency, and their size in rupiah."""

    account: str
    rate: float
    median: int
    spread: float = 0.5
    monthly: bool = False
    market: bool = False


#: By prefix of the account: what is paid in daily life. Rates are a day and person.
LINES = {
    "4.1.01": Line("", 1.5e-5, 450_000, 0.9, monthly=True),
    "4.1.02": Line("", 2.6e-4, 18_000, 0.6, market=True),
    "4.1.03": Line("", 6e-8, 90_000_000, 0.5),
    "4.1.04": Line("", 1.2e-4, 85_000, 0.8),
    "4.3": Line("", 1e-7, 25_000_000, 0.5),
}


class Revenue:
    """The stream of revenue."""

    domain = DOMAIN

    def __init__(self, world: World) -> None:
        self.world = world
        profile = world.profile
        self.offices = [profile.cash_offices[code] for code in sorted(profile.cash_offices)]
        leaves = sorted(
            a for a in profile.accounts if a.startswith("4.") and not _has_child(a, profile.accounts)
        )
        self.accounts = leaves or ["4.1.01.15.01.0001", "4.1.02.01.04.0001", "4.2.01.01.01.0001"]
        self.tax_opd = self._tax_department()
        self.tax_offices = [o for o in self.offices if o.opd == self.tax_opd] or self.offices[:1]
        land_tax = next((a for a in self.accounts if a.startswith(LAND_TAX)), None)
        self.land_tax = (
            LandTax(world, land_tax, self.tax_offices, self._target(self.tax_opd, land_tax))
            if land_tax
            else None
        )
        self.land_transfer = next((a for a in self.accounts if a.startswith(LAND_TRANSFER)), None)
        self.transfers = [a for a in self.accounts if a.startswith(TRANSFERS)]
        treasury = {t.opd for t in profile.revenue_targets if t.account.startswith(TRANSFERS)}
        offices = [o for o in self.offices if o.opd in treasury] + self.tax_offices
        self.transfer_office = offices[0] if offices else None
        self.lines = {office.code: self._lines(office) for office in self.offices}
        self.payers = max(50, world.population // 8)

    def groups(self, year: int) -> Iterator[Group]:
        """Everything of a year in order of start."""
        if not self.offices:
            return
        rng = self.world.rng(self.domain, year)
        bills = self.land_tax.year(year) if self.land_tax else None
        # numbers begin again every year, behind its last two digits
        numbers = dict.fromkeys((o.code for o in self.offices), year % 100 * 10_000_000)
        for day in self.world.days(year):
            start = self.world.day_start(day)
            if bills and self.land_tax:
                for letter in self.land_tax.letters(rng, bills, day, start):
                    yield with_slips(rng, self.domain, [letter], mistake)
            for office in self.offices:
                paid = bills.payments(office, day) if bills else ()
                events = self._day(rng, office, day, start, paid, numbers)
                if events:
                    yield with_slips(rng, self.domain, events, mistake)

    def receipt(self, rng: random.Random, office: CashOffice, line: Line, at: int, number: int) -> Record:
        """One ordinary receipt of a cash office."""
        amount = max(1000, round(rng.lognormvariate(0, line.spread) * line.median / 500) * 500)
        record = self._event(rng, office, at, "receipt", line.account, amount)
        record["channel"] = CHANNELS.draw(rng) if office.kind not in ("bank", "online") else "transfer"
        record["village"] = self.world.village_choice.draw(rng)
        record["payer_token"] = self.world.token("person", f"payer/{rng.randrange(self.payers)}")
        record["tax_period"] = f"{self.world.local_date(at):%Y-%m}" if line.monthly else None
        return self._numbered(rng, record, office, number)

    def next_morning(
        self, rng: random.Random, office: CashOffice, receipts: list[Record], morning: int, slip: str
    ) -> list[Record]:
        """The deposits of some receipts on the ``morning`` of a working day (its midnight, UTC ms), under a number of a
        ``slip``; none where the office keeps what it takes in."""
        if not receipts or office.direct_use:
            return []
        at = morning + int(rng.uniform(8.2, 11.5) * HOUR_MS)
        return self.deposits(rng, office, receipts, at, slip)

    def deposits(
        self, rng: random.Random, office: CashOffice, receipts: list[Record], at: int, name: str
    ) -> list[Record]:
        """The deposit slips (STS) of what a cash office holds, one an account and 2,000 receipts."""
        by_account: dict[str, list[Record]] = {}
        for record in receipts:
            by_account.setdefault(record["account"], []).append(record)
        slips: list[Record] = []
        for account in sorted(by_account):
            held = by_account[account]
            for first in range(0, len(held), DEPOSIT_PARTS):
                part = held[first : first + DEPOSIT_PARTS]
                slip = self._event(
                    rng, office, at + len(slips) * 1000, "deposit", account, sum(r["amount"] for r in part)
                )
                slip["channel"] = "transfer"
                slip["deposit_number"] = f"STS/{office.code}/{name}/{len(slips) + 1}"
                slip["composition"] = [
                    {"receipt_number": r["receipt_number"], "amount": r["amount"]} for r in part
                ]
                slip["closing_id"] = f"{office.code}/{name}"
                slips.append(slip)
        return slips

    def _day(
        self,
        rng: random.Random,
        office: CashOffice,
        day: date,
        start: int,
        bills: Sequence[Bill],
        numbers: dict[str, int],
    ) -> list[Record]:
        """Receipts of one office on one day, voids, and the deposit on the next working morning."""
        world = self.world
        working = world.clock.is_working_day(day)
        receipts: list[Record] = []
        letters: list[Record] = []
        for line in self.lines[office.code]:
            rate = line.rate * world.population * self._season(line, office, day, working)
            for _ in range(poisson(rng, rate)):
                numbers[office.code] += 1
                at = in_day(rng, start, spread=0.3 if line.market or not working else 0.05)
                receipt = self.receipt(rng, office, line, at, numbers[office.code])
                if line.account == self.land_transfer:
                    letters.append(transfer_letter(world, office, receipt))
                elif line.account.startswith(RETRIBUTION) and rng.random() < ASSESSED:
                    letters.append(self._assessed(rng, office, receipt))
                receipts.append(receipt)
        for bill in bills:
            numbers[office.code] += 1
            at = in_day(rng, start, spread=0.15)
            if bill.interest and self.land_tax:
                letters.append(self.land_tax.interest(rng, bill, at - MINUTE_MS))
            receipts.append(self._bill_receipt(rng, office, bill, at, numbers[office.code]))
        morning = world.next_working_day(start)
        voids, standing = self._voids(rng, office, receipts, morning)
        if self.transfers and office is self.transfer_office and day.day == 5:
            arrived = self._transfers(rng, office, start, numbers)
            receipts += arrived
            standing += arrived
        slips = self.next_morning(rng, office, standing, morning, f"{day:%Y%m%d}")
        return letters + receipts + voids + slips

    def _season(self, line: Line, office: CashOffice, day: date, working: bool) -> float:
        if line.market:
            busy = 2.2 if market_day(day, _number(office.code) % 5) else 0.8
            return busy * (1.15 if day.weekday() >= 5 else 1.0) * (1.2 if day.month in (3, 4, 12) else 1.0)
        if not working:
            return 0.08
        weight = 1.9 if line.monthly and day.day <= 15 and day.day >= 8 else 0.8
        return weight * (1.5 if day.month == 12 and day.day > 14 else 1.0)

    def _assessed(self, rng: random.Random, office: CashOffice, receipt: Record) -> Record:
        """The assessment (SKRD) of a fee that is paid minutes later."""
        at = receipt["occurred_at"] - rng.randrange(2, 10) * MINUTE_MS
        letter = self._event(rng, office, at, "assessment", receipt["account"], receipt["amount"])
        receipt["assessment_id"] = f"SKRD/{receipt['receipt_number']}"
        letter |= {name: receipt[name] for name in ("assessment_id", "payer_token", "village")}
        letter["due_at"] = at + 30 * DAY_MS
        return letter

    def _voids(
        self, rng: random.Random, office: CashOffice, receipts: list[Record], morning: int
    ) -> tuple[list[Record], list[Record]]:
        """(voids, receipts that are deposited): voids of the same hour, before the deposit, and days after it."""
        voids: list[Record] = []
        standing: list[Record] = []
        for receipt in receipts:
            chance = rng.random()
            if chance >= VOIDED + VOIDED_LATER:
                standing.append(receipt)
                continue
            if chance < VOIDED:
                at = receipt["occurred_at"] + rng.randrange(2, 40) * MINUTE_MS
            elif chance < VOIDED + VOIDED_LATER / 2:
                at = morning + int(rng.uniform(7.6, 8.1) * HOUR_MS)
            else:
                at = morning + int(DAY_MS * rng.uniform(2, 12))
                standing.append(receipt)
            void = self._event(rng, office, at, "void", receipt["account"], receipt["amount"])
            void |= {name: receipt[name] for name in KEPT if name in receipt}
            void["voided_event"] = receipt["event_id"]
            void["void_reason"] = VOIDS.draw(rng)
            void["officer_token"] = self.world.token("person", f"supervisor/{office.code}")
            voids.append(void)
        return voids, standing

    def _transfers(
        self, rng: random.Random, office: CashOffice, start: int, numbers: dict[str, int]
    ) -> list[Record]:
        found = []
        for account in self.transfers:
            numbers[office.code] += 1
            goal = self._target(office.opd, account)
            usual = goal / 12 if goal else self.world.population * 190_000 / len(self.transfers)
            amount = int(usual * rng.uniform(0.9, 1.1)) // 1000 * 1000
            at = start + int(10 * HOUR_MS)
            record = self._event(rng, office, at, "receipt", account, amount)
            record["channel"] = "transfer"
            found.append(self._numbered(rng, record, office, numbers[office.code]))
        return found

    def _bill_receipt(
        self, rng: random.Random, office: CashOffice, bill: Bill, at: int, number: int
    ) -> Record:
        tax = self.land_tax
        assert tax is not None  # noqa: S101  (bills are the land tax's)
        record = self._event(rng, office, at, "receipt", tax.account, bill.owed + bill.interest)
        record |= tax.named(bill.item, bill.year)
        record["channel"] = CHANNELS.draw(rng)
        return self._numbered(rng, record, office, number)

    def _event(
        self, rng: random.Random, office: CashOffice, at: int, kind: str, account: str, amount: int
    ) -> Record:
        return movement(self.world, rng, office, at, kind, account, amount)

    def _numbered(self, rng: random.Random, record: Record, office: CashOffice, number: int) -> Record:
        book = number // 5000 + 1
        record["receipt_number"] = f"{office.code}-{number:07d}"
        record["receipt_book"] = f"{office.code}/B{book:03d}"
        record["cashier_token"] = self.world.token("person", f"cashier/{office.code}/{rng.randrange(4)}")
        return record

    def _lines(self, office: CashOffice) -> list[Line]:
        """What a cash office takes in: taxes at the tax office, its own fees elsewhere, by its targets if it has any."""
        targets = {t.account for t in self.world.profile.revenue_targets if t.opd == office.opd}
        mine = [a for a in self.accounts if any(a.startswith(t) for t in targets)]
        if not mine:
            wanted = "4.1.01" if office.opd == self.tax_opd else "4.1.04" if office.direct_use else "4.1.02"
            mine = [a for a in self.accounts if a.startswith(wanted)][:6]
        mine = [a for a in mine if not a.startswith((LAND_TAX, TRANSFERS))]
        sharing = max(1, sum(o.opd == office.opd for o in self.offices))
        found = []
        for account in mine:
            pattern = next(
                (line for prefix, line in LINES.items() if account.startswith(prefix)), LINES["4.1.04"]
            )
            rng = self.world.rng("line", office.code, account)
            uneven = rng.lognormvariate(0, 0.4) / sharing
            median = (
                9_000_000
                if account == self.land_transfer
                else int(pattern.median * rng.lognormvariate(0, 0.5))
            )
            rate = 2.2e-5 if account == self.land_transfer else pattern.rate
            if goal := self._target(office.opd, account) / sharing:
                days = 390 if pattern.market else 235
                yearly = rate * uneven * self.world.population * days * math.exp(pattern.spread**2 / 2)
                median = int(min(max(goal / yearly, median / 5), median * 400))
            market = pattern.market and office.kind in ("market", "treasurer", "branch")
            found.append(Line(account, rate * uneven, median, pattern.spread, pattern.monthly, market))
        return found

    def _target(self, opd: str, account: str) -> float:
        """Rupiah a year that this regency should reach on an account, by the newest targets; 0 where there are none.

        Few people stand for all: the money of a small simulation is that of the whole regency.
        """
        targets = self.world.profile.revenue_targets
        newest = max((t.year for t in targets), default=0)
        amounts = (t.amount for t in targets if (t.year, t.opd, t.account) == (newest, opd, account))
        return sum(amounts) * REACHED

    def _tax_department(self) -> str:
        taxes = [t.opd for t in self.world.profile.revenue_targets if t.account.startswith("4.1.01")]
        return taxes[0] if taxes else self.offices[0].opd if self.offices else ""


def _has_child(account: str, accounts: Iterable[str]) -> bool:
    return any(other.startswith(account + ".") for other in accounts)


def _number(code: str) -> int:
    return sum(map(ord, code))

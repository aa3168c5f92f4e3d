"""Regional revenue: assessments and payments, market days, due dates, voids, corrections and daily deposits.

One Group per cash office and day, so that receipts, voids, corrections and the deposit that contains them keep the
same Kafka key; a year's PBB assessments come in groups of their own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from producers.simulator.seasons import in_day, market_day, poisson
from producers.simulator.world import DAY_MS, HOUR_MS, MINUTE_MS, Choice, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

OBJECTS_PER_PERSON = 0.27  # land tax objects
REACHED = 0.94  # of the targets
DEPOSIT_PARTS = 2000  # receipts in one deposit at most, so that a record stays far below 1 MB
LAND_TAX, LAND_TRANSFER, TRANSFERS = "4.1.01.15", "4.1.01.16", "4.2"
CHANNELS = Choice.of({"cash": 0.38, "qris": 0.24, "teller": 0.2, "virtual_account": 0.12, "transfer": 0.06})
VOIDS = Choice.of({"salah nominal": 3, "pembayaran ganda": 2, "salah objek": 2, "gangguan perangkat": 1})


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

    domain = "revenue"

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
        self.land_tax = next((a for a in self.accounts if a.startswith(LAND_TAX)), None)
        self.land_transfer = next((a for a in self.accounts if a.startswith(LAND_TRANSFER)), None)
        self.transfers = [a for a in self.accounts if a.startswith(TRANSFERS)]
        treasury = {t.opd for t in profile.revenue_targets if t.account.startswith(TRANSFERS)}
        offices = [o for o in self.offices if o.opd in treasury] + self.tax_offices
        self.transfer_office = offices[0] if offices else None
        self.objects = int(world.population * OBJECTS_PER_PERSON)
        self.lines = {office.code: self._lines(office) for office in self.offices}
        self.payers = max(50, world.population // 8)

    def groups(self, year: int) -> Iterator[Group]:
        """Everything of a year in order of start."""
        if not self.offices:
            return
        rng = self.world.rng(self.domain, year)
        due = self._land_tax_payments(year)
        numbers = dict.fromkeys((o.code for o in self.offices), 0)
        for day in self.world.days(year):
            start = self.world.day_start(day)
            if self.land_tax and (day.month, day.day) >= (2, 3) and (day - date(year, 2, 3)).days < 45:
                yield from self._assessments(rng, year, start, (day - date(year, 2, 3)).days)
            for office in self.offices:
                events = self._day(rng, office, day, start, due.pop((office.code, day), ()), numbers)
                if events:
                    yield Group(self.domain, events[0]["occurred_at"], events)

    def receipt(self, rng: random.Random, office: CashOffice, line: Line, at: int, number: int) -> Record:
        """One ordinary receipt of a cash office."""
        amount = max(1000, round(rng.lognormvariate(0, line.spread) * line.median / 500) * 500)
        record = self._event(rng, office, at, "receipt", line.account, amount)
        record["channel"] = CHANNELS.draw(rng) if office.kind not in ("bank", "online") else "transfer"
        record["village"] = self.world.village_choice.draw(rng)
        record["payer_token"] = self.world.token("person", f"payer/{rng.randrange(self.payers)}")
        record["tax_period"] = f"{self.world.local_date(at):%Y-%m}" if line.monthly else None
        return self._numbered(rng, record, office, number)

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
        land_tax: tuple[int, ...] | list[int],
        numbers: dict[str, int],
    ) -> list[Record]:
        """Receipts of one office on one day, corrections, voids, and the deposit on the next working morning."""
        world = self.world
        working = world.clock.is_working_day(day)
        receipts: list[Record] = []
        for line in self.lines[office.code]:
            rate = line.rate * world.population * self._season(line, office, day, working)
            for _ in range(poisson(rng, rate)):
                numbers[office.code] += 1
                at = in_day(rng, start, spread=0.3 if line.market or not working else 0.05)
                receipts.append(self.receipt(rng, office, line, at, numbers[office.code]))
        for item in land_tax:
            numbers[office.code] += 1
            receipts.append(self._land_tax_receipt(rng, office, item, day, start, numbers[office.code]))
        receipts.sort(key=lambda r: r["occurred_at"])
        changed, standing = self._changes(rng, office, receipts)
        if self.transfers and office is self.transfer_office and day.day == 5:
            arrived = self._transfers(rng, office, start, numbers)
            changed = sorted(changed + arrived, key=lambda r: r["occurred_at"])
            standing = standing + arrived
        if not standing or office.direct_use:
            return changed
        morning = start + DAY_MS
        while not world.clock.is_working_day(world.local_date(morning + 12 * HOUR_MS)):
            morning += DAY_MS
        at = morning + int(rng.uniform(8.2, 11.5) * HOUR_MS)
        return changed + self.deposits(rng, office, standing, at, f"{day:%Y%m%d}")

    def _season(self, line: Line, office: CashOffice, day: date, working: bool) -> float:
        if line.market:
            busy = 2.2 if market_day(day, _number(office.code) % 5) else 0.8
            return busy * (1.15 if day.weekday() >= 5 else 1.0) * (1.2 if day.month in (3, 4, 12) else 1.0)
        if not working:
            return 0.08
        weight = 1.9 if line.monthly and day.day <= 15 and day.day >= 8 else 0.8
        return weight * (1.5 if day.month == 12 and day.day > 14 else 1.0)

    def _changes(
        self, rng: random.Random, office: CashOffice, receipts: list[Record]
    ) -> tuple[list[Record], list[Record]]:
        """(all events of the day in order of time, receipts that stand with their amounts)."""
        events: list[Record] = []
        standing: list[Record] = []
        for receipt in receipts:
            events.append(receipt)
            chance = rng.random()
            if chance < 0.003:
                at = receipt["occurred_at"] + rng.randrange(2, 40) * MINUTE_MS
                void = self._event(rng, office, at, "void", receipt["account"], receipt["amount"])
                kept = (
                    "channel",
                    "village",
                    "assessment_id",
                    "cashier_token",
                    "receipt_number",
                    "receipt_book",
                )
                void |= {name: receipt[name] for name in kept if name in receipt}
                void["voided_event"] = receipt["event_id"]
                void["void_reason"] = VOIDS.draw(rng)
                void["officer_token"] = self.world.token("person", f"supervisor/{office.code}")
                events.append(void)
            elif chance < 0.005:
                fixed = dict(receipt)
                fixed["event_id"] = self._event(rng, office, 0, "receipt", "", 0)["event_id"]
                fixed["corrects"] = receipt["event_id"]
                fixed["correction_reason"] = "salah ketik nominal"
                fixed["amount"] = max(1000, receipt["amount"] + rng.choice((-1, 1)) * 1000)
                fixed["occurred_at"] = receipt["occurred_at"] + 1000
                events.append(fixed)
                standing.append(fixed)
            else:
                standing.append(receipt)
        events.sort(key=lambda r: r["occurred_at"])
        return events, standing

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

    # Land tax (PBB-P2): assessed in February and March, due on 30 September, paid in a rush before it.

    @cached_property
    def _bills(self) -> list[float]:
        """What each object owes in hundreds of rupiah, before the yearly rise."""
        rng = self.world.rng(self.domain, "bills")
        goal = self._target(self.tax_opd, self.land_tax or "")
        median = goal / self.objects / 0.84 / 1.65 / 100 if goal else 620.0
        return [rng.lognormvariate(0, 1.0) * median for _ in range(self.objects)]

    def _bill(self, year: int, item: int) -> int:
        """What an object owes in a year, rupiah."""
        return max(10_000, int(self._bills[item] * (1 + 0.03 * (year - 2026))) * 100)

    def _office_of(self, item: int) -> CashOffice:
        return self.tax_offices[item % len(self.tax_offices)]

    def _village_of(self, item: int) -> str:
        villages = self.world.villages
        return villages[item * 7919 % len(villages)].code

    def _assessments(self, rng: random.Random, year: int, start: int, position: int) -> Iterator[Group]:
        first, last = self.objects * position // 45, self.objects * (position + 1) // 45
        if first == last:
            return
        due = self.world.day_start(date(year, 10, 1)) - 1
        step = 6 * HOUR_MS // (last - first)
        for item in range(first, last):
            office = self._office_of(item)
            at = start + 8 * HOUR_MS + (item - first) * step
            record = self._event(rng, office, at, "assessment", self.land_tax or "", self._bill(year, item))
            record |= self._object(item, year)
            record["due_at"] = due
            if rng.random() < 0.02:
                record["reduction"] = record["amount"] // 4
            record["officer_token"] = self.world.token("person", f"assessor/{item % 9}")
            yield Group(self.domain, at, [record])

    def _object(self, item: int, year: int) -> Record:
        return {
            "assessment_id": f"SPPT/{year}/{item:07d}",
            "object_token": self.world.token("address", f"object/{item}"),
            "payer_token": self.world.token("person", f"owner/{item}"),
            "village": self._village_of(item),
            "tax_period": str(year),
        }

    def _land_tax_payments(self, year: int) -> dict[tuple[str, date], list[int]]:
        """Which objects pay at which office on which day; about 84 % pay, a good part in September."""
        rng = self.world.rng(self.domain, "land tax", year)
        due: dict[tuple[str, date], list[int]] = {}
        if not self.land_tax:
            return due
        end = date(year, 9, 30)
        for item in range(self.objects):
            chance = rng.random()
            if chance < 0.45:
                day = end - timedelta(days=int(rng.expovariate(1 / 14)))
            elif chance < 0.78:
                day = date(year, 3, 25) + timedelta(days=rng.randrange(160))
            elif chance < 0.84:
                day = end + timedelta(days=1 + int(rng.expovariate(1 / 25)))
            else:
                continue
            if date(year, 3, 25) <= day < date(year + 1, 1, 1):
                due.setdefault((self._office_of(item).code, day), []).append(item)
        return due

    def _land_tax_receipt(
        self, rng: random.Random, office: CashOffice, item: int, day: date, start: int, number: int
    ) -> Record:
        amount = self._bill(day.year, item)
        record = self._event(
            rng, office, in_day(rng, start, spread=0.15), "receipt", self.land_tax or "", amount
        )
        record |= self._object(item, day.year)
        record["channel"] = CHANNELS.draw(rng)
        return self._numbered(rng, record, office, number)

    def _event(
        self, rng: random.Random, office: CashOffice, at: int, kind: str, account: str, amount: int
    ) -> Record:
        record = self.world.envelope(rng, self.world.source(self.domain, office.opd), office.opd, at, kind)
        record["cash_office"] = office.code
        record["account"] = account
        record["amount"] = amount
        return record

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

"""Land tax (PBB-P2): assessed in February and March, due on 30 September, paid in a rush before it.

Who pays later owes interest of one per cent a month, at most 24 months (UU 1/2022, PP 35/2023), which is added to the
assessment when they come. Most are reminded in November and December, and a part of what stays unpaid comes in the next year.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from producers.simulator.movements import movement
from producers.simulator.world import HOUR_MS, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

OBJECTS_PER_PERSON = 0.27
ASSESSED_DAYS = 45  # from 3 February
REDUCED = 0.02  # of the objects, by a quarter
REMINDED = 0.7  # of those that have not paid in November
PAID_LATER = 0.3  # of the arrears, in the year after


@dataclass(frozen=True, slots=True)
class Bill:
    """What an object owes for a year, rupiah, and the interest on it by the day it is paid."""

    item: int
    year: int
    owed: int
    interest: int = 0


@dataclass(slots=True)
class Bills:
    """The land tax of one year: the letters that go out and the payments that come in, by day."""

    assessed: dict[date, range] = field(default_factory=dict)
    reminded: dict[date, list[int]] = field(default_factory=dict)
    paid: dict[tuple[str, date], list[Bill]] = field(default_factory=dict)

    def payments(self, office: CashOffice, day: date) -> Sequence[Bill]:
        """What is paid at an office on a day."""
        return self.paid.get((office.code, day), ())


class LandTax:
    """Objects and their bills at the ``offices`` of the tax department; ``goal`` is rupiah a year, 0 for none."""

    def __init__(self, world: World, account: str, offices: Sequence[CashOffice], goal: float) -> None:
        self.world, self.account, self.offices, self.goal = world, account, offices, goal
        self.objects = int(world.population * OBJECTS_PER_PERSON)
        self._paid_on = lru_cache(2)(self._draw_paid_on)
        self._reduced = lru_cache(2)(self._draw_reduced)

    def year(self, year: int) -> Bills:
        """Everything of a year."""
        bills = Bills()
        for position in range(ASSESSED_DAYS):
            first, last = (self.objects * (position + n) // ASSESSED_DAYS for n in (0, 1))
            bills.assessed[date(year, 2, 3) + timedelta(days=position)] = range(first, last)
        paid_on = self._paid_on(year)
        for item, day in paid_on.items():
            bills.paid.setdefault((self.office_of(item).code, day), []).append(self.bill(item, year, day))
        rng = self.world.rng("arrears", year)
        for item in self.unpaid(year - 1):
            if rng.random() < PAID_LATER:
                day = date(year, 1, 10) + timedelta(days=rng.randrange(230))
                bills.paid.setdefault((self.office_of(item).code, day), []).append(
                    self.bill(item, year - 1, day)
                )
        for item in range(self.objects):
            day = date(year, 11, 10) + timedelta(days=rng.randrange(36))
            if rng.random() < REMINDED and paid_on.get(item, date.max) > day:
                bills.reminded.setdefault(day, []).append(item)
        return bills

    def letters(self, rng: random.Random, bills: Bills, day: date, start: int) -> Iterator[Record]:
        """The assessments (SPPT) and reminders of a day that starts at ``start`` (UTC ms)."""
        at = start + 8 * HOUR_MS
        items = bills.assessed.get(day, range(0))
        for number, item in enumerate(items):
            record = self._letter(
                rng, "assessment", item, day.year, at + number * (6 * HOUR_MS // len(items))
            )
            record["due_at"] = self.world.day_start(date(day.year, 10, 1)) - 1
            if item in self._reduced(day.year):
                record["reduction"] = record["amount"] // 4
            record["officer_token"] = self.world.token("person", f"assessor/{item % 9}")
            yield record
        for number, item in enumerate(bills.reminded.get(day, ())):
            yield self._letter(rng, "reminder", item, day.year, at + number * 1000)

    def interest(self, rng: random.Random, bill: Bill, at: int) -> Record:
        """The letter (STPD) that adds the interest of a bill to its assessment."""
        record = self._letter(rng, "assessment", bill.item, bill.year, at)
        return record | {"amount": 0, "penalty": bill.interest}

    def bill(self, item: int, year: int, paid_on: date | None = None) -> Bill:
        """What an object owes for a year when it is paid on a day."""
        whole = self._whole(item, year)
        owed = whole - (whole // 4 if item in self._reduced(year) else 0)
        late = 0 if paid_on is None else max(0, (paid_on.year - year) * 12 + paid_on.month - 9)
        return Bill(item, year, owed, owed * min(late, 24) // 100)

    def unpaid(self, year: int) -> list[int]:
        """The objects that paid nothing within a year."""
        paid_on = self._paid_on(year)
        return [item for item in range(self.objects) if item not in paid_on]

    def arrears(self, office: CashOffice, year: int) -> Counter[str]:
        """Rupiah unpaid for a year at its end at an office, by village."""
        found: Counter[str] = Counter()
        for item in self.unpaid(year):
            if self.office_of(item) is office:
                found[self._village_of(item)] += self.bill(item, year).owed
        return found

    def office_of(self, item: int) -> CashOffice:
        """Where an object is assessed and pays."""
        return self.offices[item % len(self.offices)]

    def named(self, item: int, year: int) -> Record:
        """What names an object's assessment on a document."""
        return {
            "assessment_id": f"SPPT/{year}/{item:07d}",
            "object_token": self.world.token("address", f"object/{item}"),
            "payer_token": self.world.token("person", f"owner/{item}"),
            "village": self._village_of(item),
            "tax_period": str(year),
        }

    def _letter(self, rng: random.Random, kind: str, item: int, year: int, at: int) -> Record:
        amount = self._whole(item, year) if kind == "assessment" else self.bill(item, year).owed
        office = self.office_of(item)
        return movement(self.world, rng, office, at, kind, self.account, amount) | self.named(item, year)

    def _village_of(self, item: int) -> str:
        villages = self.world.villages
        return villages[item * 7919 % len(villages)].code

    @cached_property
    def _hundreds(self) -> list[float]:
        """What each object owes in hundreds of rupiah, before the yearly rise."""
        rng = self.world.rng("revenue", "bills")
        median = self.goal / self.objects / 0.84 / 1.65 / 100 if self.goal else 620.0
        return [rng.lognormvariate(0, 1.0) * median for _ in range(self.objects)]

    def _whole(self, item: int, year: int) -> int:
        """What an object owes in a year before a reduction, rupiah."""
        return max(10_000, int(self._hundreds[item] * (1 + 0.03 * (year - 2026))) * 100)

    def _draw_reduced(self, year: int) -> frozenset[int]:
        rng = self.world.rng("reductions", year)
        return frozenset(item for item in range(self.objects) if rng.random() < REDUCED)

    def _draw_paid_on(self, year: int) -> dict[int, date]:
        """When objects pay within the year; about 84 % do, a good part of them in September."""
        rng = self.world.rng("land tax", year)
        found: dict[int, date] = {}
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
                found[item] = day
        return found

"""Tapping boxes: devices at taxpayers that report the tax on what was sold, an hour at a time.

The boxes are those of the profile, each at a restaurant of a cash office's district. One Group per box and day, with the
deposit of the day. Devices write no slips of the pen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from producers.simulator.movements import DOMAIN, movement
from producers.simulator.revenue import Revenue
from producers.simulator.world import HOUR_MS, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

#: Tax on meals and drinks, or else any tax.
MEALS, TAXES = "4.1.01.19.01", "4.1.01"
#: Local hours in which a restaurant sells, lunch and dinner.
HOURS = (11, 12, 13, 18, 19, 20)
SOLD = 0.97  # of these hours there is a sale
MEDIAN, SPREAD = 90_000, 0.4  # rupiah of tax an hour
DARK = 0.012  # of the days the power fails in the evening
AWAY = 0.004  # of the days the owner stays closed


@dataclass(frozen=True, slots=True)
class Box:
    """A device of the profile, at its cash office."""

    office: CashOffice
    device: str
    first: date
    last: date


class TappingBoxes:
    """The stream of what the boxes report."""

    domain = DOMAIN

    def __init__(self, world: World, revenue: Revenue) -> None:
        self.world, self.revenue = world, revenue
        offices = world.profile.cash_offices
        self.boxes = [
            Box(offices[box.cash_office], box.device, box.valid_from, box.valid_to or date.max)
            for box in world.profile.tapping_boxes
        ]
        taxes = [account for account in revenue.accounts if account.startswith(TAXES)]
        self.account = next((a for a in taxes if a.startswith(MEALS)), next(iter(taxes), ""))

    def groups(self, year: int) -> Iterator[Group]:
        """The days of all boxes in a year, in order."""
        if not self.account:
            return
        rngs = [self.world.rng("tapping box", box.office.code, box.device, year) for box in self.boxes]
        for day in self.world.days(year):
            for rng, box in zip(rngs, self.boxes, strict=True):
                if box.first <= day <= box.last and (events := self._day(rng, box, day)):
                    yield Group(self.domain, events[0]["occurred_at"], events)

    def _day(self, rng: random.Random, box: Box, day: date) -> list[Record]:
        """The hours of a day with a sale, and the deposit of their tax on the next working morning."""
        closed = sum(map(ord, box.device)) % 7 == day.weekday()
        dark, away = rng.random() < DARK, rng.random() < AWAY
        hours = [hour for hour in HOURS if rng.random() < SOLD and not (dark and hour > HOURS[2])]
        if closed or away:
            return []
        start = self.world.day_start(day)
        sales = [self._sale(rng, box, start + hour * HOUR_MS, n) for n, hour in enumerate(hours, 1)]
        morning = self.world.next_working_day(start)
        slips = self.revenue.next_morning(rng, box.office, sales, morning, f"{day:%Y%m%d}/{box.device}")
        return sales + slips

    def _sale(self, rng: random.Random, box: Box, hour: int, number: int) -> Record:
        """What was sold in an hour, reported before it is over; numbers begin again every day."""
        at = hour + int(rng.uniform(0.75, 0.98) * HOUR_MS)
        amount = max(1000, int(rng.lognormvariate(0, SPREAD) * MEDIAN))
        record = movement(self.world, rng, box.office, at, "receipt", self.account, amount)
        day = self.world.local_date(at)
        return record | {
            "channel": "transfer",
            "payer_token": self.world.token("person", f"box/{box.device}"),
            "tax_period": f"{day:%Y-%m}",
            "receipt_book": box.device,
            "receipt_number": f"{box.device}-{day:%Y%m%d}-{number:02d}",
            "cashier_token": self.world.token("person", f"device/{box.device}"),
        }

"""One movement of revenue at a cash office, and how it is mistyped."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from producers.simulator.slips import swapped_digits
from producers.simulator.world import Choice, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

DOMAIN = "revenue"
CHANNELS = Choice.of({"cash": 0.38, "qris": 0.24, "teller": 0.2, "virtual_account": 0.12, "transfer": 0.06})


def movement(
    world: World, rng: random.Random, office: CashOffice, at: int, kind: str, account: str, amount: int
) -> Record:
    """The fields that every movement has."""
    record = world.envelope(rng, world.source(DOMAIN, office.opd), office.opd, at, kind)
    record["cash_office"] = office.code
    record["account"] = account
    record["amount"] = amount
    return record


def mistake(rng: random.Random, record: Record) -> Record:
    """A wrong amount, or a receipt under another channel."""
    if record["kind"] == "receipt" and rng.random() < 0.2:
        return {"channel": CHANNELS.draw(rng)}
    name = "penalty" if record.get("penalty") and not record["amount"] else "amount"
    return {name: swapped_digits(rng, record[name])}

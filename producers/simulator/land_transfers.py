"""Transfers of land (BPHTB): each is assessed on what the parties declare, beside the reference value of its zone.

UU 1/2022: five per cent of what is above a part that is free, here Rp80 million. Most deeds name about the reference
value; a few, among relatives or in haste, a good deal less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from producers.simulator.movements import movement
from producers.simulator.world import MINUTE_MS, Record, World

if TYPE_CHECKING:
    from schemas.profile import CashOffice

FREE, RATE = 80_000_000, 20  # rupiah, and one part in so many
ZONES = 6
CHEAP = 0.03  # of the transfers
LEAST, MOST = 0.6, 1.5  # of the reference value


def transfer_letter(world: World, office: CashOffice, receipt: Record) -> Record:
    """The assessment of a transfer whose tax is paid minutes later with ``receipt``, which names it then."""
    rng = world.rng("land transfer", receipt["receipt_number"])
    at = receipt["occurred_at"] - rng.randrange(5, 60) * MINUTE_MS
    letter = movement(world, rng, office, at, "assessment", receipt["account"], receipt["amount"])
    receipt["assessment_id"] = f"BPHTB/{receipt['receipt_number']}"
    letter |= {name: receipt[name] for name in ("assessment_id", "payer_token", "village")}
    declared = FREE + RATE * int(receipt["amount"])
    share = rng.uniform(LEAST, 0.7) if rng.random() < CHEAP else min(max(rng.gauss(0.96, 0.1), 0.7), MOST)
    zone = sum(map(ord, str(receipt["village"]))) % ZONES + 1
    return letter | {
        "zone": f"ZNT-{zone:02d}",
        "declared_value": declared,
        "reference_value": int(declared / share),
        "due_at": receipt["occurred_at"],
    }

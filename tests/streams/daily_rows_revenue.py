"""Random receipts, voids, deposits and transfers of land: most are as they should be, some are not."""

from __future__ import annotations

import random
from typing import Any

from daily_maker import DAY, HOUR, Event, Maker, Rows
from daily_rows_letters import letters
from daily_rows_tills import tills

OFFICES = ("KAS-1", "KAS-2", "KAS-BLUD")
#: Another source of the same department, which falls silent early.
SILENT = "/opd/1.01/diam"


def revenue(rng: random.Random) -> Rows:
    """Three cash offices of one department for five weeks; one uses its revenue directly."""
    make = Maker(rng, "revenue", 35)
    for office in OFFICES:
        number = 0
        for day in range(35):
            held = []
            for _ in range(rng.choice([0, 1, 3])):
                number += rng.choice([1, 1, 1, 1, 1, 1, 1, 0, 2])
                held.append(_receipt(make, office, day, number))
            _deposit(make, office, day, [_changed(make, receipt) for receipt in held])
    _transfers(make)
    letters(make)
    tills(make)
    return make.made


def _transfers(make: Maker) -> None:
    """Assessments of land transfers in three zones, one of them rare; some are sent again, some corrected."""
    rng = make.rng
    for _ in range(25):
        transfer = make.add(
            "assessment", make.at(), cash_office="KAS-1", account="4.1.01.16.01.0001", amount=0,
            assessment_id=f"B{rng.randrange(20)}" if rng.random() < 0.95 else None, zone=rng.choice(["Z1", "Z1", "Z2", "Z3", None]),
            declared_value=rng.choice([30, 45, *[50, 80, 120, 130] * 4]) * 1_000_000, reference_value=rng.choice([100_000_000, 100_000_000, 100_000_000, 0, None]),
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(transfer, declared_value=20_000_000)


def _receipt(make: Maker, office: str, day: int, number: int) -> Event:
    rng = make.rng
    source = {"source": SILENT} if office == "KAS-2" and day < 9 else {}
    return make.add(
        "receipt", make.on(day), cash_office=office, account="4.1.02.01.04.0001", amount=rng.choice([5, 10, 20]) * 1000,
        channel=rng.choice(["cash", "cash", "cash", "qris"]), receipt_number=f"{office}-{number:04d}" if rng.random() < 0.95 else None,
        receipt_book=rng.choice([f"{office}/B1", f"{office}/B1", f"{office}/B1", None]),
        cashier_token=rng.choice(["C1", "C2", "C3", "C4", "C5"]),
        closing_id=f"{office}/{day}" if day % 3 == 0 else None, mode="backfill" if rng.random() < 0.05 else "live", **source,
    )  # fmt: skip


def _changed(make: Maker, receipt: Event) -> Event:
    """The receipt, corrected or voided now and then."""
    rng = make.rng
    chance = rng.random()
    if chance < 0.1:
        return make.correct(receipt, amount=receipt["amount"] + 1000)
    if chance < 0.25:
        by_number = rng.random() < 0.5
        make.add(
            "void", receipt["occurred_at"] + rng.choice([1, 30, 100]) * HOUR, cash_office=receipt["cash_office"],
            account=receipt["account"], amount=receipt["amount"], cashier_token=receipt["cashier_token"],
            receipt_number=receipt["receipt_number"] if by_number else None,
            voided_event=None if by_number else receipt["event_id"], closing_id=rng.choice([receipt["closing_id"], None]),
        )  # fmt: skip
    return receipt


def _deposit(make: Maker, office: str, day: int, held: list[Event]) -> None:
    """One slip for what was received on a day: soon or late, whole or not, by receipts or by closing."""
    rng = make.rng
    kept = [receipt for receipt in held if receipt["receipt_number"] and rng.random() < 0.93]
    if not kept or rng.random() < 0.05:
        return
    parts: list[dict[str, Any]] = [
        {"receipt_number": receipt["receipt_number"], "amount": receipt["amount"]} for receipt in kept
    ]
    by_closing = kept[0]["closing_id"] is not None
    slip = make.add(
        "deposit", make.on(day) + rng.choice([0, 1, 1, 1, 2, 5]) * DAY, cash_office=office, account="4.1.02.01.04.0001",
        amount=sum(part["amount"] for part in parts) - rng.choice([0, 0, 0, 0, 1000]), channel="transfer",
        deposit_number=f"{office}/{day}", composition=[] if by_closing else parts, closing_id=kept[0]["closing_id"],
    )  # fmt: skip
    if rng.random() < 0.1:
        make.correct(slip, occurred_at=slip["occurred_at"] + DAY)

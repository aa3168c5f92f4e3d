"""Random permits with a fee, and the receipts of the books that name them: most are paid, some in part or never."""

from __future__ import annotations

import random
from typing import Any

from daily_maker import DAY, HOUR, Event, Maker, Rows

#: The source of the books, and another one that falls silent early.
BOOKS, SILENT = "/opd/1.02/buku", "/opd/1.02/bukudiam"


def permits(rng: random.Random) -> Rows:
    """Some cases of which a third carries no fee; in half of the runs a source of the books falls silent."""
    make, books = Maker(rng, "permits", 30), Maker(rng, "revenue", 45)
    silent = rng.random() < 0.5
    for number in range(36):
        for event in _case(make, f"B/{number}"):
            _payments(books, event, silent=silent)
    for day in range(0, 45, 3):  # the books go on
        books.add(
            "receipt", books.on(day), **_receipt(books, f"B/{rng.randrange(36)}"), source=BOOKS, amount=1000
        )
    return make.made + books.made


def _case(make: Maker, case_id: str) -> list[Event]:
    """What happens to a case; its issues are what is paid for."""
    rng, at = make.rng, make.at()
    case: dict[str, Any] = {
        "case_id": case_id,
        "permit_type": rng.choice(["PBG", "PBG", "SIP"]),
        "unit": "LOKET",
    }
    case["mode"] = "backfill" if rng.random() < 0.07 else "live"
    if rng.random() < 0.95:
        make.add("submitted", at, **case)
    fee = rng.choice([300_000, 500_000, 700_000, None])
    assessed = make.add("finished", at + 30 * HOUR, **case, step="berkas", fee_assessed=fee)
    if rng.random() < 0.15:
        make.correct(assessed, fee_assessed=rng.choice([400_000, 900_000]))
    if rng.random() < 0.1:
        return []
    issued = make.add(
        "issued", at + rng.randrange(31, 200) * HOUR, **case, fee_assessed=rng.choice([fee, None])
    )
    if rng.random() < 0.1:
        make.correct(issued, occurred_at=issued["occurred_at"] + 2 * DAY)
    return [{**issued, "fee_assessed": fee}]


def _payments(books: Maker, issued: Event, *, silent: bool) -> None:
    """Receipts for an issued permit, whole, in two parts, too small, late or not at all; some are voided or corrected."""
    rng, owed = books.rng, issued["fee_assessed"] or 500_000
    parts = rng.choice([[owed], [owed], [owed // 2, owed - owed // 2], [owed - 1], []])
    for part in parts:
        at = issued["occurred_at"] + rng.choice([-20, -5, 3, 200, 400]) * HOUR
        early = silent and rng.random() < 0.5 and at < books.on(0) + 12 * DAY
        source = {"source": SILENT if early else BOOKS}
        receipt = books.add("receipt", at, **_receipt(books, issued["case_id"]), **source, amount=part)
        chance = rng.random()
        if chance < 0.1:
            books.correct(receipt, permit_case_id=f"B/{rng.randrange(36)}")
        elif chance < 0.25:
            how = rng.randrange(3)
            books.add(
                "void", at + 9 * HOUR, **source, opd="1.02", cash_office="KAS-2", account=receipt["account"], channel="cash",
                amount=part, receipt_number=receipt["receipt_number"] if how == 0 else None,
                voided_event=receipt["event_id"] if how == 1 else None,
                permit_case_id=receipt["permit_case_id"] if how == 2 else None,
            )  # fmt: skip


def _receipt(books: Maker, case_id: str) -> dict[str, Any]:
    rng = books.rng
    return {
        "opd": "1.02", "cash_office": "KAS-2", "account": "4.1.02.03.01.0001", "channel": "cash",
        "permit_case_id": case_id if rng.random() < 0.95 else None,
        "receipt_number": rng.choice([f"R/{case_id}/{rng.randrange(10**6)}", f"R/{case_id}", None]),
    }  # fmt: skip

"""Random rows of cashiers: receipts that are voided, received again, and deposited later and later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_rows import SOURCE

if TYPE_CHECKING:
    from daily_maker import Maker

START = 1_745_280_000_000
HOUR, DAY = 3_600_000, 86_400_000
ACCOUNT = "4.1.02.01.04.0001"


def tills(make: Maker) -> None:
    """Everything about cashiers that rules read beside receipts and their deposits."""
    voids(make)
    lapping(make)
    letters(make)
    channels(make)
    boxes(make)
    accounts(make)


def voids(make: Maker) -> None:
    """One office whose cashiers void now and then, one of them often; some receipts are made again for the payer."""
    rng = make.rng
    for number in range(60):
        cashier = rng.choice(["V1", "V1", "V2", "V3", "V4", "V5", None])
        own: dict[str, Any] = {
            "cash_office": "KAS-V", "account": ACCOUNT, "amount": rng.choice([5, 10]) * 1000, "cashier_token": cashier,
            "payer_token": rng.choice(["W1", "W2", None]),
        }  # fmt: skip
        name, at = f"V-{number:03d}", make.at()
        closing = rng.choice([f"V/{number}", None])
        receipt = make.add("receipt", at, **own, receipt_number=name, closing_id=closing)
        if rng.random() < 0.1:
            make.correct(receipt, amount=15_000)
        if rng.random() < (0.6 if cashier == "V1" else 0.1):
            void = make.add(
                "void", at + rng.choice([1, 30, 80]) * HOUR, **own, receipt_number=rng.choice([name, None]),
                voided_event=receipt["event_id"], closing_id=rng.choice([closing, f"V/{number + 1}", None]),
                officer_token=rng.choice([None, None, "A2", own["cashier_token"]]),
            )  # fmt: skip
            if rng.random() < 0.2:
                make.correct(void, cashier_token="V2")  # noqa: S106  (a cashier, no secret)
        if rng.random() < 0.3:
            make.add("receipt", at + rng.choice([2, 60, 300]) * HOUR, **own, receipt_number=f"{name}/2")
        if rng.random() < 0.3:
            parts = [{"receipt_number": name, "amount": own["amount"]}] if rng.random() < 0.5 else []
            make.add(
                "deposit", at + rng.choice([12, 40]) * HOUR, **{**own, "cashier_token": None}, deposit_number=f"S/{name}",
                composition=parts, closing_id=closing, channel="transfer",
            )  # fmt: skip


def lapping(make: Maker) -> None:
    """One office that deposits later and later, now and then at once; and payments of some that are booked for others."""
    rng = make.rng
    for day in range(30):
        cashier = rng.choice(["L1", "L1", "L2", None])
        mode = "backfill" if rng.random() < 0.1 else "live"
        own: dict[str, Any] = {
            "cash_office": "KAS-L",
            "account": ACCOUNT,
            "amount": 5000,
            "closing_id": f"L/{day}",
        }
        receipt = make.add(
            "receipt", make.on(day), **own, cashier_token=cashier, receipt_number=f"L-{day}", mode=mode
        )
        if rng.random() < 0.1:
            make.correct(receipt, channel="qris")
        if rng.random() < 0.9:
            wait = day // 4 if rng.random() < 0.8 else rng.randrange(4)
            slip = make.add("deposit", receipt["occurred_at"] + wait * DAY, **own, channel="transfer")
            if rng.random() < 0.1:
                make.correct(slip, closing_id="L/0")
    for number in range(12):
        make.add(
            "assessment", make.on(rng.randrange(8)), cash_office="KAS-L", account=ACCOUNT, amount=5000,
            assessment_id=f"L/{number % 8}", payer_token=f"W{number % 8}",
        )  # fmt: skip
    for _ in range(20):
        paid = make.add(
            "receipt", make.at(), cash_office="KAS-L", account=ACCOUNT, amount=5000, assessment_id=f"L/{rng.randrange(8)}",
            payer_token=rng.choice([*(f"W{n}" for n in range(8)), None]), cashier_token="L3", channel="qris",  # noqa: S106
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(paid, payer_token="W1")  # noqa: S106


def letters(make: Maker) -> None:
    """Assessments of five officers, one of whom often reduces; paid whole, in part, too much, or to the same officer."""
    rng = make.rng
    for number in range(70):
        officer = rng.choice(["A1", "A1", "A2", "A3", "A4", "A5", None])
        of: dict[str, Any] = {
            "cash_office": "KAS-A",
            "account": ACCOUNT,
            "assessment_id": rng.choice([f"A/{number}"] * 9 + [None]),
        }
        at, off = make.at(), 2000 if rng.random() < (0.8 if officer == "A1" else 0.05) else 0
        due = at + rng.randrange(20 * DAY) if rng.random() < 0.8 else None
        letter = make.add(
            "assessment", at, **of, amount=rng.choice([10_000] * 9 + [0]), reduction=off, penalty=rng.choice([0, 0, 500]),
            due_at=due, officer_token=officer,
        )  # fmt: skip
        owed = letter["amount"] - off + letter["penalty"]
        if rng.random() < 0.1:
            make.correct(letter, reduction=3000)
        for _ in range(rng.choice([0, 1, 1, 2])):
            paid = make.add(
                "receipt", at + rng.randrange(25 * DAY), **of, amount=rng.choice([owed, owed, owed // 2, owed + 500]),
                cashier_token=rng.choice(["A1", "T1", "T1", None]), channel="qris",
            )  # fmt: skip
            if rng.random() < 0.15:
                make.add(
                    "void", paid["occurred_at"] + HOUR, **of, amount=paid["amount"], officer_token=rng.choice(["A2", None]),
                    voided_event=paid["event_id"],
                )  # fmt: skip


def channels(make: Maker) -> None:
    """One office and one bank that leave other channels for cash on some day, and take it at night then."""
    rng = make.rng
    for office in ("KAS-T", "KAS-BANK"):
        for day in range(0, 60, 2):
            later = day > 36
            for _ in range(rng.randrange(3)):
                at = make.on(day) - day % 7 * HOUR + (9 * HOUR if later else 0)
                paid = make.add(
                    "receipt", at, cash_office=office, account=ACCOUNT, amount=5000, cashier_token=rng.choice(["T1", "T2", None]),
                    channel=rng.choice(["cash"] * 3 + ["qris"] * (0 if later else 5)),
                    source=rng.choice(["/opd/1.01/malam", "/opd/1.01/lain"]),
                )  # fmt: skip
                if rng.random() < 0.1:
                    make.correct(paid, channel="cash")


def boxes(make: Maker) -> None:
    """Two tapping boxes that sell at some hours of most days, and a book that is none; one source falls silent at times."""
    rng = make.rng
    for day in range(45):
        for box in ("TB1", "TB2", "B9"):
            quiet = (box == "TB1" and 25 < day < 28) or rng.random() < 0.15
            if quiet or (box == "TB2" and 30 < day < 36):
                continue
            for hour in rng.sample(range(4), 3):
                sale = make.add(
                    "receipt", START + day * DAY + (hour + 3) * HOUR + rng.randrange(HOUR), cash_office="KAS-B",
                    account=ACCOUNT, amount=5000, channel="qris", receipt_book=box, source="/opd/1.01/alat" if box == "TB2" else SOURCE,
                )  # fmt: skip
                if rng.random() < 0.05:
                    make.correct(sale, receipt_book="TB1")


def accounts(make: Maker) -> None:
    """Accounts that take in much the same every day, but for some; one has a day on which most falls due."""
    rng = make.rng
    for account in ("4.1.01.09", "4.1.01.15", "4.1.02.02", "4.2.01.01"):
        own: dict[str, Any] = {"cash_office": "KAS-P", "account": account, "channel": "qris"}
        source = "/opd/1.01/malam" if account == "4.1.02.02" else "/opd/1.01/pajak"
        low = rng.randrange(20, 36)
        for day in range(44):
            if (day in (17, 18) and source.endswith("pajak")) or rng.random() < 0.05:
                continue
            weak = low <= day < low + 4
            paid = make.add(
                "receipt",
                make.on(day),
                **own,
                amount=rng.choice([10, 20] if weak else [90, 100, 110]) * 1000,
                source=source,
            )
            if rng.random() < 0.05:
                make.correct(paid, amount=10_000)
            if rng.random() < 0.1:
                make.add("void", paid["occurred_at"] + HOUR, **own, amount=5000, source=source)
    for number in range(10):
        due = START + (30 if number < 6 else 25 + number) * DAY
        make.add(
            "assessment", make.on(number), cash_office="KAS-P", account=rng.choice(["4.1.01.15", "4.1.02.02"]), amount=100_000,
            due_at=due, assessment_id=f"P/{number}", source="/opd/1.01/pajak",
        )  # fmt: skip

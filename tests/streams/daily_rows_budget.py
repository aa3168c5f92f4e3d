"""Random rows of the budget beside packages: ceilings, payments, and what follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daily_rows_amounts import amounts
from daily_rows_payees import payees
from daily_rows_plans import cash_plans

if TYPE_CHECKING:
    from daily_maker import Maker

MILLION = 1_000_000
HOUR, DAY = 3_600_000, 86_400_000


def payments(make: Maker) -> None:
    """Everything about money that rules read beside packages."""
    ceilings(make)
    cash(make)
    invoices(make)
    plans(make)
    papers(make)
    payees(make)
    amounts(make)
    cash_plans(make)


def line_of(make: Maker) -> dict[str, Any]:
    """One of a few lines of the budget."""
    return {
        "fiscal_year": 2025, "program": "1.01.01", "activity": "1.01.01.2.01", "opd": make.rng.choice(["1.01", "1.02"]),
        "sub_activity": f"1.01.01.2.01.000{make.rng.randrange(2)}", "account": make.rng.choice(["5.1.02.01", "5.1.02.02", ""]),
    }  # fmt: skip


def ceilings(make: Maker) -> None:
    """Ceilings in several parts and stages, and money that comes and goes."""
    rng = make.rng
    for _ in range(25):
        ceiling = make.add(
            "ceiling", make.at(), **line_of(make), ceiling_stage=rng.choice(["RAPBD", "APBD", "APBD", "SHIFT", "APBD-P"]),
            amount=rng.randrange(1, 60) * MILLION, fund=rng.choice(["PAD", "DAU", "", None]),
            village=rng.choice([None, "99.01.01.1001"]),
        )  # fmt: skip
        if rng.random() < 0.2:
            make.correct(ceiling, amount=rng.randrange(1, 60) * MILLION)
    for _ in range(60):
        moved = make.add(
            rng.choice(["sp2d", "sp2d", "sp2d", "accounting", "return", "reversal"]), make.at(), **line_of(make),
            disbursement_type=rng.choice(["UP", "GU", "TU", "LS"]), amount=rng.randrange(1, 30) * MILLION,
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(moved, amount=rng.randrange(1, 60) * MILLION)


def cash(make: Maker) -> None:
    """TU that are settled soon, late, in part or never, some of them history."""
    rng = make.rng
    for number in range(14):
        line, at, millions = line_of(make), make.at(), rng.randrange(2, 30)
        named = {"disbursement_type": "TU", "refers_to": rng.choice([f"TU/{number}"] * 9 + [None])}
        paid = make.add(
            "sp2d", at, **line, disbursement_type="TU", document_number=f"TU/{number}", amount=millions * MILLION,
            mode=rng.choice(["live", "live", "live", "backfill"]),
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(paid, amount=(millions + 1) * MILLION)
        left = millions
        for kind in rng.choices(["accounting", "return", "reversal"], k=rng.randrange(3)):
            part = rng.choice([left, left, rng.randrange(left + 1)])
            left -= part
            settled = make.add(kind, at + rng.randrange(40 * DAY), **line, **named, amount=part * MILLION)
            if rng.random() < 0.1:
                make.correct(settled, amount=0)


def invoices(make: Maker) -> None:
    """Payments of a few suppliers, some of them the same again under another spelling, some undone."""
    rng = make.rng
    for number in range(45):
        line, at = line_of(make), make.at()
        kind = rng.choice(["LS"] * 9 + ["GU"])
        amount = rng.choice([5, 5, 6]) * MILLION
        paid = make.add(
            "sp2d", at, **{**line, "account": rng.choice(["5.1.02.01", "5.1.02.02", "5.1.01.01"])}, disbursement_type=kind,
            amount=amount, payee_token=rng.choice(["R1", "R2", None]), recurring=rng.random() < 0.1,
            document_number=rng.choice([f"LS/{number}", f"LS/{number}", f"LS/{number // 2}", None]),
            invoice_number=rng.choice(["INV/007", "inv 7", "INV-8", "A/8/1", "a/81", "--", None]),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(paid, invoice_number="INV 9")
        if rng.random() < 0.3:
            make.add(
                rng.choice(["return", "reversal"]), at + rng.randrange(9 * DAY), **line, amount=rng.choice([3, 6]) * MILLION,
                disbursement_type="LS", refers_to=rng.choice([paid["document_number"], None]),
            )  # fmt: skip


def plans(make: Maker) -> None:
    """SPD of some lines; and another year, in which one department never sends plans."""
    rng = make.rng
    for _ in range(6):
        spd = make.add("spd", make.at(), **line_of(make), amount=20 * MILLION)
        if rng.random() < 0.3:
            make.correct(spd, account="5.1.02.02")
    for kind in rng.choices(["sp2d", "sp2d", "spd", "ceiling"], k=12):
        line = line_of(make)
        stage = rng.choice(["APBD", "RKPD"]) if kind == "ceiling" else None
        of = rng.choice(["LS", "UP"]) if kind == "sp2d" else None
        if kind == "sp2d" or line["opd"] == "1.01":
            make.add(
                kind, make.at(), **{**line, "fiscal_year": 2024}, amount=MILLION, ceiling_stage=stage, disbursement_type=of,
            )  # fmt: skip


def papers(make: Maker) -> None:
    """Chains of SPP, SPM and SP2D, soon or slow, with dates that now and then run back; some are reversed and issued again."""
    rng = make.rng
    for number in range(20):
        line, at, before = line_of(make), make.at(), None
        mode = rng.choice(["live", "live", "live", "backfill"])
        owner = {
            "payee_token": rng.choice(["R1", "R2", None]),
            "disbursement_type": "LS",
            "amount": 7 * MILLION,
        }
        for kind in ("spp", "spm", "sp2d"):
            at += rng.choice([5, 30, 90]) * rng.randrange(HOUR)
            name = f"{kind}/{number if rng.random() < 0.9 else number // 2}"
            dated = rng.choice([at, at, at - rng.randrange(9 * DAY), None])
            paper = make.add(
                kind, at, **line, **owner, document_number=name, document_date=dated, refers_to=before, mode=mode,
                payee_account_token=rng.choice(["A1", "A2", None]), complete_at=rng.choice([at, at + DAY, None]),
            )  # fmt: skip
            if rng.random() < 0.1:
                make.correct(paper, document_date=at - 4 * DAY)
            before = name
        if rng.random() < 0.7:
            at += rng.randrange(3 * DAY)
            make.add("reversal", at, **line, disbursement_type="LS", amount=7 * MILLION, refers_to=before)
            make.add(
                "sp2d", at + rng.randrange(-2 * DAY, 40 * DAY), **line, **owner, document_number=f"again/{number}",
                payee_account_token=rng.choice(["A1", "A2", None]),
            )  # fmt: skip

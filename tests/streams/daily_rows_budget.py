"""Random rows of the budget beside packages: ceilings, payments, and what follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daily_rows import Maker

MILLION = 1_000_000


def payments(make: Maker) -> None:
    """Everything about money that rules read beside packages."""
    ceilings(make)


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

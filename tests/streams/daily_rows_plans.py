"""Random rows about cash plans and what is spent of them, by sources of which one falls silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daily_maker import DAY, START

if TYPE_CHECKING:
    from daily_maker import Maker

MILLION = 1_000_000


def cash_plans(make: Maker) -> None:
    """Plans of a few sub-activities that are changed in the year, and money that is spent, or not."""
    rng = make.rng
    for number in range(6):
        line = {
            "fiscal_year": rng.choice([2024, 2025, 2025]), "program": "1.01.01", "activity": "1.01.01.2.02",
            "opd": "1.01", "sub_activity": f"1.01.01.2.02.{number:04d}",
            "source": rng.choice(["/opd/1.01/test", "/opd/1.01/test", "/opd/1.01/diam"]),
        }  # fmt: skip
        for stage in ("APBD", "APBD", "SHIFT", "RAPBD", "APBD-P"):
            if rng.random() < 0.6:
                plan = [rng.randrange(0, 6) * MILLION for _ in range(12)]
                ceiling = make.add(
                    "ceiling", rng.choice([START - rng.randrange(100 * DAY), make.at()]), **line, ceiling_stage=stage,
                    account=rng.choice(["5.1.02.01", "5.2.03"]), amount=sum(plan), monthly_plan=plan if rng.random() < 0.9 else [],
                    fund=rng.choice([None, "", "PAD"]),
                )  # fmt: skip
                if rng.random() < 0.2:
                    make.correct(ceiling, monthly_plan=[MILLION] * 12)
        for _ in range(rng.randrange(6)):
            moved = make.add(
                rng.choice(["sp2d", "sp2d", "sp2d", "accounting", "return"]), make.at(), **line, account="5.2.03",
                amount=rng.randrange(1, 9) * MILLION, disbursement_type=rng.choice(["LS", "GU", "TU"]),
            )  # fmt: skip
            if rng.random() < 0.2:
                make.correct(moved, amount=MILLION)

"""Random rows about what amounts look like: round and not, in departments of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daily_maker import Maker

MILLION = 1_000_000


def amounts(make: Maker) -> None:
    """Payments to many payees, some of whom are paid round amounts."""
    rng = make.rng
    for _ in range(90):
        payee = rng.choice(["X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", None])
        even = rng.random() < {"X1": 0.9, "X2": 0.5}.get(str(payee), 0.03)
        paid = make.add(
            "sp2d", make.at(), fiscal_year=2025, sub_activity="1.01.01.2.01.0009", opd="1.01",
            disbursement_type=rng.choice(["LS", "LS", "LS", "LS", "GU"]), payee_token=payee, recurring=rng.random() < 0.05,
            account=rng.choice(["5.1.02.01", "5.1.02.01", "5.1.02.02", "5.1.02.09", "5.2.03"]), package_id=None,
            amount=rng.randrange(1, 9) * MILLION + (0 if even else 1000 * rng.randrange(1, 999)),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(paid, amount=rng.choice([2 * MILLION, 2_345_000]))

"""Random rows about who is paid: to few and many payees, on accounts of their own or not, after a long silence or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daily_maker import DAY, START

if TYPE_CHECKING:
    from daily_maker import Maker

MILLION = 1_000_000


def payees(make: Maker) -> None:
    """Payments of suppliers that come and go, beside the packages and the other payments."""
    rng = make.rng
    line = {"fiscal_year": 2025, "sub_activity": "1.01.01.2.01.0007", "disbursement_type": "LS"}
    tokens = [f"V{number}" for number in range(5)]
    for back in rng.choices([200, 366, 380, 430, 470], k=2):
        make.add(
            "sp2d", START - back * DAY, **line, payee_token=rng.choice(tokens), account="5.1.02.01", amount=MILLION,
            package_id=None, payee_account_token=None, mode="backfill",
        )  # fmt: skip
    for _ in range(40):
        paid = make.add(
            "sp2d", make.at(), **{**line, "disbursement_type": rng.choice(["LS", "LS", "LS", "GU"])},
            payee_token=rng.choice([*tokens, None]), payee_account_token=rng.choice(["A1", "A2", "A3", "A4", "A5", None]),
            account=rng.choice(["5.1.02.01", "5.1.02.04", "5.2.03", "5.1.01"]), amount=rng.randrange(1, 12) * MILLION,
            recurring=rng.random() < 0.1, package_id=rng.choice(["P60", None]),
            package_method=rng.choice(["direct", "emergency", "tender", None]),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(paid, payee_token=rng.choice(tokens), payee_account_token="A6")

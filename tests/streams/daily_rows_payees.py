"""Random rows about who is paid: to few and many payees, on accounts of their own or not, after a long silence or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daily_maker import DAY, START

if TYPE_CHECKING:
    from daily_maker import Maker

MILLION = 1_000_000

YEAR_END = 1_734_307_200_000  # 16 December 2024, 07:00 in Jakarta: the last ten working days begin


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
            account=rng.choice(["5.1.02.01", "5.1.02.04", "5.2.03", "5.1.01"]), amount=rng.randrange(1, 12) * 1_000_700,
            recurring=rng.random() < 0.1, package_id=rng.choice(["P60", None]),
            package_method=rng.choice(["direct", "emergency", "tender", None]),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(paid, payee_token=rng.choice(tokens), payee_account_token=rng.choice(["A6", None]))
    year_end(make)


def year_end(make: Maker) -> None:
    """History of the year before: payments over its last months, of some payees most of them in the last days."""
    rng = make.rng
    line = {
        "fiscal_year": 2024,
        "sub_activity": "1.01.01.2.01.0008",
        "disbursement_type": "LS",
        "mode": "backfill",
    }
    for _ in range(60):
        payee = rng.choice(["W1", "W2", "W3", None])
        rush = rng.random() < {"W1": 0.6, "W2": 0.1}.get(str(payee), 0.2)
        at = YEAR_END + (rng.randrange(16 * DAY) if rush else -rng.randrange(300 * DAY))
        paid = make.add(
            "sp2d", at, **line, payee_token=payee, package_id=rng.choice(["P70", "P71", None, None]),
            opd=rng.choice(["1.01", "1.01", "1.02"]), account=rng.choice(["5.1.02.01", "5.2.03"]),
            amount=rng.randrange(1, 9) * 1_000_300, recurring=False, package_method="tender",
        )  # fmt: skip
        if rng.random() < 0.2:
            make.correct(paid, amount=rng.randrange(1, 20) * MILLION, occurred_at=rng.choice([at, make.at()]))

"""Random rows about money and people, in which each rule finds something now and then."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from daily_maker import DAY, Maker, Rows
from daily_rows_budget import payments
from daily_rows_contracts import contracts
from daily_rows_moves import ELECTION
from daily_rows_permits import permits
from daily_rows_population import population
from daily_rows_revenue import SILENT, revenue
from daily_rows_spending import ELECTIONS, LODGING, PAIRS, SET, spending
from domain_rows import profile

from schemas.profile import Profile
from schemas.profile.rows import (
    CashOffice,
    Election,
    EmployeeAccount,
    Join,
    SharedAddress,
    TappingBox,
    Tariff,
    Threshold,
)


@cache
def daily_profile() -> Profile:
    """What the rules read of a profile."""
    changed = date(2025, 5, 6)
    return replace(
        profile(),
        shared_addresses=(SharedAddress("A0", "pesantren", date(2025, 5, 1), date(2025, 5, 31)),),
        joins=(Join("employee-payee", date(2025, 5, 6), date(2025, 7, 10)),),
        employee_accounts=(EmployeeAccount("A2", date(2025, 4, 1), date(2025, 6, 1)),),
        accounts={"5.1.02.09": "Honorarium Narasumber"},
        elections=(Election(ELECTION, "Pemilihan uji"), *ELECTIONS),
        tariffs=(Tariff("PBG", None, date(2025, 1, 1), date(2025, 5, 5)), Tariff("PBG", 500_000, changed)),
        cash_offices={
            "KAS-BLUD": CashOffice("KAS-BLUD", "Kas BLUD", "1.01", "blud"),
            "KAS-BANK": CashOffice("KAS-BANK", "Bank", "1.01", "bank"),
        },
        tapping_boxes=(
            TappingBox("KAS-B", "TB1", date(2025, 1, 1), date(2025, 5, 25)),
            TappingBox("KAS-B", "TB2", date(2025, 1, 1)),
        ),
        thresholds=(
            Threshold("R08.days", 12, date(2000, 1, 1), changed - timedelta(days=1)),
            Threshold("R08.days", 6, changed),
            Threshold("K01.span", 20, date(2000, 1, 1)),
            Threshold("K01.least", 5, date(2000, 1, 1)),
            Threshold("K01.returning", 8, date(2000, 1, 1)),
            Threshold("R01.days", 2, changed),
            Threshold("R02.tolerance", 1000, changed),
            Threshold("R03.least", 2, date(2000, 1, 1)),
            Threshold("R03.due_day", 15, date(2025, 5, 20), source="/opd/1.01/malam"),
            Threshold("R04.least", 5, date(2000, 1, 1)),
            Threshold("R04.alpha", 0.2, date(2000, 1, 1)),
            Threshold("R04.again", 1, changed),
            Threshold("R06.least", 6, date(2000, 1, 1)),
            Threshold("R06.z", 1, date(2000, 1, 1)),
            Threshold("R06.rise", 1, changed),
            Threshold("R07.least", 5, date(2000, 1, 1)),
            Threshold("R07.alpha", 0.2, date(2000, 1, 1)),
            Threshold("R07.tolerance", 700, changed),
            Threshold("R09.least", 6, date(2000, 1, 1)),
            Threshold("R09.z", 1, date(2000, 1, 1)),
            Threshold("R09.off_hours", 1, date(2000, 1, 1)),
            Threshold("R09.until", 23, changed, source="/opd/1.01/malam"),
            Threshold("R10.hours", 3, date(2000, 1, 1)),
            Threshold("R10.usual", 50, date(2000, 1, 1)),
            Threshold("R05.repeated", 2, changed),
            Threshold("R12.days", 6, date(2000, 1, 1), changed - timedelta(days=1)),
            Threshold("R12.days", 4, changed),
            Threshold("R12.least", 3, date(2000, 1, 1)),
            Threshold("R11.share", 40, changed),
            Threshold("R11.least", 5, date(2000, 1, 1)),
            Threshold("B03.times", 1.5, date(2000, 1, 1)),
            Threshold("B03.least", 4, date(2000, 1, 1)),
            Threshold("B06.least", 30, date(2000, 1, 1)),
            Threshold("B06.mad", 0.0137, changed),
            Threshold("B07.least", 4, date(2000, 1, 1)),
            Threshold("B07.peers", 4, date(2000, 1, 1)),
            Threshold("B07.share", 40, changed),
            Threshold("B12.month", 4, date(2000, 1, 1)),
            Threshold("B12.share", 30, date(2025, 5, 31)),
            Threshold("B08.share", 40, changed),
            Threshold("B08.new_days", 10, changed),
            Threshold("B08.new_amount", 20e6, date(2000, 1, 1)),
            Threshold("B08.payees", 2, changed),
            *SET,
            Threshold("R01.noncash", 1, date(2000, 1, 1), source=SILENT),
        ),
        duty_pairs=PAIRS,
        lodging_ceilings=LODGING,
        _standards={},
        _thresholds={},
    )


def budget(rng: random.Random) -> Rows:
    """Departments with a few sub-activities, suppliers and packages."""
    make = Maker(rng, "budget", 60)
    line = {"fiscal_year": 2025, "program": "1.01.01", "activity": "1.01.01.2.01"}
    for _ in range(60):
        at = make.at()
        package = make.add(
            "package", at, **line, sub_activity=f"1.01.01.2.01.000{rng.randrange(3)}", account=f"5.1.02.0{rng.randrange(2)}",
            amount=0, package_id=f"P{rng.randrange(50)}" if rng.random() < 0.95 else None, opd=rng.choice(["1.01", "1.02"]),
            package_method=rng.choice(["direct", "direct", "direct", "tender", "e-purchasing"]),
            package_kind=rng.choice(["construction", "goods", "consulting", "lain", None]),
            package_ceiling=rng.choice([40, 90, 100, 150, 200, 210, 390, 410]) * 1_000_000,
            procured_at=at - rng.randrange(20 * DAY), payee_token=rng.choice(["R1", "R2", "R3", None]),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(package, package_ceiling=rng.choice([50, 450]) * 1_000_000)
    payments(make)
    contracts(make)
    spending(make)
    return make.made


#: Random rows of each domain that has such rules; a maker may add rows of other domains that they read.
GENERATORS: dict[str, Callable[[random.Random], Rows]] = {
    "budget": budget,
    "revenue": revenue,
    "population": population,
    "permits": permits,
}

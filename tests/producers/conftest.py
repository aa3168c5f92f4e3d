"""A small invented regency for tests of the producers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schemas.calendar import WorkingCalendar
from schemas.profile import Profile
from schemas.profile.rows import (
    CashOffice,
    Department,
    PermitType,
    RevenueTarget,
    ServiceStandard,
    Source,
    Step,
    SubActivity,
    Unit,
    Village,
)

ZONE = ZoneInfo("Asia/Jakarta")
PTSP, TAX, WORKS, CIVIL = "2.18.01", "5.02.01", "1.03.01", "2.12.01"


@pytest.fixture(scope="session")
def regency() -> Profile:
    """The regency of these tests."""
    return make_regency()


@pytest.fixture(scope="session")
def real_regency() -> Profile:
    """One whose profile does not allow simulation."""
    return make_regency(simulation_allowed=False)


def make_regency(*, simulation_allowed: bool = True) -> Profile:
    """Four departments, forty villages, two permit types, three cash offices, twenty sub-activities."""
    standards = (
        ServiceStandard(5.0, date(2020, 1, 1)),
        ServiceStandard(3.0, date(2020, 1, 1), step="teknis"),
    )
    steps = (
        Step("periksa", "Pemeriksaan", "PTSP-1"),
        Step("teknis", "Teknis", "PUPR-1"),
        Step("sah", "Pengesahan", "PTSP-2"),
    )
    domains = {"permits": PTSP, "revenue": TAX, "budget": TAX, "population": CIVIL, "activities": WORKS}
    return Profile(
        path=Path("regency"),
        hash="0" * 64,
        code="99.09",
        name="Kabupaten Uji",
        province="Provinsi Uji",
        timezone=ZONE,
        simulation_allowed=simulation_allowed,
        retention_years=10,
        logo=None,
        calendar=WorkingCalendar(ZONE),
        unit_calendars={},
        departments={code: Department(code, code, code) for code in (PTSP, TAX, WORKS, CIVIL)},
        units={code: Unit(code, code, code, PTSP) for code in ("PTSP-1", "PTSP-2", "PUPR-1")},
        villages={
            f"99.09.0{n % 4 + 1}.20{n:02d}": Village(
                f"99.09.0{n % 4 + 1}.20{n:02d}", f"Desa {n}", f"K{n % 4}", "desa"
            )
            for n in range(1, 41)
        },
        permit_types={code: PermitType(code, code, code, steps, standards) for code in ("PBG", "SIP")},
        cash_offices={
            "BPD": CashOffice("BPD", "Bapenda", TAX, "treasurer"),
            "PSR": CashOffice("PSR", "Pasar", WORKS, "market"),
            "RSUD": CashOffice("RSUD", "RSUD", CIVIL, "blud"),
        },
        accounts=dict.fromkeys(
            (
                "4.1.01.15.01.0001",
                "4.1.01.16.01.0001",
                "4.1.01.19.01.0001",
                "4.1.02.01.04.0001",
                "4.1.04.16.01.0001",
                "4.2.01.01.01.0001",
                "5.1.01.01.01.0001",
                "5.1.02.02.01.0062",
                "5.2.03.01.01.0001",
            ),
            "Rekening",
        ),
        sub_activities={
            f"1.03.02.2.01.{n:04d}": SubActivity(
                f"1.03.02.2.01.{n:04d}", f"Sub {n}", WORKS, "1.03.02", "1.03.02.2.01"
            )
            for n in range(1, 21)
        },
        revenue_targets=(RevenueTarget(2025, "4.1.01", TAX, 10_000_000_000),),
        sources={
            f"/opd/{opd}/{domain}": Source(f"/opd/{opd}/{domain}", opd, domain, domain, 10, 0.05)
            for domain, opd in domains.items()
        },
        thresholds=(),
        elections=(),
    )

"""Accounts, cash offices, sub-activities, revenue targets and ceilings of lodging."""

from __future__ import annotations

from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.rows import CASH_OFFICE_KINDS, CashOffice, LodgingCeiling, RevenueTarget, SubActivity

ACCOUNT_FORM = "kode rekening Permendagri 90/2019, misalnya 4.1.01.09.01.0001"
MAX_RUPIAH = 10**15


def read_accounts(folder: Folder) -> dict[str, str]:
    """``accounts.csv``: code, name."""
    found: dict[str, str] = {}
    once = values.Once(folder, "kode rekening")
    for row in folder.table("accounts.csv", ("code", "name"), required=False):
        code = values.code(folder, row, "code", values.ACCOUNT_CODE, ACCOUNT_FORM)
        if code and once.new(row, "code", code):
            found[code] = row["name"]
    return found


def read_cash_offices(folder: Folder, departments: Collection[str]) -> dict[str, CashOffice]:
    """``cash_offices.csv``: code, name, opd, kind."""
    found: dict[str, CashOffice] = {}
    once = values.Once(folder, "kode tempat pembayaran")
    for row in folder.table("cash_offices.csv", ("code", "name", "opd", "kind"), required=False):
        code = values.code(folder, row, "code", values.PLAIN_CODE, "huruf, angka, titik, atau tanda hubung")
        opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        kind = values.one_of(folder, row, "kind", CASH_OFFICE_KINDS)
        if code and once.new(row, "code", code) and opd and kind:
            found[code] = CashOffice(code, row["name"], opd, kind)
    return found


def read_sub_activities(folder: Folder, departments: Collection[str]) -> dict[str, SubActivity]:
    """``sub_activities.csv``: code, name, opd, program, activity."""
    found: dict[str, SubActivity] = {}
    once = values.Once(folder, "kode subkegiatan")
    columns = ("code", "name", "opd", "program", "activity")
    for row in folder.table("sub_activities.csv", columns, required=False):
        code = values.code(folder, row, "code", values.PLAIN_CODE, "kode SIPD, misalnya 1.03.10.2.01.0005")
        opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        if code and once.new(row, "code", code) and opd:
            found[code] = SubActivity(code, row["name"], opd, row["program"], row["activity"])
    return found


def read_revenue_targets(
    folder: Folder, departments: Collection[str], accounts: Collection[str]
) -> tuple[RevenueTarget, ...]:
    """``revenue_targets.csv``: year, account, opd, amount (rupiah)."""
    found: list[RevenueTarget] = []
    once = values.Once(folder, "target")
    for row in folder.table("revenue_targets.csv", ("year", "account", "opd", "amount"), required=False):
        year = values.whole(folder, row, "year", low=2000, high=2100)
        account = values.known(folder, row, "account", accounts, "rekening", "accounts.csv")
        opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        amount = values.whole(folder, row, "amount", low=0, high=MAX_RUPIAH)
        if year is None or account is None or opd is None or amount is None:
            continue
        if not account.startswith("4"):
            folder.note(
                row.file, row.line, f"rekening {account} bukan pendapatan", "pakai rekening yang diawali 4"
            )
        elif once.new(row, "account", f"{year} {account} {opd}"):
            found.append(RevenueTarget(year, account, opd, amount))
    return tuple(sorted(found, key=lambda item: (item.year, item.account, item.opd)))


def read_lodging_ceilings(folder: Folder) -> tuple[LodgingCeiling, ...]:
    """``lodging_ceilings.csv``: place, grade, amount (rupiah a night), valid_from, valid_to, legal_basis."""
    found: list[LodgingCeiling] = []
    spans = values.Spans(folder)
    columns = ("place", "grade", "amount", "valid_from", "legal_basis")
    for row in folder.table("lodging_ceilings.csv", columns, ("valid_to",), required=False):
        amount = values.whole(folder, row, "amount", low=1, high=MAX_RUPIAH)
        span = values.validity(folder, row)
        if amount and span and spans.add(row, f"penginapan {row['place']} {row['grade']}", *span):
            found.append(LodgingCeiling(row["place"], row["grade"], amount, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.place, item.grade, item.valid_from)))

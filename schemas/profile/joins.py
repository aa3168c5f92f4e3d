"""Which tokens of one person or office may be laid side by side, and the bank accounts of employees: ``joins.csv`` and
``employee_accounts.csv``."""

from __future__ import annotations

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.rows import JOIN_PURPOSES, EmployeeAccount, Join

ACCOUNT_FORM = "token rekening bank, 26 huruf kecil atau angka 2-7; bukan nomor rekening"


def read_joins(folder: Folder) -> tuple[Join, ...]:
    """``joins.csv``: purpose, valid_from, valid_to, legal_basis, dpia (where the impact assessment is kept)."""
    found: list[Join] = []
    spans = values.Spans(folder)
    columns = ("purpose", "valid_from", "legal_basis", "dpia")
    for row in folder.table("joins.csv", columns, ("valid_to",), required=False):
        purpose = values.one_of(folder, row, "purpose", JOIN_PURPOSES)
        span = values.validity(folder, row)
        if purpose and span and spans.add(row, f"tujuan {purpose}", *span):
            found.append(Join(purpose, *span, row["legal_basis"], row["dpia"]))
    return tuple(sorted(found, key=lambda item: (item.purpose, item.valid_from)))


def read_employee_accounts(folder: Folder) -> tuple[EmployeeAccount, ...]:
    """``employee_accounts.csv``: account_token, valid_from, valid_to."""
    found: list[EmployeeAccount] = []
    spans = values.Spans(folder)
    columns = ("account_token", "valid_from")
    for row in folder.table("employee_accounts.csv", columns, ("valid_to",), required=False):
        token = values.code(folder, row, "account_token", values.TOKEN, ACCOUNT_FORM)
        span = values.validity(folder, row)
        if token and span and spans.add(row, f"rekening {token}", *span):
            found.append(EmployeeAccount(token, *span))
    return tuple(sorted(found, key=lambda item: (item.account_token, item.valid_from)))

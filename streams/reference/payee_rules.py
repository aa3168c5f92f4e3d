"""The rules about who is paid, each from its definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from streams.reference.ledgers import Key, Plain, Row, Said, Today

WINDOW, YEAR = 500, 365


def _award(row: Row) -> bool:
    chosen = row["kind"] == "package" and row["package_method"] in ("direct", "emergency")
    return chosen and row["package_id"] is not None and row["payee_token"] is not None


def _paid(row: Row) -> bool:
    if row["kind"] != "sp2d" or row["disbursement_type"] != "LS" or row["amount"] <= 0:
        return False
    return not row["recurring"] and not row["account"].startswith("5.1.01")


def _payee_or_account(row: Row) -> list[Key] | None:
    if not _award(row) and not _paid(row):
        return None
    return [(row[name],) for name in ("payee_token", "payee_account_token") if row[name] is not None]


def _payees(rows: list[Row], today: Today) -> dict[str, Said] | str:
    token = rows[0]["key"][0]
    found: dict[str, Said] = {}
    judged = False
    if any(row["payee_token"] == token for row in rows):
        some = [row for row in rows if row["payee_token"] == token]
        for said in (_concentrated(token, some, today), _new([row for row in some if _paid(row)], today)):
            judged = judged or said is not None
            found.update(said or {})
    on_account = [row for row in rows if row["payee_account_token"] == token and _paid(row)]
    if on_account:
        judged = True
        found.update(_on_account(token, on_account, today))
    if not judged:
        return "paket tanpa tender terlalu sedikit, dan riwayat pembayaran kurang dari setahun"
    return found


def _concentrated(token: str, mine: list[Row], today: Today) -> dict[str, Said] | None:
    """None where no department of its packages gave enough of them."""
    since = (today.day - timedelta(days=YEAR)).isoformat()
    newest: dict[tuple[str, str], Row] = {}
    for row in today.rows("budget"):
        if _award(row):
            newest[row["opd"], row["package_id"]] = row
    last = [row for row in newest.values() if row["day"] >= since]
    ids = {row["event_id"] for row in last}
    departments = {row["opd"] for row in mine if row["event_id"] in ids}
    found: dict[str, Said] = {}
    judged = False
    for opd in departments:
        given = [row for row in last if row["opd"] == opd]
        if len(given) < today.parameter("B08.least", 10):
            continue
        judged = True
        own = [row["day"] for row in given if row["payee_token"] == token]
        share = 100.0 * len(own) / len(given)
        most = today.parameter("B08.share", 50, date.fromisoformat(max(own)))
        if share >= most:
            found[f"pemusatan {opd}"] = ("breach", share, most)
    return found if judged else None


def _new(paid: list[Row], today: Today) -> dict[str, Said] | None:
    """None where the records do not reach back far enough to know."""
    if not paid:
        return None
    records = min(date.fromisoformat(row["day"]) for row in today.rows("budget"))
    recent = today.day - timedelta(days=WINDOW - YEAR)
    days = [date.fromisoformat(row["day"]) for row in paid]
    year = timedelta(days=YEAR)
    firsts = [day for n, day in enumerate(days) if n == 0 or day - days[n - 1] > year]
    if recent <= days[0] < records + year:
        return None
    first = firsts[-1]
    if first < recent or first < records + year:
        return {}
    until = first + timedelta(days=today.parameter("B08.new_days", 90, first))
    unbid = [
        row["amount"]
        for day, row in zip(days, paid, strict=True)
        if first <= day <= until
        and row["account"].startswith(("5.1.02", "5.2"))
        and (row["package_id"] is None or row["package_method"] in ("direct", "emergency"))
    ]
    most = today.parameter("B08.new_amount", 400e6, first)
    return {"baru": ("breach", sum(unbid), most)} if sum(unbid) > most else {}


def _on_account(token: str, paid: list[Row], today: Today) -> dict[str, Said]:
    found: dict[str, Said] = {}
    named = [row for row in paid if row["payee_token"] is not None]
    if named:
        payees = len({row["payee_token"] for row in named})
        most = today.parameter("B08.payees", 1, date.fromisoformat(named[-1]["day"]))
        if payees > most:
            found["rekening bersama"] = ("breach", payees, most)
    of_employee = [row["amount"] for row in paid if _to_an_employee(token, row, today)]
    if of_employee:
        found["rekening pegawai"] = ("breach", sum(of_employee), 0)
    return found


def _to_an_employee(token: str, row: Row, today: Today) -> bool:
    on, profile = date.fromisoformat(row["day"]), today.profile
    if not profile.may_join("employee-payee", on) or not profile.may_join("employee-payee", today.day):
        return False
    bought = row["package_id"] is not None or row["account"].startswith(("5.1.02.01", "5.2"))
    return bought and any(
        item.account_token == token and item.holds(on) for item in profile.employee_accounts
    )


PAYEE_RULES: Mapping[str, Plain] = {"B08": Plain("budget", WINDOW, _payee_or_account, _payees, every=7)}

"""The rules about what amounts look like, each from its definition."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import fsum, log10

from streams.reference.ledgers import Key, Plain, Row, Said, Today
from streams.reference.statistics import percentile


def _paid(row: Row) -> bool:
    if row["kind"] != "sp2d" or row["disbursement_type"] != "LS" or row["amount"] <= 0:
        return False
    return not row["recurring"] and not row["account"].startswith("5.1.01")


def _bought(row: Row) -> Key | None:
    if not _paid(row) or not row["account"].startswith("5.1.02") or row["payee_token"] is None:
        return None
    return (row["payee_token"],)


def _round(rows: list[Row], today: Today) -> dict[str, Said] | str:
    amounts: defaultdict[str, list[int]] = defaultdict(list)
    for row in today.rows("budget"):
        name = today.profile.accounts.get(row["account"], "").lower()
        if _bought(row) and not name.startswith(("honorarium", "belanja honorarium")):
            amounts[row["payee_token"]].append(row["amount"])
    unit, least = int(today.parameter("B07.unit", 1e6)), today.parameter("B07.least", 10)
    shares = {
        payee: 100.0 * sum(amount % unit == 0 for amount in paid) / len(paid)
        for payee, paid in amounts.items()
        if len(paid) >= least
    }
    payee = rows[0]["payee_token"]
    if payee not in shares:
        return "pembayaran barang dan jasa terlalu sedikit"
    if len(shares) < today.parameter("B07.peers", 20):
        return "penerima lain terlalu sedikit"
    low, high = (percentile(percent, shares.values()) for percent in (25, 75))
    fence = max(high + 1.5 * (high - low), today.parameter("B07.share", 50))
    return {"": ("breach", shares[payee], fence)} if shares[payee] > fence else {}


def _amount(row: Row) -> Key | None:
    return (str(row["fiscal_year"]), row["opd"]) if _paid(row) and row["amount"] >= 10 else None


def _digits(rows: list[Row], today: Today) -> dict[str, Said] | str:
    if len(rows) < today.parameter("B06.least", 1000):
        return "pembayaran terlalu sedikit"
    first = Counter(int(str(row["amount"])[:2]) for row in rows)
    strays = [abs(first[pair] / len(rows) - log10(1 + 1 / pair)) for pair in range(10, 100)]
    mean, most = fsum(strays) / 90, today.parameter("B06.mad", 0.0022)
    return {"": ("page", mean, most)} if mean > most else {}


AMOUNT_RULES: Mapping[str, Plain] = {
    "B06": Plain("budget", 500, _amount, _digits, page=True, every=7),
    "B07": Plain("budget", 400, _bought, _round, every=7),
}

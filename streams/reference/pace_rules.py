"""The rules about how fast money is spent, each from its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from streams.reference.ledgers import Key, Plain, Row, Said, Today

WINDOW = 500


def _paid(row: Row) -> bool:
    if row["kind"] != "sp2d" or row["disbursement_type"] != "LS" or row["amount"] <= 0:
        return False
    return not row["recurring"] and not row["account"].startswith("5.1.01")


def _whose(row: Row) -> list[Key] | None:
    if not _paid(row):
        return None
    names = ("payee_token", "package_id", "opd")
    return [(str(row["fiscal_year"]), row[name]) for name in names if row[name] is not None]


def _rush(rows: list[Row], today: Today) -> dict[str, Said] | str:
    year, token = rows[0]["fiscal_year"], rows[0]["key"][1]
    last = date(year, 12, 31)
    days = int(today.parameter("B03.days", 10, last))
    since = last + timedelta(days=1)
    left = days
    while left:
        since -= timedelta(days=1)
        left -= today.profile.calendar.is_working_day(since)
    if today.day <= since:
        return "hari kerja terakhir tahun anggaran belum mulai"
    if date(year, 1, 1) < today.day - timedelta(days=WINDOW):
        return "tahun anggaran sudah di luar jangkauan"
    weeks = (since - date(year, 1, 1)).days // 7
    begin = since - timedelta(days=7 * weeks)
    earlier = [row for row in rows if begin.isoformat() <= row["day"] < since.isoformat()]
    if len(earlier) < max(today.parameter("B03.least", 8, last), 1):
        return "pembayaran sebelum akhir tahun terlalu sedikit"
    everybody = [row for row in today.rows("budget") if _paid(row) and row["fiscal_year"] == year]
    observed, busiest = _pace(rows, begin, since, last, days)
    allowed = max(
        today.parameter("B03.times", 4, last), busiest, _pace(everybody, begin, since, last, days)[0]
    )
    if observed < allowed:
        return {}
    alert = any(row[name] == token for row in rows for name in ("payee_token", "package_id"))
    return {"": ("breach" if alert else "page", observed, allowed)}


def _pace(rows: list[Row], begin: date, since: date, last: date, days: int) -> tuple[float, float]:
    """The rush and the busiest fortnight before it, both as the amount of a week, in mean weeks."""
    weeks = (since - begin).days // 7
    rush = before = 0
    fortnights: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        day = date.fromisoformat(row["day"])
        if since <= day <= last:
            rush += row["amount"]
        elif begin <= day < since:
            before += row["amount"]
            fortnights[((since - day).days - 1) // 14] += row["amount"]
    first, second = (amount * 5 * weeks / (days * before) for amount in (rush, max(fortnights.values())))
    return first, second


PACE_RULES: Mapping[str, Plain] = {"B03": Plain("budget", WINDOW, _whose, _rush)}

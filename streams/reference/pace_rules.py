"""The rules about how fast money is spent, each from its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from streams.reference.ledgers import Answer, Key, Plain, Row, Silent, Today

WINDOW = 500
#: A year that the window no longer holds whole: what was said of it stands.
OVER = Silent("tahun anggaran sudah di luar jangkauan", None)


def _paid(row: Row) -> bool:
    if row["kind"] != "sp2d" or row["disbursement_type"] != "LS" or row["amount"] <= 0:
        return False
    return not row["recurring"] and not row["account"].startswith("5.1.01")


def _whose(row: Row) -> list[Key] | None:
    if not _paid(row):
        return None
    names = ("payee_token", "package_id", "opd")
    return [(str(row["fiscal_year"]), row[name]) for name in names if row[name] is not None]


def _rush(rows: list[Row], today: Today) -> Answer:
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
        return OVER
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


STAGES = {"APBD": 1, "SHIFT": 2, "APBD-P": 2}


def _sub_activity(row: Row) -> Key | None:
    approved = row["kind"] == "ceiling" and row["ceiling_stage"] in STAGES
    if not approved and row["kind"] not in ("sp2d", "accounting", "return", "reversal"):
        return None
    return str(row["fiscal_year"]), row["opd"], row["sub_activity"]


def _absorption(rows: list[Row], today: Today) -> Answer:
    year = rows[0]["fiscal_year"]
    if date(year, 1, 1) < today.day - timedelta(days=WINDOW):
        return OVER
    ends = [date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(1, 13)]
    sources = {row["source"] for row in rows}
    heard = min(
        max(row["day"] for row in today.rows("budget") if row["source"] == source) for source in sources
    )
    over = [end for end in ends if end.isoformat() < heard]
    if not over or over[-1].month < today.parameter("B12.month", 6, over[-1]):
        return "pertengahan tahun anggaran belum lewat, atau sumbernya belum terdengar sesudahnya"
    end = over[-1]
    plans: dict[tuple[str, ...], Row] = {}
    spent = 0
    for row in rows:
        if row["day"] > end.isoformat():
            continue
        if row["kind"] != "ceiling":
            spent += _realised(row)
        elif row["monthly_plan"]:
            names = ("program", "activity", "account", "fund", "village")
            line = tuple(row[name] or "" for name in names)
            if line not in plans or STAGES[row["ceiling_stage"]] >= STAGES[plans[line]["ceiling_stage"]]:
                plans[line] = row
    if not plans:
        return "rencana kas belum diterima"
    planned = sum(sum(row["monthly_plan"][: end.month]) for row in plans.values())
    if planned < today.parameter("B12.least", 10e6, end) or planned <= 0:
        return "rencana kas terlalu kecil"
    share, least = 100.0 * spent / planned, today.parameter("B12.share", 50, end)
    return {"": ("warning", share, least)} if share < least else {}


def _realised(row: Row) -> int:
    if row["kind"] == "accounting":
        return int(row["amount"]) if row["disbursement_type"] in ("UP", "TU") else 0
    if row["disbursement_type"] not in ("LS", "GU"):
        return 0
    return int(row["amount"]) * (1 if row["kind"] == "sp2d" else -1)


PACE_RULES: Mapping[str, Plain] = {
    "B03": Plain("budget", WINDOW, _whose, _rush, every=7),
    "B12": Plain("budget", WINDOW, _sub_activity, _absorption, daily=True, every=7),
}

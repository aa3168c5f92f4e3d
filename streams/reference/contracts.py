"""B17 from its definition: what was paid on a contract, against what was built and handed over."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil

from streams.reference.ledgers import Answer, Key, Row, Said, Today


def contract(row: Row) -> Key | None:
    """The contract that an SP2D pays."""
    paid = row["kind"] == "sp2d" and row["contract_number"] is not None
    return (row["opd"], row["contract_number"]) if paid else None


def overpaid(rows: list[Row], today: Today) -> Answer:
    """The share of the package that was paid, against progress and hand-over."""
    opd, number = rows[0]["opd"], rows[0]["contract_number"]
    if any(row["mode"] == "backfill" for row in rows):
        return "data historis"
    books = [row for row in today.rows("budget") if row["opd"] == opd]
    worth = _worth(rows, books)
    if not worth:
        return "nilai paket kontrak tidak diketahui"
    reports = [r for r in today.rows("activities") if (r["opd"], r["contract_number"]) == (opd, number)]
    if not reports:
        return "laporan kemajuan tidak menyebut kontrak ini"
    papers = {row["document_number"] for row in rows} - {None}
    back = sum(r["amount"] for r in books if r["kind"] in ("return", "reversal") and r["refers_to"] in papers)
    share = 100 * (sum(row["amount"] for row in rows) - back) / worth
    last, newest = rows[-1]["day"], reports[-1]
    on = date.fromisoformat(last)
    if on + timedelta(days=200) < today.day:
        return {"fisik": None, "serah terima": None}
    term = (on + timedelta(days=ceil(today.parameter("B17.days", 14, on)))).isoformat()
    told = any(r["day"] > term for r in today.rows("activities") if r["source"] == newest["source"])
    physical = newest["physical_bp"] / 100
    allowed = physical + today.parameter("B17.advance", 30, on) * (1 - physical / 100)
    found: dict[str, Said] = {}
    if share > allowed and (told or newest["day"] >= last or share > 100):
        found["fisik"] = ("breach", share - allowed, 0)
    handed = _handed(rows, reports, today)
    full = today.parameter("B17.full", 100, on)
    if share >= full and (told if handed is None else handed > last):
        found["serah terima"] = ("breach", share, full)
    return found


def _worth(rows: list[Row], books: list[Row]) -> int:
    named = [row["package_id"] for row in rows if row["package_id"] is not None]
    packages = [r for r in books if r["kind"] == "package" and named and r["package_id"] == named[-1]]
    return (packages[-1]["amount"] or packages[-1]["package_ceiling"] or 0) if packages else 0


def _handed(rows: list[Row], reports: list[Row], today: Today) -> str | None:
    """The first day on which the work counts as handed over."""
    noted = [row["handed_over_at"] for row in rows if row["handed_over_at"] is not None]
    days = [today.profile.local_day(at) for at in noted[-1:]]
    days += [r["day"] for r in reports if r["kind"] == "handover"]
    return min(days, default=None)

"""The rules about revenue, each from its definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from schemas.profile import Profile
from streams.reference.ledgers import Key, Plain, Row, Said, Today


def _office(row: Row) -> Key | None:
    return (row["opd"], row["cash_office"]) if row["kind"] in ("receipt", "void", "deposit") else None


def _voided(rows: list[Row]) -> Counter[str]:
    """Rupiah that voids took back, by number of the receipt."""
    number_of = {row["event_id"]: row["receipt_number"] for row in rows if row["kind"] == "receipt"}
    found: Counter[str] = Counter()
    for row in rows:
        if row["kind"] == "void":
            number = row["receipt_number"] or number_of.get(row["voided_event"])
            if number is not None:
                found[number] += row["amount"]
    return found


def _nets(rows: list[Row]) -> list[tuple[Row, int]]:
    """Numbered receipts with what is left of them; what was voided counts for the first of a number."""
    voided = _voided(rows)
    numbered = [row for row in rows if row["kind"] == "receipt" and row["receipt_number"] is not None]
    return [(row, row["amount"] - voided.pop(row["receipt_number"], 0)) for row in numbered]


def _lagging(rows: list[Row], today: Today) -> dict[str, Said] | str:
    office = today.profile.cash_offices.get(rows[0]["cash_office"])
    if office is not None and office.kind in ("blud", "bos", "jkn"):
        return "kas yang memakai pendapatannya langsung (BLUD, BOS, JKN)"
    owed = [
        (row, net) for row, net in _nets(rows) if row["channel"] == "cash" or _asked(row, today, "noncash", 0)
    ]
    if not owed:
        return "tidak ada kuitansi bernomor yang harus disetor"
    live = [(row, net) for row, net in owed if row["mode"] != "backfill"]
    if not live:
        return "data historis"
    deposits = [row for row in rows if row["kind"] == "deposit"]
    heard: dict[str, str] = {}
    for row in today.rows("revenue"):
        heard[row["source"]] = max(row["day"], heard.get(row["source"], ""))
    late: Counter[str] = Counter()
    for row, net in live:
        deadline = _nth_working_day(today.profile, row["day"], _asked(row, today, "days", 1))
        days = [deposit["day"] for deposit in deposits if _holds(deposit, row)]
        over = (
            min(days) > deadline
            if days
            else deadline < today.day.isoformat() and heard[row["source"]] > deadline
        )
        if over and net > 0:
            late[row["day"]] += net
    return {day: ("breach", float(total), 0.0) for day, total in late.items()}


def _asked(row: Row, today: Today, name: str, default: float) -> float:
    on = date.fromisoformat(row["day"])
    return today.profile.threshold(f"R01.{name}", on, default, source=row["source"])


def _holds(deposit: Row, receipt: Row) -> bool:
    if deposit["composition"]:
        return receipt["receipt_number"] in [part["receipt_number"] for part in deposit["composition"]]
    return deposit["closing_id"] is not None and deposit["closing_id"] == receipt["closing_id"]


def _nth_working_day(profile: Profile, day: str, number: float) -> str:
    at, passed = date.fromisoformat(day), 0
    while passed < number:
        at += timedelta(days=1)
        if profile.calendar.is_working_day(at):
            passed += 1
    return at.isoformat()


REVENUE_RULES: Mapping[str, Plain] = {"R01": Plain("revenue", 300, _office, _lagging, daily=True)}

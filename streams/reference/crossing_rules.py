"""The rules that hold records of two topics against each other, each from its definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil

from schemas.profile import Profile
from streams.reference.contracts import contract, overpaid
from streams.reference.elections import arriving, villages
from streams.reference.ledgers import Key, Plain, Row, Said, Today
from streams.reference.letters import billed, unreminded


def _case(row: Row) -> Key | None:
    relevant = row["kind"] in ("submitted", "issued") or row["fee_assessed"] is not None
    return (row["case_id"],) if relevant else None


def _ever_paid_for(row: Row, profile: Profile) -> bool:
    return any(tariff.permit_type == row["permit_type"] for tariff in profile.tariffs)


def _unpaid(rows: list[Row], today: Today) -> dict[str, Said] | str:
    books = today.rows("revenue")
    received, naming = _received(books)
    if not naming:
        return "kuitansi tidak menyebut nomor izin"
    tariff = today.profile.tariff(rows[0]["permit_type"], date.fromisoformat(rows[0]["day"]))
    if tariff is None:
        return "jenis ini tidak berbayar"
    if any(row["mode"] == "backfill" for row in rows):
        return "data historis"
    issues = [row["day"] for row in rows if row["kind"] == "issued"]
    if not issues:
        return "belum terbit"
    if not any(row["kind"] == "submitted" for row in rows):
        return "permohonannya di luar jangka penilaian"
    assessed = [row["fee_assessed"] for row in rows if row["fee_assessed"] is not None]
    if tariff.amount is None and not assessed:
        return "besaran retribusi tidak diketahui"
    due = assessed[-1] if tariff.amount is None else tariff.amount
    issued = date.fromisoformat(issues[0])
    days = ceil(today.parameter("R08.days", 30, issued))
    deadline = (issued + timedelta(days=days)).isoformat()
    silent = any(all(row["day"] <= deadline for row in books if row["source"] == source) for source in naming)
    least = due * today.parameter("R08.share", 100, issued) / 100
    if today.day.isoformat() <= deadline or silent or received[rows[0]["case_id"]] >= least:
        return {}
    return {"": ("breach", received[rows[0]["case_id"]], least)}


def _received(books: list[Row]) -> tuple[Counter[str], set[str]]:
    """Rupiah by permit case, and the sources that name cases."""
    found: Counter[str] = Counter()
    naming = set()
    by_event: dict[str, str] = {}
    by_number: dict[tuple[str, str, str], str] = {}
    for row in books:
        if row["kind"] == "receipt" and row["permit_case_id"] is not None:
            by_event[row["event_id"]] = row["permit_case_id"]
            by_number.setdefault(
                (row["opd"], row["cash_office"], row["receipt_number"]), row["permit_case_id"]
            )
    for row in books:
        case, amount = row["permit_case_id"], row["amount"]
        if row["kind"] == "void":
            amount = -amount
            case = case or by_event.get(row["voided_event"])
            if case is None and row["receipt_number"] is not None:
                case = by_number.get((row["opd"], row["cash_office"], row["receipt_number"]))
        if row["kind"] in ("receipt", "void") and case is not None:
            found[case] += amount
            naming.add(row["source"])
    return found, naming


CROSSING_RULES: Mapping[str, Plain] = {
    "R08": Plain("permits", 400, _case, _unpaid, daily=True, recent=240, every=7, reads=_ever_paid_for),
    "R12": Plain("revenue", 400, billed, unreminded, daily=True, every=7),
    "B17": Plain("budget", 570, contract, overpaid, daily=True, every=7),
    "K01": Plain("population", 1826, villages, arriving, every=7),
}

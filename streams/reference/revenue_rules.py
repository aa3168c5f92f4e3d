"""The rules about revenue, each from its definition."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from schemas.profile import Profile
from streams.reference.ledgers import Key, Plain, Row, Said, Today


def _office(row: Row) -> Key | None:
    return (row["opd"], row["cash_office"]) if row["kind"] in ("receipt", "void", "deposit") else None


def _voided(rows: list[Row], until: Mapping[str, int]) -> Counter[str]:
    """Rupiah that voids took back, by number of the receipt; voids after ``until`` (UTC ms by number) do not count."""
    number_of = {row["event_id"]: row["receipt_number"] for row in rows if row["kind"] == "receipt"}
    found: Counter[str] = Counter()
    for row in rows:
        if row["kind"] == "void":
            number = row["receipt_number"] or number_of.get(row["voided_event"])
            if number is not None and row["occurred_at"] <= until.get(number, row["occurred_at"]):
                found[number] += row["amount"]
    return found


def _nets(rows: list[Row], until: Mapping[str, int] | None = None) -> list[tuple[Row, int]]:
    """Numbered receipts with what is left of them; what was voided counts for the first of a number."""
    voided = _voided(rows, until or {})
    numbered = [row for row in rows if row["kind"] == "receipt" and row["receipt_number"] is not None]
    return [(row, row["amount"] - voided.pop(row["receipt_number"], 0)) for row in numbered]


#: Days in which receipts and deposits are compared (R02).
DIFFERING = 240
DIRECT = "kas yang memakai pendapatannya langsung (BLUD, BOS, JKN)"


def uses_directly(rows: list[Row], today: Today) -> bool:
    office = today.profile.cash_offices.get(rows[0]["cash_office"])
    return office is not None and office.kind in ("blud", "bos", "jkn")


def _lagging(rows: list[Row], today: Today) -> dict[str, Said] | str:
    if uses_directly(rows, today):
        return DIRECT
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
        days = [deposit["day"] for deposit in deposits if holds(deposit, row)]
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


def holds(deposit: Row, receipt: Row) -> bool:
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


def _differing(rows: list[Row], today: Today) -> dict[str, Said] | str:
    if uses_directly(rows, today):
        return DIRECT
    slips = [row for row in rows if row["kind"] == "deposit" and row["composition"]]
    in_slips: Counter[str] = Counter()
    last: dict[str, int] = {}
    for slip in slips:
        for part in slip["composition"]:
            in_slips[part["receipt_number"]] += part["amount"]
            last[part["receipt_number"]] = slip["occurred_at"]  # they are in order of time
    named = set(in_slips)
    sums: list[tuple[str, str, int]] = []
    cashiers: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    for row, net in _nets(rows, last):
        if row["receipt_number"] in named:
            cashiers[row["day"], row["cashier_token"]] += net - in_slips.pop(row["receipt_number"], 0)
    for day in {day for day, _ in cashiers}:
        differs = sum(abs(difference) for (on, _), difference in cashiers.items() if on == day)
        sums.append((f"kuitansi {day}", day, differs))
    for number in {slip["deposit_number"] for slip in slips} - {None}:
        mine = [slip for slip in slips if slip["deposit_number"] == number]
        parts = sum(part["amount"] for slip in mine for part in slip["composition"])
        sums.append((f"STS {number}", mine[-1]["day"], abs(parts - sum(slip["amount"] for slip in mine))))
    sums += _closings(rows, today)
    if not sums:
        return "tidak ada setoran dengan rincian atau penutupan kas"
    found = {}
    for scope, day, differs in sums:
        allowed = today.parameter("R02.tolerance", 0, date.fromisoformat(day))
        if differs > allowed:
            found[scope] = ("breach", float(differs), allowed)
    return found


def _closings(rows: list[Row], today: Today) -> list[tuple[str, str, int]]:
    found = []
    for name in {row["closing_id"] for row in rows} - {None}:
        mine = [
            row
            for row in rows
            if row["closing_id"] == name and not (row["kind"] == "deposit" and row["composition"])
        ]
        ends = max((row["occurred_at"] for row in mine if row["kind"] == "deposit"), default=0)
        by_kind = {
            kind: [
                row["amount"]
                for row in mine
                if row["kind"] == kind and (kind != "void" or row["occurred_at"] <= ends)
            ]
            for kind in ("receipt", "void", "deposit")
        }
        within = (
            mine and min(row["day"] for row in mine) > (today.day - timedelta(days=DIFFERING)).isoformat()
        )
        if by_kind["receipt"] and by_kind["deposit"] and within:
            differs = sum(by_kind["receipt"]) - sum(by_kind["void"]) - sum(by_kind["deposit"])
            found.append((f"penutupan {name}", mine[-1]["day"], abs(differs)))
    return found


def _book(row: Row) -> Key | None:
    if row["kind"] != "receipt" or row["receipt_number"] is None or row["receipt_book"] is None:
        return None
    return row["opd"], row["cash_office"], row["receipt_book"]


def _misnumbered(rows: list[Row], today: Today) -> Mapping[str, Said | None] | str:
    found: dict[str, Said | None] = {}
    for year in sorted({row["day"][:4] for row in rows}):
        if date(int(year), 1, 1) < today.day - timedelta(days=400):
            found |= {f"{what} {year}": None for what in ("ganda", "celah")}
            continue
        mine = [row for row in rows if row["day"][:4] == year]
        last = date.fromisoformat(max(row["day"] for row in mine))
        repeated = len(mine) - len({row["receipt_number"] for row in mine})
        series: defaultdict[str, dict[int, date]] = defaultdict(dict)
        for row in mine:
            if match := re.search(r"[0-9]+$", row["receipt_number"]):
                known = series[row["receipt_number"][: match.start()]]
                known.setdefault(int(match.group()), date.fromisoformat(row["day"]))
        missing = sum(_gaps(known, today) for known in series.values())
        for what, name, seen in (("ganda", "repeated", repeated), ("celah", "missing", missing)):
            allowed = today.parameter(f"R05.{name}", 0, last)
            if seen > allowed:
                found[f"{what} {year}"] = ("breach", float(seen), allowed)
    return found


def _gaps(known: Mapping[int, date], today: Today) -> int:
    """How many numbers are missing before those that have been known for some days."""
    found, before = 0, min(known)
    for number in sorted(known):
        if (today.day - known[number]).days > today.parameter("R05.days", 7):
            found += max(0, number - before - 1)
        before = number
    return found


def _zone(row: Row) -> Key | None:
    known = all(row[name] is not None for name in ("zone", "assessment_id", "declared_value"))
    if row["kind"] != "assessment" or not known or not row["reference_value"] or row["reference_value"] < 0:
        return None
    return row["opd"], row["zone"]


def _undervalued(rows: list[Row], today: Today) -> dict[str, Said] | str:
    newest = {row["assessment_id"]: row for row in rows}
    if len(newest) < today.parameter("R11.least", 30):
        return "perolehan dalam zona terlalu sedikit"
    found = {}
    for name, row in newest.items():
        share = 100 * row["declared_value"] / row["reference_value"]
        limit = today.parameter("R11.share", 50, date.fromisoformat(row["day"]))
        if share < limit:
            found[name] = ("breach", share, limit)
    return found


REVENUE_RULES: Mapping[str, Plain] = {
    "R01": Plain("revenue", 120, _office, _lagging, daily=True),
    "R02": Plain("revenue", DIFFERING, _office, _differing),
    "R05": Plain("revenue", 400, _book, _misnumbered, daily=True, every=7),
    "R11": Plain("revenue", 400, _zone, _undervalued),
}

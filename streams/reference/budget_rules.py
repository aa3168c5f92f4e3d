"""The rules about the budget, each from its definition."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from schemas.profile import Profile
from streams.reference.ledgers import Key, Plain, Row, Said, Today

#: Limits of direct procurement in rupiah since when, by kind of package: Perpres 12/2021 and 46/2025.
LIMITS = {
    "construction": ((date(1, 1, 1), 200e6), (date(2025, 4, 30), 400e6)),
    "goods": ((date(1, 1, 1), 200e6),),
    "services": ((date(1, 1, 1), 200e6),),
    "consulting": ((date(1, 1, 1), 100e6),),
}


def _package(row: Row) -> Key | None:
    direct = row["kind"] == "package" and row["package_method"] == "direct"
    if not direct or row["package_id"] is None or row["procured_at"] is None:
        return None
    return row["payee_token"] or "", row["opd"], row["account"], row["package_kind"] or ""


def _splitting(rows: list[Row], today: Today) -> dict[str, Said] | str:
    kind = rows[0]["package_kind"]
    if kind not in LIMITS:
        return "jenis paket tidak dikenal"
    newest = {row["package_id"]: row for row in rows}
    found: dict[str, Said] = {}
    within = []
    for name, row in newest.items():
        limit = _limit(kind, row["procured_at"], today.profile)
        if row["package_ceiling"] > limit:
            found[f"batas {name}"] = ("breach", row["package_ceiling"], limit)
        else:
            within.append((row["procured_at"], row["package_ceiling"], limit))
    span = today.parameter("B04.days", 30) * 86_400_000
    runs = []
    for first, _, limit in within:
        run = [amount for at, amount, _ in within if first <= at <= first + span]
        if len(run) > 1 and sum(run) > limit:
            runs.append((sum(run), limit))
    if runs:
        most = max(total for total, _ in runs)
        found["pecah"] = ("breach", most, next(limit for total, limit in runs if total == most))
    return found


def _limit(kind: str, at: int, profile: Profile) -> float:
    on = date.fromisoformat(profile.local_day(at))
    default = [value for since, value in LIMITS[kind] if since <= on][-1]
    return profile.threshold(f"B04.{kind}", on, default)


def _line(row: Row) -> Key | None:
    if row["kind"] == "ceiling":
        reads = row["ceiling_stage"] in ("APBD", "SHIFT", "APBD-P")
    else:
        reads = row["kind"] in ("sp2d", "accounting", "return", "reversal")
    if not reads or not row["account"]:
        return None
    return str(row["fiscal_year"]), row["opd"], row["sub_activity"], row["account"]


def _over_ceiling(rows: list[Row], _: Today) -> dict[str, Said] | str:
    ceilings: dict[tuple[str, ...], tuple[bool, int]] = {}
    realised = 0
    for row in rows:
        if row["kind"] == "ceiling":
            part = (row["program"], row["activity"], row["fund"] or "", row["village"] or "")
            changed = row["ceiling_stage"] != "APBD"
            if changed or not ceilings.get(part, (False, 0))[0]:
                ceilings[part] = (changed, row["amount"])
        else:
            realised += _realised(row)
    if not ceilings:
        return "pagu rekening ini belum diterima"
    ceiling = sum(amount for _, amount in ceilings.values())
    return {"": ("breach", realised, ceiling)} if realised > ceiling else {}


def _realised(row: Row) -> int:
    """What a document adds to spending: an advance is none before it is accounted for."""
    advance = row["disbursement_type"] in ("UP", "TU")
    if row["kind"] == "accounting":
        return int(row["amount"]) if advance else 0
    if advance:
        return 0
    return int(row["amount"]) if row["kind"] == "sp2d" else -int(row["amount"])


def _department(row: Row) -> Key | None:
    if row["kind"] in ("sp2d", "reversal"):
        reads = row["disbursement_type"] in ("LS", "GU", "TU") and row["account"] != ""
    else:
        reads = row["kind"] == "spd" or (
            row["kind"] == "ceiling" and row["ceiling_stage"] in ("APBD", "SHIFT", "APBD-P")
        )
    return (str(row["fiscal_year"]), row["opd"]) if reads else None


def _without_plan(rows: list[Row], _: Today) -> dict[str, Said] | str:
    if not any(row["kind"] in ("ceiling", "spd") for row in rows):
        return "pagu dan SPD perangkat daerah ini belum diterima"
    undone = {
        (row["sub_activity"], row["refers_to"])
        for row in rows
        if row["kind"] == "reversal" and row["refers_to"]
    }
    found: dict[str, Said] = {}
    for name, kind in (("pagu", "ceiling"), ("spd", "spd")):
        plans = [row for row in rows if row["kind"] == kind]
        for paid in rows:
            sub, account = paid["sub_activity"], paid["account"]
            if paid["kind"] != "sp2d" or (sub, paid["document_number"]) in undone or not plans:
                continue
            planned = any(
                plan["sub_activity"] == sub
                and plan["account"] in (account, "")
                and plan["day"] <= paid["day"]
                for plan in plans
            )
            if not planned:
                scope = f"{name} {sub} {account}"
                found[scope] = ("breach", found.get(scope, ("", 0, 0))[1] + paid["amount"], 0)
    return found


def _payment(row: Row) -> Key | None:
    counts = row["kind"] == "sp2d" and row["disbursement_type"] == "LS" and row["amount"] > 0
    if not counts or row["recurring"] or row["account"].startswith("5.1.01") or row["payee_token"] is None:
        return None
    return row["payee_token"], str(row["amount"])


def _twice(rows: list[Row], today: Today) -> dict[str, Said] | str:
    back: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for row in today.rows("budget"):
        if row["kind"] in ("return", "reversal"):
            back[row["opd"], row["sub_activity"], row["refers_to"]] += row["amount"]
    by_invoice: defaultdict[str, dict[object, date]] = defaultdict(dict)
    named = False
    for row in rows:
        words = re.findall("[A-Z]+|[0-9]+", (row["invoice_number"] or "").upper())
        invoice = "/".join(word.lstrip("0") for word in words)
        named = named or bool(invoice)
        paper = row["opd"], row["sub_activity"], row["document_number"]
        undone = row["document_number"] is not None and back[paper] >= row["amount"]
        if invoice and not undone:
            name = row["event_id"] if row["document_number"] is None else paper
            by_invoice[invoice].setdefault(name, date.fromisoformat(row["day"]))
    if not named:
        return "nomor faktur tidak diisi"
    found: dict[str, Said] = {}
    for invoice, papers in by_invoice.items():
        days = list(papers.values())
        again = [
            later
            for first, later in pairwise(days)
            if (later - first).days <= today.parameter("B05.days", 90, later)
        ]
        if again:
            found[invoice] = ("breach", rows[0]["amount"] * len(again), 0)
    return found


def _cash(row: Row) -> Key | None:
    if row["disbursement_type"] != "TU" or row["kind"] not in ("sp2d", "accounting", "return", "reversal"):
        return None
    if _number(row) is None:
        return None
    return str(row["fiscal_year"]), row["opd"], row["sub_activity"]


def _number(row: Row) -> str | None:
    number: str | None = row["document_number"] if row["kind"] == "sp2d" else row["refers_to"]
    return number


def _open_cash(rows: list[Row], today: Today) -> dict[str, Said] | str:
    advances = [row for row in rows if row["kind"] == "sp2d"]
    live = [row for row in advances if row["mode"] != "backfill"]
    if advances and not live:
        return "data historis"
    found: dict[str, Said] = {}
    for number in {row["document_number"] for row in live}:
        mine = [row for row in rows if _number(row) == number]
        paid = date.fromisoformat(min(row["day"] for row in live if row["document_number"] == number))
        due = _months_later(paid, round(today.parameter("B13.months", 1, paid)))
        left = sum(row["amount"] for row in mine if row["kind"] == "sp2d") - sum(
            row["amount"] for row in mine if row["kind"] != "sp2d" and row["day"] <= due.isoformat()
        )
        source = next(row["source"] for row in live if row["document_number"] == number)
        heard = max(row["day"] for row in today.rows("budget") if row["source"] == source)
        if left > 0 and heard > due.isoformat():
            found[number] = ("breach", left, 0)
    return found


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


BUDGET_RULES: Mapping[str, Plain] = {
    "B01": Plain("budget", 500, _line, _over_ceiling),
    "B02": Plain("budget", 500, _department, _without_plan),
    "B04": Plain("budget", 400, _package, _splitting),
    "B05": Plain("budget", 400, _payment, _twice, daily=True),
    "B13": Plain("budget", 400, _cash, _open_cash, daily=True),
}

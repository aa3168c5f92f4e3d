"""The rule about assessments, reductions and what was paid of them, from its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from streams.reference.cashier_rules import outliers
from streams.reference.ledgers import Key, Plain, Row, Said, Today


def _about(row: Row) -> list[Key]:
    """An assessment and its payments are about its number, and about the officer who made it."""
    named = row["assessment_id"] is not None
    if not (row["kind"] == "assessment" or (row["kind"] in ("receipt", "void") and named)):
        return []
    officer = row["officer_token"]
    return [(row["opd"], token) for token in (row["assessment_id"], officer) if token is not None]


def _assessed(rows: list[Row], today: Today) -> dict[str, Said] | str:
    opd, token = rows[0]["key"]
    if any(row["officer_token"] == token for row in rows):
        return _reducing(opd, token, today)
    if not any(row["kind"] == "assessment" and row["amount"] > 0 for row in rows):
        return "ketetapan pokoknya tidak tercatat dalam 400 hari terakhir"
    letters, receipts, voids = (
        [row for row in rows if row["kind"] == kind] for kind in ("assessment", "receipt", "void")
    )
    owed = sum(row["amount"] - row["reduction"] + row["penalty"] for row in letters)
    paid = sum(row["amount"] for row in receipts) - sum(row["amount"] for row in voids)
    dues = [row["due_at"] for row in rows if row["due_at"] is not None]
    after = not dues or (bool(receipts) and receipts[-1]["occurred_at"] > max(dues))
    allowed = today.parameter("R07.tolerance", 0, date.fromisoformat(rows[-1]["day"]))
    found: dict[str, Said] = {}
    if paid - owed > allowed:
        found["lebih bayar"] = ("breach", float(paid - owed), allowed)
    if owed - paid > allowed and paid > 0 and after:
        found["kurang bayar"] = ("breach", float(owed - paid), allowed)
    same = [
        row["reduction"]
        for row in letters
        if row["reduction"] > 0 and row["officer_token"] in {r["cashier_token"] for r in receipts} - {None}
    ]
    if same:
        found["petugas sama"] = ("breach", float(max(same)), 0.0)
    return found


def _reducing(opd: str, officer: str, today: Today) -> dict[str, Said] | str:
    made: defaultdict[str, list[bool]] = defaultdict(list)
    for row in today.rows("revenue"):
        if row["kind"] == "assessment" and row["amount"] > 0 and row["opd"] == opd and row["officer_token"]:
            made[row["officer_token"]].append(row["reduction"] > 0)
    least = today.parameter("R07.least", 30)
    enough = [who for who, mine in made.items() if len(mine) >= least]
    if officer not in enough or len(enough) < 4:
        return "ketetapan atau petugas pembanding terlalu sedikit"
    shares = {who: (sum(mine), len(mine)) for who, mine in made.items()}
    reach, alpha = today.parameter("R07.reach", 1.5), today.parameter("R07.alpha", 0.001)
    said = outliers(shares, least, reach, alpha)
    return {"pengurangan": said[officer]} if officer in said else {}


ASSESSMENT_RULES: Mapping[str, Plain] = {"R07": Plain("revenue", 400, _about, _assessed)}

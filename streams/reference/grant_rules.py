"""The rule about grants and social aid before elections, from its definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from streams.reference.ledgers import Key, Plain, Row, Said, Today
from streams.reference.statistics import binomial_tail

WINDOW = 1900


def _grant(row: Row) -> Key | None:
    number = {"sp2d": "document_number", "reversal": "refers_to"}.get(row["kind"])
    if number is None or row[number] is None or row["disbursement_type"] != "LS":
        return None
    kind = row["account"].split(".")[:3]
    return (row["opd"], row["account"]) if kind in (["5", "1", "05"], ["5", "1", "06"]) else None


def _before_elections(rows: list[Row], today: Today) -> dict[str, Said] | str:
    undone = {row["refers_to"] for row in rows if row["kind"] == "reversal"}
    paid: dict[str, tuple[date, str | None]] = {}
    for row in rows:
        if row["kind"] == "sp2d" and row["document_number"] not in undone:
            paid.setdefault(row["document_number"], (date.fromisoformat(row["day"]), row["payee_token"]))
    opd = rows[0]["opd"]
    since = date.fromisoformat(min(row["day"] for row in today.rows("budget") if row["opd"] == opd))
    found: dict[str, Said] = {}
    judged = asked = False
    for election in {item.on for item in today.profile.elections}:
        first, last = _first(election, today), min(election, today.day - timedelta(days=1))
        if first < today.day - timedelta(days=WINDOW) or first > last:
            continue
        asked = True
        mine = [payee for day, payee in paid.values() if first <= day <= last]
        most = today.parameter("B16.repeats", 3, election)
        for payee, count in Counter(payee for payee in mine if payee is not None).items():
            if count >= most:
                found[f"berulang {election} {payee}"] = ("breach", count, most)
        others = _others(election, last, today, since)
        if len(others) < today.parameter("B16.years", 2, election):
            continue
        judged = True
        usual = sum(a <= day <= b for day, _ in paid.values() for a, b in others)
        least, times, alpha = (
            today.parameter(f"B16.{name}", default, election)
            for name, default in (("least", 10), ("times", 2), ("alpha", 0.001))
        )
        chance = binomial_tail(len(mine), len(mine) + usual, 1 / (1 + len(others))) if mine else 1.0
        if len(mine) >= max(least, times * (usual / len(others))) and chance < alpha:
            found[f"kenaikan {election}"] = ("breach", len(mine), least)
    if not asked:
        return "tidak ada pemilihan dalam profil yang hari-hari sebelumnya dapat dinilai"
    return found if judged or found else "tahun pembanding terlalu sedikit"


def _first(election: date, today: Today) -> date:
    return election - timedelta(days=round(today.parameter("B16.days", 180, election)))


def _others(election: date, last: date, today: Today, since: date) -> list[tuple[date, date]]:
    """The same days of other years in which the department was heard of and that lie before no election."""
    found = []
    days = election - _first(election, today)
    for year in range(election.year - 4, election.year + 5):
        if year == election.year:
            continue
        leap = election.month == 2 and election.day == 29
        start = (date(year, 2, 28) if leap else election.replace(year=year)) - days
        end = start + (last - _first(election, today))
        near = any(start <= item.on and _first(item.on, today) <= end for item in today.profile.elections)
        known = start >= since and start >= today.day - timedelta(days=WINDOW) and end < today.day
        if known and not near:
            found.append((start, end))
    return found


GRANT_RULES: Mapping[str, Plain] = {"B16": Plain("budget", WINDOW, _grant, _before_elections, every=7)}

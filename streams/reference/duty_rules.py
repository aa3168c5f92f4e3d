"""The rule about duties of spending that go to two officers, from its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from schemas.profile.rows import DutyPair
from streams.reference.ledgers import Key, Plain, Row, Said, Today

PAPERS = ("spp", "spm", "sp2d", "accounting", "return", "reversal")


def _paper(row: Row) -> Key | None:
    return (str(row["fiscal_year"]), row["opd"], row["sub_activity"]) if row["kind"] in PAPERS else None


def _two_duties(rows: list[Row], today: Today) -> dict[str, Said] | str:
    pairs = today.profile.duty_pairs
    if not pairs:
        return "profil tanpa pasangan tugas terlarang"
    acts = [row for row in rows if row["officer_token"] is not None and row["officer_role"] is not None]
    if not acts:
        return "petugas atau tugasnya tidak disebut"
    before: dict[str, str | None] = {}
    for row in rows:
        if row["document_number"] is not None:
            before.setdefault(row["document_number"], row["refers_to"])
    officers: defaultdict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        for officer in {row["officer_token"] for row in acts}:
            mine = [row for row in acts if row["officer_token"] == officer and _in_force(pair, row)]
            one = [row for row in mine if row["officer_role"] == pair.first]
            other = [row for row in mine if row["officer_role"] == pair.second]
            if _for_one_payment(one, other, before) or _at_once(one, other):
                officers[f"{pair.first}+{pair.second}"].add(officer)
    return {scope: ("breach", len(some), 0) for scope, some in officers.items()}


def _in_force(pair: DutyPair, row: Row) -> bool:
    return pair.holds(date.fromisoformat(row["day"]))


def _for_one_payment(one: list[Row], other: list[Row], before: Mapping[str, str | None]) -> bool:
    begun = {_begun(row, before) for row in one} & {_begun(row, before) for row in other}
    return bool(begun - {None})


def _begun(row: Row, before: Mapping[str, str | None]) -> str | None:
    """The paper that began the payment, up to three back from what a paper follows."""
    name: str | None = row["refers_to"] if row["refers_to"] is not None else row["document_number"]
    for _ in range(3):
        if name is not None and before.get(name) is not None:
            name = before[name]
    return name


def _at_once(one: list[Row], other: list[Row]) -> bool:
    if not one or not other:
        return False
    days, others = ([str(row["day"]) for row in some] for some in (one, other))
    return min(days) <= max(others) and min(others) <= max(days)


DUTY_RULES: Mapping[str, Plain] = {"B09": Plain("budget", 500, _paper, _two_duties)}

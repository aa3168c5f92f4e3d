"""The rules about the papers of a payment (SPP, SPM, SP2D), each from its definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from streams.reference.ledgers import Key, Plain, Row, Said, Today


def _chain(row: Row) -> Key | None:
    if row["kind"] not in ("spp", "spm", "sp2d") or row["document_number"] is None:
        return None
    return str(row["fiscal_year"]), row["opd"], row["sub_activity"]


def _slow(rows: list[Row], today: Today) -> dict[str, Said] | str:
    live = [row for row in rows if row["mode"] != "backfill"]
    if not live:
        return "data historis"
    most: dict[str, tuple[float, float]] = {}
    for before, after in (("spp", "spm"), ("spm", "sp2d")):
        for row in live:
            allowed = today.parameter(f"B10.{after}_days", 2, date.fromisoformat(row["day"]))
            for first in live:
                follows = row["kind"] == after and first["kind"] == before
                if not follows or row["refers_to"] != first["document_number"]:
                    continue
                ready = first["occurred_at"] if first["complete_at"] is None else first["complete_at"]
                days = today.profile.calendar.elapsed(ready, row["occurred_at"])
                if days > allowed:
                    scope = f"{after.upper()} {row['document_number']}"
                    most[scope] = max(most.get(scope, (0.0, 0.0)), (days, allowed))
    return {scope: ("breach", days, allowed) for scope, (days, allowed) in most.items()}


def _document(row: Row) -> Key | None:
    named = row["kind"] in ("spp", "spm", "sp2d") and row["document_number"] is not None
    if not named and (row["kind"] != "reversal" or row["refers_to"] is None):
        return None
    return str(row["fiscal_year"]), row["opd"], row["sub_activity"]


def _dates(rows: list[Row], today: Today) -> dict[str, Said] | str:
    live = [row for row in rows if row["mode"] != "backfill"]
    if not live:
        return "data historis"
    papers = [row for row in live if row["kind"] != "reversal"]
    most: dict[str, tuple[float, float]] = {}

    def note(scope: str, observed: float, allowed: float) -> None:
        most[scope] = max(observed, most.get(scope, (0.0, 0.0))[0]), allowed

    for row in papers:
        if row["kind"] == "spp" or row["document_date"] is None:
            continue
        for first in papers:
            if first["document_number"] == row["refers_to"] and first["document_date"] is not None:
                days = (first["document_date"] - row["document_date"]) // 86_400_000
                if days >= 1:
                    note(f"urutan {row['document_number']}", days, 0)
        allowed = today.parameter("B11.days", 3, date.fromisoformat(row["day"]))
        late = today.profile.calendar.elapsed(row["document_date"], row["occurred_at"])
        if late > allowed:
            note(f"mundur {row['document_number']}", late, allowed)
    for reversal in live:
        if reversal["kind"] == "reversal":
            for amount in _reissued(reversal, papers, today):
                note(f"ganti {reversal['refers_to']}", amount, 0)
    return {scope: ("breach", observed, allowed) for scope, (observed, allowed) in most.items()}


def _reissued(reversal: Row, papers: list[Row], today: Today) -> list[int]:
    """Amounts that were paid again to the same payee in another account soon after a reversal."""
    paid = [
        row for row in papers if row["kind"] == "sp2d" and row["payee_token"] and row["payee_account_token"]
    ]
    undone = date.fromisoformat(reversal["day"])
    return [
        new["amount"]
        for old in paid
        for new in paid
        if old["document_number"] == reversal["refers_to"] != new["document_number"]
        and (old["amount"], old["payee_token"]) == (new["amount"], new["payee_token"])
        and old["payee_account_token"] != new["payee_account_token"]
        and 0
        <= (date.fromisoformat(new["day"]) - undone).days
        <= today.parameter("B11.reissue_days", 30, date.fromisoformat(old["day"]))
    ]


PAPER_RULES: Mapping[str, Plain] = {
    "B10": Plain("budget", 500, _chain, _slow),
    "B11": Plain("budget", 500, _document, _dates),
}

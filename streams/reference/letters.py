"""R12 from its definition: assessments that are overdue and that no letter followed."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from math import ceil

from streams.reference.ledgers import Answer, Key, Row, Said, Silent, Today

SETTLES = 60


def billed(row: Row) -> Key | None:
    """The account that an assessment is on."""
    kinds = ("assessment", "receipt", "void", "reminder")
    about = row["kind"] in kinds and row["assessment_id"] is not None
    return (row["opd"], row["account"]) if about else None


def unreminded(rows: list[Row], today: Today) -> Answer:
    """Per day on which assessments fall due: the share without a letter."""
    bills: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        bills[row["assessment_id"]].append(row)
    live = {
        number: some
        for number, some in bills.items()
        if (letters := _assessments(some)) and all(row["mode"] != "backfill" for row in letters)
    }
    if not live:
        return "data historis"
    due_days = {
        number: due_day for number, some in live.items() if (due_day := _due(some, today)) is not None
    }
    if not due_days:
        return "ketetapan tanpa tanggal jatuh tempo"
    books = today.rows("revenue")
    here = (rows[0]["opd"], rows[0]["account"])
    if not any(row["kind"] == "reminder" and (row["opd"], row["account"]) == here for row in books):
        return "kantor ini tidak mencatat surat teguran"
    heard: dict[str, str] = {}
    for row in books:
        heard[row["source"]] = max(row["day"], heard.get(row["source"], ""))
    followed: defaultdict[str, list[bool]] = defaultdict(list)
    found: dict[str, Said | None] = {}
    for number, due in due_days.items():
        some, day = live[number], date.fromisoformat(due)
        deadline = day + timedelta(days=ceil(today.parameter("R12.days", 90, day)))
        if today.day > deadline + timedelta(days=1 + SETTLES):
            found[due] = None
        elif (
            deadline < today.day
            and heard[_assessments(some)[0]["source"]] > deadline.isoformat()
            and _open(some) > 0
        ):
            followed[due].append(
                any(row["kind"] in ("reminder", "assessment") and row["day"] > due for row in some)
            )
    few = [due for due, sent in followed.items() if len(sent) < today.parameter("R12.least", 20, _on(due))]
    if followed and len(few) == len(followed):
        return Silent(
            "ketetapan terbuka terlalu sedikit", {due: None for due in found if due not in followed}
        )
    for due, sent in followed.items():
        share = 100 * sent.count(False) / len(sent)
        most = today.parameter("R12.share", 50, _on(due))
        if due not in few and share > most:
            found[due] = ("breach", share, most)
    return found


def _on(day: str) -> date:
    return date.fromisoformat(day)


def _assessments(some: list[Row]) -> list[Row]:
    return [row for row in some if row["kind"] == "assessment"]


def _due(some: list[Row], today: Today) -> str | None:
    known = [row["due_at"] for row in _assessments(some) if row["due_at"] is not None]
    return today.profile.local_day(known[-1]) if known else None


def _open(some: list[Row]) -> int:
    owed: int = sum(row["amount"] - row["reduction"] + row["penalty"] for row in _assessments(some))
    paid = sum(row["amount"] for row in some if row["kind"] == "receipt")
    return int(owed - paid + sum(row["amount"] for row in some if row["kind"] == "void"))

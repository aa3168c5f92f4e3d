"""The rules of revenue that read what is missing, each from its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from streams.reference.ledgers import Key, Plain, Row, Said, Today


def _device(row: Row) -> Key | None:
    if row["kind"] != "receipt" or row["receipt_book"] is None:
        return None
    return row["opd"], row["cash_office"], row["receipt_book"]


def _still(rows: list[Row], today: Today) -> dict[str, Said] | str:
    boxes = [
        box
        for box in today.profile.tapping_boxes
        if (box.cash_office, box.device) == (rows[0]["cash_office"], rows[0]["receipt_book"])
    ]
    if not boxes:
        return "bukan alat perekam yang terdaftar"
    sold: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        sold[row["day"]].add(_hour(row, today))
    usual = _usual(sold, today)
    if not usual:
        return "pola jam usaha belum cukup dikenal"
    spoke = {row["day"] for row in today.rows("revenue") if row["source"] == rows[-1]["source"]}
    missed: defaultdict[int, int] = defaultdict(int)
    for day in sorted(spoke - {max(spoke)}):
        on = date.fromisoformat(day)
        holiday = on.weekday() < 5 and not today.profile.calendar.is_working_day(on)
        if holiday or not any(box.holds(on) for box in boxes):
            continue
        for weekday, hour in usual:
            begins = today.profile.calendar.day_start(day) + hour * 3_600_000
            before = [number for number, row in enumerate(rows) if row["occurred_at"] <= begins]
            if weekday == on.weekday() and hour not in sold[day] and before:
                missed[before[-1]] += 1
    found = {}
    for number, hours in missed.items():
        allowed = today.parameter("R10.hours", 8, date.fromisoformat(rows[number]["day"]))
        if hours >= allowed:
            at = datetime.fromtimestamp(rows[number]["occurred_at"] / 1000, today.profile.timezone)
            found[f"{at:%Y-%m-%d %H:%M}"] = ("breach", float(hours), allowed)
    return found


def _hour(row: Row, today: Today) -> int:
    since: int = row["occurred_at"] - today.profile.calendar.day_start(row["day"])
    return since // 3_600_000


def _usual(sold: Mapping[str, set[int]], today: Today) -> set[tuple[int, int]]:
    """Weekday and hour in which the device sells on most of its days."""
    found = set()
    for weekday in range(7):
        days = [hours for day, hours in sold.items() if date.fromisoformat(day).weekday() == weekday]
        if days and len(days) >= today.parameter("R10.least", 4):
            for hour in range(24):
                share = 100.0 * sum(hour in hours for hours in days) / len(days)
                if share > 0 and share >= today.parameter("R10.usual", 75):
                    found.add((weekday, hour))
    return found


DROP_RULES: Mapping[str, Plain] = {"R10": Plain("revenue", 120, _device, _still, daily=True)}

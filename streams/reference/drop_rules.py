"""The rules of revenue that read what is missing, each from its definition."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from statistics import median

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


def _own_revenue(row: Row) -> Key | None:
    own = row["kind"] in ("receipt", "void") and row["account"].startswith("4.1.")
    return (row["opd"], row["account"]) if own else None


def _dropping(rows: list[Row], today: Today) -> dict[str, Said] | str:
    source, ledger = rows[-1]["source"], today.rows("revenue")
    spoke = {row["day"] for row in ledger if row["source"] == source}
    began = min(row["day"] for row in rows)
    known = {}
    for text in spoke:
        on = date.fromisoformat(text)
        if text >= began and (on.weekday() >= 5 or today.profile.calendar.is_working_day(on)):
            known[on] = sum(
                row["amount"] if row["kind"] == "receipt" else -row["amount"]
                for row in rows
                if row["day"] == text
            )
    dues = _dues(rows[0], ledger, today)
    since, heard = today.day - timedelta(days=70), date.fromisoformat(max(spoke))
    verdicts = []
    for on in sorted(on for on in known if since <= on < heard):
        alike = [amount for other, amount in known.items() if _alike(on, other, source, dues, today)]
        if not alike or len(alike) < today.parameter("R03.least", 8):
            continue
        middle = median(alike)
        spread = max(
            median(abs(amount - middle) for amount in alike) * 1.4826,
            middle * today.parameter("R03.floor", 10) / 100.0,
        )
        if spread > 0:
            verdicts.append((on, (known[on] - middle) / spread))
    if not verdicts:
        return "hari pembanding terlalu sedikit"
    limit = -today.parameter("R03.z", 4)
    runs = [list(run) for _, run in groupby(verdicts, lambda verdict: verdict[1] <= limit)]
    return {
        run[0][0].isoformat(): ("breach", min(z for _, z in run), limit)
        for run in runs[1:]
        if run[0][1] <= limit and len(run) >= today.parameter("R03.days", 2)
    }


def _alike(on: date, other: date, source: str, dues: list[date], today: Today) -> bool:
    """Whether what came in on two days can be compared."""
    if on.weekday() != other.weekday():
        return False
    sides = {day.day <= today.profile.threshold("R03.due_day", day, 0, source=source) for day in (on, other)}
    apart = (on - other).days
    recent = 0 < apart <= 112 and not any(other <= due < on for due in dues)
    return len(sides) == 1 and (recent or (335 <= apart <= 395 and on.month == other.month))


def _dues(of: Row, ledger: list[Row], today: Today) -> list[date]:
    """The days on which much of the account falls due."""
    falls = Counter(
        today.profile.local_day(row["due_at"])
        for row in ledger
        if row["kind"] == "assessment" and row["due_at"] is not None
        if (row["opd"], row["account"]) == (of["opd"], of["account"])
    )
    least = today.parameter("R03.due_share", 20)
    return [date.fromisoformat(day) for day, n in falls.items() if n * 100.0 / falls.total() >= least]


DROP_RULES: Mapping[str, Plain] = {
    "R03": Plain("revenue", 465, _own_revenue, _dropping, daily=True, every=7),
    "R10": Plain("revenue", 120, _device, _still, daily=True, every=7),
}

"""K01 from its definition: arrivals in a village before an election."""

from __future__ import annotations

from datetime import date, timedelta

from streams.reference.ledgers import Answer, Key, Row, Said, Silent, Today
from streams.reference.statistics import poisson_tail

FEW = "pendatang terlalu sedikit"
Days = tuple[date, date]


def villages(row: Row) -> list[Key] | None:
    """Where a move leads, and whence."""
    counts = row["kind"] == "move" and row["status"] == "registered" and not row["children_only"]
    if not counts or row["destination_village"] == row["origin_village"]:
        return None
    both = (row["destination_village"], row["origin_village"])
    return [(village,) for village in both if village is not None]


def arriving(rows: list[Row], today: Today) -> Answer:
    """Per election: arrivals against those of other years, scaled by the other villages."""
    (village,) = rows[0]["key"]
    if not village.startswith(today.profile.code + "."):
        return "desa di luar kabupaten"
    registry = today.rows("population")
    begins = min(row["day"] for row in registry)
    yesterday = today.day - timedelta(days=1)
    elections = 0
    judged = compared = False
    found: dict[str, Said | None] = {}
    for on in sorted({election.on for election in today.profile.elections}):
        length = timedelta(days=int(today.parameter("K01.span", 180, on)))
        if on - length > yesterday or today.day > on + timedelta(days=400):
            continue
        elections += 1
        now = (on - length, min(on, yesterday))
        earlier: list[Days] = []
        for years in (1, 2, 3):
            day = 28 if (on.month, on.day) == (2, 29) else on.day
            start = on.replace(year=on.year - years, day=day) - length
            if start.isoformat() >= begins:
                earlier.append((start, start + (now[1] - now[0])))
        if not earlier:
            continue
        compared = True
        came = [row for row in rows if row["destination_village"] == village and _in(row, now)]
        if not came or len(came) < today.parameter("K01.least", 10, on):
            continue
        if date.fromisoformat(came[-1]["day"]) + timedelta(days=400) < today.day:
            found[on.isoformat()] = None
            continue
        judged = True
        own = sum(_into(registry, days, village) for days in earlier) / len(earlier)
        others = sum(_elsewhere(registry, days, village, today) for days in earlier) / len(earlier)
        growth = _elsewhere(registry, now, village, today) / others if others else 1.0
        expected = max(own * max(growth, 1.0), 1.0)
        times = today.parameter("K01.times", 3, on)
        if len(came) / expected >= times and poisson_tail(len(came), expected) < today.parameter(
            "K01.alpha", 0.001, on
        ):
            back = _back(rows, came, village, (on + timedelta(days=1), on + length))
            wave = 100 * back >= today.parameter("K01.returning", 30, on) * len(came)
            found[on.isoformat()] = ("severe" if wave else "breach", len(came) / expected, times)
    if not elections:
        return "tidak ada pemungutan suara dalam jangka penilaian"
    if not compared:
        return "catatan tahun lain belum ada"
    return found if judged else Silent(FEW, dict.fromkeys(found))


def _in(row: Row, days: Days) -> bool:
    day = date.fromisoformat(row["day"])
    return days[0] <= day <= days[1]


def _into(registry: list[Row], days: Days, village: str) -> int:
    return sum(
        villages(row) is not None and row["destination_village"] == village and _in(row, days)
        for row in registry
    )


def _elsewhere(registry: list[Row], days: Days, village: str, today: Today) -> int:
    return sum(
        villages(row) is not None
        and (row["destination_village"] or "").startswith(today.profile.code + ".")
        and row["destination_village"] != village
        and _in(row, days)
        for row in registry
    )


def _back(rows: list[Row], came: list[Row], village: str, days: Days) -> int:
    persons = {row["person_token"] for row in came} - {None}
    left = {row["person_token"] for row in rows if row["origin_village"] == village and _in(row, days)}
    return len(persons & left)

"""The rule about travel, from its definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from schemas.profile import Profile
from streams.reference.ledgers import Key, Plain, Row, Said, Today

LATEST_MS = 7_258_118_400_000


class _Trip(NamedTuple):
    """A trip over all papers about it."""

    first: date
    last: date
    papers: list[Row]

    @property
    def nights(self) -> int:
        return (self.last - self.first).days

    @property
    def lodging(self) -> int:
        return max((row["trip_lodging"] for row in self.papers if row["trip_lodging"] is not None), default=0)


def _travel(row: Row) -> Key | None:
    if row["kind"] not in ("sp2d", "accounting"):
        return None
    of_travel = row["account"].split(".")[:4] == ["5", "1", "02", "04"]
    if row["traveller_token"] is None:
        return ("",) if of_travel else None
    return (row["traveller_token"],)


def _travels(rows: list[Row], today: Today) -> dict[str, Said] | str:
    if rows[0]["traveller_token"] is None:
        return "data perjalanan tidak dikirim"
    trips = _trips(rows, today.profile)
    if not trips:
        return "tanggal perjalanan tidak diisi"
    found: dict[str, Said] = {}
    for place, later in enumerate(trips):
        allowed = today.parameter("B18.nights", 0, later.first)
        shared = max(((min(trip.last, later.last) - later.first).days for trip in trips[:place]), default=0)
        scope = f"tumpang {later.first}"
        if shared > max(allowed, found.get(scope, ("", 0.0, 0.0))[1]):
            found[scope] = ("breach", shared, allowed)
    slept = [trip for trip in trips if trip.nights > 0 and trip.lodging > 0]
    least = today.parameter("B18.least", 5)
    if len(slept) >= least and all(_at_ceiling(trip, today.profile) for trip in slept):
        found["penginapan"] = ("breach", len(slept), least)
    return found


def _trips(rows: list[Row], profile: Profile) -> list[_Trip]:
    """In the order of their first days, then of their first papers."""
    found: dict[tuple[str, str, date, date], _Trip] = {}
    for row in rows:
        begins, ends = row["trip_from"], row["trip_to"]
        if begins is None or ends is None or not 0 <= begins <= ends <= LATEST_MS:
            continue
        first, last = (date.fromisoformat(profile.local_day(at)) for at in (begins, ends))
        name = row["opd"], row["sub_activity"], first, last
        found.setdefault(name, _Trip(first, last, [])).papers.append(row)
    return sorted(found.values(), key=lambda trip: trip.first)


def _at_ceiling(trip: _Trip, profile: Profile) -> bool:
    return any(
        item.holds(trip.first) and trip.lodging == trip.nights * item.amount
        for item in profile.lodging_ceilings
    )


TRAVEL_RULES: Mapping[str, Plain] = {"B18": Plain("budget", 400, _travel, _travels)}

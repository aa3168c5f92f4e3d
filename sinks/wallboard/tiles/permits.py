"""Perizinan: how many are open, near late and late, and who holds the files."""

from __future__ import annotations

from typing import Any

from schemas.buckets import value_of
from sinks.wallboard import wording
from sinks.wallboard.state import Board, Today

HOLDERS = 4
MINUTES_A_DAY = 450  # 37 h 30 a week over five days, Perpres 21/2023


def permits(board: Board, today: Today) -> dict[str, Any]:
    """Open cases, today's flow, lateness, holders, mean and P90 of this year's finished cases."""
    store = board.store

    def stock(metric: str) -> int:
        return store.total(metric, "", today.day)

    late, near = stock("permits.late"), stock("permits.near_late")
    finished = store.total("permits.finished", today.year, today.day)
    minutes = store.total("permits.duration_minutes", today.year, today.day)
    mean = wording.decimal(minutes / finished / MINUTES_A_DAY) if finished else wording.MISSING
    p90 = percentile(duration_histogram(board, today), 0.9)
    p90_text = wording.decimal(p90 / MINUTES_A_DAY) if p90 is not None else wording.MISSING
    waiting = sorted(
        by_department(board, store.by_value("permits.waiting", "holder", "", today.day)).items(),
        key=lambda item: (-item[1], item[0]),
    )
    return {
        "title": "Perizinan",
        "headline": {
            "value": stock("permits.open"),
            "display": wording.count(stock("permits.open")),
            "unit": "izin berjalan",
            "alarm": f"{wording.count(late)} terlambat" if late else "",
        },
        "note": "menunggu di: "
        + ", ".join(f"{who} {wording.count(n)}" for who, n in waiting[:HOLDERS] if n > 0)
        if waiting
        else "",
        "rows": [
            {
                "label": "Terlambat",
                "value": late,
                "display": wording.count(late),
                "tone": "bad" if late else "",
            },
            {
                "label": "Hampir terlambat",
                "value": near,
                "display": wording.count(near),
                "tone": "warn" if near else "",
            },
            {
                "label": "Masuk / selesai",
                "value": store.total("permits.entered", today.day, today.day),
                "display": f"{wording.count(store.total('permits.entered', today.day, today.day))} / "
                f"{wording.count(store.total('permits.finished', today.day, today.day))}",
            },
            {
                "label": "Rata-rata · P90",
                "value": minutes,
                "display": f"{mean} · {p90_text} hari kerja",
            },
        ],
        "known": store.knows("permits.entered"),
    }


def by_department(board: Board, holders: dict[str, int]) -> dict[str, int]:
    """Open cases by the short name of the department that holds them; the applicants are one holder."""
    found: dict[str, int] = {}
    for holder, cases in holders.items():
        unit = board.profile.units.get(holder)
        department = board.profile.departments.get(unit.opd) if unit else None
        name = department.short if department else holder_name(board, holder)
        found[name] = found.get(name, 0) + cases
    return found


def holder_name(board: Board, holder: str) -> str:
    """The short name of a unit's department, or pemohon."""
    if holder == "applicant":
        return "pemohon"
    unit = board.profile.units.get(holder)
    return unit.short if unit else holder or "belum disebut"


def duration_histogram(board: Board, today: Today) -> dict[int, int]:
    """Finished cases of the year by log bucket of working minutes, over all types."""
    buckets: dict[int, int] = {}
    for value, amount in board.store.by_value(
        "permits.duration_bucket", "type", today.year, today.day
    ).items():
        bucket = int(value.rpartition("#")[2])
        buckets[bucket] = buckets.get(bucket, 0) + amount
    return buckets


def percentile(buckets: dict[int, int], share: float) -> float | None:
    """The value below which ``share`` of the histogram lies, within 1 %; None when it is empty."""
    total = sum(buckets.values())
    if total <= 0:
        return None
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= share * total:
            return value_of(bucket)
    return None

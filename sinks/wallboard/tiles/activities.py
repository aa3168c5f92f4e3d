"""Kegiatan: physical progress against money spent."""

from __future__ import annotations

from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.state import Board, Today
from sinks.wallboard.tiles.budget import name

WIDEST = 2


def activities(board: Board, today: Today) -> dict[str, Any]:
    """Mean physical progress of the reported sub-activities, beside the money spent on the same ones."""
    store = board.store
    count = store.total("activities.count", today.year, today.day)
    physical = store.total("activities.physical_bp", today.year, today.day)
    planned = store.total("activities.planned_bp", today.year, today.day)
    reported = {
        code
        for code, n in store.by_value("activities.count", "sub_activity", today.year, today.day).items()
        if n > 0
    }
    end = f"{today.on.year}-12-31"
    ceilings = store.by_value("budget.ceiling", "sub_activity", today.year, end)
    spent = store.by_value("budget.realised", "sub_activity", today.year, today.day)
    ceiling = sum(ceilings.get(code, 0) for code in reported)
    money = sum(spent.get(code, 0) for code in reported)
    by_opd = store.by_value("activities.physical_bp", "opd", today.year, today.day)
    counts = store.by_value("activities.count", "opd", today.year, today.day)
    lowest = sorted((bp / counts[opd], opd) for opd, bp in by_opd.items() if counts.get(opd, 0) > 0)
    return {
        "title": "Kegiatan fisik",
        "headline": {
            "value": physical,
            "display": wording.percent(physical, count * 10_000),
            "unit": "fisik",
        },
        "note": "fisik terendah: "
        + ", ".join(f"{name(board, opd)} {wording.percent(bp, 10_000)}" for bp, opd in lowest[:WIDEST])
        if lowest
        else "",
        "bar": {
            "share": round(min(1.0, physical / (count * 10_000)), 4) if count else 0.0,
            "mark": round(min(1.0, money / ceiling), 4) if ceiling else 0.0,
            "label": "batang: fisik; garis: keuangan",
        },
        "rows": [
            {"label": "Keuangan", "value": money, "display": wording.percent(money, ceiling), "pin": True},
            {"label": "Kegiatan dilaporkan", "value": count, "display": wording.count(count)},
            {"label": "Rencana fisik", "value": planned, "display": wording.percent(planned, count * 10_000)},
        ],
        "known": store.knows("activities.count"),
    }

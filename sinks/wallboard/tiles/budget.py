"""Serapan anggaran: realised against the latest ceiling and the cash plan; cash advances apart."""

from __future__ import annotations

from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.reconciled import reconciled
from sinks.wallboard.state import Board, Today

LOWEST = 3


def budget(board: Board, today: Today) -> dict[str, Any]:
    """Absorption of the year, the plan up to this month, and the departments that lag most."""
    store = board.store
    end = f"{today.on.year}-12-31"
    ceiling = store.total("budget.ceiling", today.year, end)
    realised = store.total("budget.realised", today.year, today.day)
    plan = store.total("budget.plan", today.year, today.day)
    advance = store.total("budget.advance", "", today.day)
    ceilings = store.by_value("budget.ceiling", "opd", today.year, end)
    spent = store.by_value("budget.realised", "opd", today.year, today.day)
    shares = sorted((spent.get(opd, 0) / amount, opd) for opd, amount in ceilings.items() if amount > 0)
    return {
        "title": "Serapan anggaran",
        "headline": {
            "value": realised,
            "display": wording.percent(realised, ceiling),
            "unit": "dari pagu",
        },
        "note": "terendah: "
        + ", ".join(f"{name(board, opd)} {wording.percent(s, 1)}" for s, opd in shares[:LOWEST])
        if shares
        else "",
        "bar": {
            "share": round(min(1.0, realised / ceiling), 4) if ceiling else 0.0,
            "mark": round(min(1.0, plan / ceiling), 4) if ceiling else 0.0,
            "label": f"{wording.rupiah(realised)} dari {wording.rupiah(ceiling)}; garis: rencana kas",
        },
        "rows": [
            {"label": "Rencana kas", "value": plan, "display": wording.percent(plan, ceiling), "pin": True},
            {"label": "Realisasi", "value": realised, "display": wording.rupiah(realised)},
            {"label": "Pagu terakhir", "value": ceiling, "display": wording.rupiah(ceiling)},
            {"label": "Uang muka kas", "value": advance, "display": wording.rupiah(advance)},
        ],
        "reconciled": reconciled(board, "budget", today),
        "known": store.knows("budget.ceiling") or store.knows("budget.realised"),
    }


def name(board: Board, opd: str) -> str:
    """The short name of a department."""
    department = board.profile.departments.get(opd)
    return department.short if department else opd

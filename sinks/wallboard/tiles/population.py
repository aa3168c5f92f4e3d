"""Kependudukan: registered changes today and this month; what villages reported beyond them is its own figure."""

from __future__ import annotations

from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.state import Board, Today

VILLAGES = 3
KINDS = (("Lahir", "births"), ("Mati", "deaths"), ("Datang", "arrivals"), ("Pindah", "departures"))


def population(board: Board, today: Today) -> dict[str, Any]:
    """Net change of the month, and births, deaths, arrivals, departures of today and the month."""
    store = board.store
    net = store.total("population.net", today.month, today.day)
    unregistered = store.total("population.reported_unregistered", "", today.day)

    def pair(metric: str) -> tuple[int, int]:
        name = f"population.{metric}"
        return store.total(name, today.day, today.day), store.total(name, today.month, today.day)

    rows = []
    for label, metric in KINDS:
        on_day, in_month = pair(metric)
        rows.append(
            {
                "label": label,
                "value": in_month,
                "display": f"{wording.count(on_day)} · {wording.count(in_month)} bulan ini",
            }
        )
    return {
        "title": "Kependudukan",
        "headline": {"value": net, "display": wording.signed(net), "unit": "jiwa bulan\u00a0ini"},
        "note": f"belum terdaftar: {wording.count(unregistered)} dilaporkan desa",
        "rows": rows,
        "columns": "hari ini · bulan ini",
        "details": _villages(board, today),
        "known": store.knows("population.net"),
    }


def _villages(board: Board, today: Today) -> list[dict[str, Any]]:
    """The villages whose number of people changed most this month."""
    found = board.store.by_value("population.net", "village", today.month, today.day)
    largest = sorted(found.items(), key=lambda item: (-abs(item[1]), item[0]))[:VILLAGES]
    names = board.profile.villages
    return [
        {
            "label": names[code].name if code in names else code,
            "value": net,
            "display": wording.signed(net),
        }
        for code, net in largest
    ]

"""OPD melapor: which departments are heard of as often as they declared."""

from __future__ import annotations

from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.staleness import of_source
from sinks.wallboard.state import Board, Today
from sinks.wallboard.tiles.budget import name

SILENT = 3


def sources(board: Board, today: Today) -> dict[str, Any]:
    """How many departments report within their declared cadence, and who is silent."""
    now = int(today.now.timestamp() * 1000)
    states: dict[str, list[str]] = {}
    for source in board.profile.sources.values():
        state = of_source(source, board.sources.get(source.id), board.profile, now)
        states.setdefault(source.opd, []).append(state)
    reporting = [opd for opd, found in states.items() if all(state == "LANGSUNG" for state in found)]
    silent = sorted(name(board, opd) for opd in set(states) - set(reporting))
    newest = max((s.occurred_at for s in board.sources.values()), default=0)
    return {
        "title": "OPD melapor",
        "headline": {
            "value": len(reporting),
            "display": f"{wording.count(len(reporting))}/{wording.count(len(states))}",
            "unit": "OPD",
        },
        "note": ("belum melapor: " + ", ".join(silent[:SILENT]) + (" …" if len(silent) > SILENT else ""))
        if silent
        else "",
        "rows": [
            {
                "label": "Data terbaru",
                "value": newest,
                "display": wording.clock(newest, board.profile.timezone) if newest else wording.MISSING,
            }
        ],
        "known": True,
    }

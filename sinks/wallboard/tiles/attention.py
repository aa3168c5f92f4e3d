"""Perlu perhatian hari ini: at most five lines of what is late, where, since when, who must act.

Only lateness stands on the wall. Any other rule's indication is for the inspectorate alone.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from babel.dates import format_date

from sinks.wallboard import wording
from sinks.wallboard.state import Board, Today

LINES = 5
#: Rules that say that a permit is late: nothing else may be called so.
LATENESS = frozenset({"P01"})
RANK = {"severe": 2, "breach": 1}
TONES = {"severe": "bad", "breach": "warn"}


def attention(board: Board, _today: Today) -> dict[str, Any]:
    """Permits that are late by an alert at breach or severe, gathered by unit and permit type, the heaviest first."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    shown = LATENESS - frozenset(board.observed())
    for alert in board.alerts.values():
        standing = alert["status"] != "withdrawn" and alert["rule"] in shown
        if standing and alert["level"] in RANK and not alert["scope"] and alert["open"]:
            groups[alert["unit"], alert.get("permit_type") or "", alert["rule"]].append(alert)
    heaviest = sorted(
        groups.items(),
        key=lambda item: (
            max(RANK[a["level"]] for a in item[1]),
            len(item[1]),
            -min(a["first_at"] for a in item[1]),
        ),
        reverse=True,
    )
    lines = [_line(board, unit, kind, alerts) for (unit, kind, _rule), alerts in heaviest[:LINES]]
    cases = sum(len(alerts) for alerts in groups.values())
    known = bool(board.alerts) or board.store.knows("permits.entered")
    note = _rest(len(heaviest) - LINES) if cases else "Tidak ada yang melewati batas."
    return {
        "title": "Perlu perhatian hari ini",
        "headline": {
            "value": cases if known else None,
            "display": wording.count(cases) if known else wording.MISSING,
            "unit": "perlu klarifikasi" if known else "",
        },
        "note": note if known else "Belum ada data perizinan.",
        "lines": lines,
        "known": known,
    }


def _line(board: Board, unit: str, kind: str, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    holder = board.profile.units.get(unit)
    permit = board.profile.permit_types.get(kind)
    since = datetime.fromtimestamp(min(a["first_at"] for a in alerts) / 1000, UTC).astimezone(
        board.profile.timezone
    )
    worst = max(alerts, key=lambda a: RANK[a["level"]])["level"]
    return {
        "what": f"{wording.count(len(alerts))} {permit.short if permit else kind or 'izin'} terlambat",
        "where": holder.short if holder else unit or "unit tidak disebut",
        "since": f"sejak {format_date(since, 'd MMM', locale=wording.LOCALE)}",
        "who": f"{_department(board, unit)}",
        "tone": TONES[worst],
        "count": len(alerts),
    }


def _department(board: Board, unit: str) -> str:
    holder = board.profile.units.get(unit)
    department = board.profile.departments.get(holder.opd) if holder else None
    return department.short if department else "pemohon atau unit lain"


def _rest(more: int) -> str:
    return f"dan {wording.count(more)} kelompok lain di rincian" if more > 0 else ""

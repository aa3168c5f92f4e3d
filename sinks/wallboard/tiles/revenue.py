"""Penerimaan: received, deposited, assessed and owed stand apart; own-source revenue (PAD, 4.1) is the headline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.reconciled import reconciled
from sinks.wallboard.state import Board, Today

PAD = "4.1"
SPARK_DAYS = 14


def revenue(board: Board, today: Today) -> dict[str, Any]:
    """Received today, this month and this year against the target of PAD."""
    store = board.store

    def pad(metric: str, since: str) -> int:
        return store.total(metric, since, today.day, "account_group", PAD)

    received_today, year = pad("revenue.received", today.day), pad("revenue.received", today.year)
    target = sum(
        t.amount
        for t in board.profile.revenue_targets
        if t.year == today.on.year and t.account.startswith(PAD)
    )
    figure, word = wording.rupiah_parts(received_today)
    elapsed = (today.on.timetuple().tm_yday) / 365
    others = {
        group: store.total("revenue.received", today.year, today.day, "account_group", group)
        for group in ("4.2", "4.3")
    }
    days = [(today.on - timedelta(days=back)).isoformat() for back in range(SPARK_DAYS - 1, -1, -1)]
    return {
        "title": "Penerimaan PAD",
        "headline": {
            "value": received_today,
            "prefix": "Rp",
            "display": figure,
            "unit": f"{word} hari\u00a0ini".strip(),
        },
        "note": f"{wording.percent(year, target)} dari target tahun ini" if target else "",
        "bar": {
            "share": round(min(1.0, year / target), 4) if target else 0.0,
            "mark": round(elapsed, 4),
            "label": f"{wording.rupiah(year)} dari {wording.rupiah(target)}; garis: waktu berjalan",
        },
        "rows": [
            _row("Bulan ini", pad("revenue.received", today.month)),
            _row("Tahun ini", year),
            _row("Target tahun ini", target),
            _row("Disetor ke RKUD", pad("revenue.deposited", today.year)),
            _row("Piutang", store.total("revenue.arrears", "", today.day, "account_group", PAD)),
        ],
        "details": [
            _row("Ketetapan", pad("revenue.assessed", today.year)),
            _row("Transfer (4.2)", others["4.2"]),
            _row("Lain-lain (4.3)", others["4.3"]),
        ],
        "spark": store.by_day("revenue.received", days, "account_group", PAD),
        "reconciled": reconciled(board, "revenue", today),
        "known": store.knows("revenue.received"),
    }


def _row(label: str, value: int) -> dict[str, Any]:
    return {"label": label, "value": value, "display": wording.rupiah(value)}

"""What the wallboard holds, where it runs."""

from __future__ import annotations

import json
from typing import Any

from infra.settings import Settings
from infra.verify.report import Figure, Report


def shown(settings: Settings, report: Report) -> dict[Figure, int] | None:
    """The wallboard's sums; it moves on by itself, so only a stack at rest can be compared."""
    import httpx

    address = f"http://{settings.wallboard.host}:{settings.wallboard.port}/api/totals"
    if report.moving or report.behind:
        report.wallboard = "the figures are moving"
        return None
    try:
        answer = httpx.get(address, timeout=10, trust_env=False)
        answer.raise_for_status()
        rows = json.loads(answer.content)
        return {_figure(row): int(row["amount"] if isinstance(row, dict) else row[4]) for row in rows}
    except (httpx.HTTPError, ValueError, KeyError, IndexError) as error:
        report.wallboard = f"not reachable: {type(error).__name__}"
        return None


def _figure(row: Any) -> Figure:
    if isinstance(row, dict):
        return (row["metric"], row["dimension"], row["value"], row["local_day"])
    return (row[0], row[1], row[2], row[3])

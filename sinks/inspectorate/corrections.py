"""Who corrects how much of what was sent: the sources of the last days by their share of corrections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from schemas.catalogue import DOMAINS
from sinks.clickhouse.client import query
from sinks.settings import ClickHouseSettings

DAYS = 30
#: Of fewer events a share says little.
SMALL = 50


@dataclass(frozen=True, slots=True)
class Correcting:
    """One source and what happened there on some days: its events, and the corrections among them."""

    source: str
    corrections: int
    events: int

    @property
    def share(self) -> float:
        """Corrections among the events; an event that is a correction is in both."""
        return self.corrections / self.events if self.events else 0.0

    @property
    def small(self) -> bool:
        """Whether there are too few events for a share to say much."""
        return self.events < SMALL


def correcting(settings: ClickHouseSettings, today: date) -> list[Correcting]:
    """The sources with events on the last 30 local days, ``today`` the last of them: the greatest share of corrections
    first, small samples after the others. Raises what the client raises when nobody answers."""
    found = query(
        settings,
        "SELECT value AS source, sumIf(amount, endsWith(metric, '.corrections')) AS corrections, "
        f"sumIf(amount, endsWith(metric, '.events')) AS events FROM {settings.database}.aggregates FINAL "
        "WHERE metric IN {metrics:Array(String)} AND dimension = 'source' "
        "AND local_day BETWEEN {first:String} AND {last:String} GROUP BY value HAVING events > 0",
        {
            "metrics": [f"{domain}.{what}" for domain in DOMAINS for what in ("events", "corrections")],
            "first": (today - timedelta(days=DAYS - 1)).isoformat(),
            "last": today.isoformat(),
        },
    )
    sources = [Correcting(row["source"], int(row["corrections"]), int(row["events"])) for row in found]
    return sorted(sources, key=lambda one: (one.small, -one.share, -one.corrections, one.source))

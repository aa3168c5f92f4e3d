"""All that a board knows, as one value the tiles are made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from schemas.profile import Profile
from sinks.wallboard.reconciled import Reconciled
from sinks.wallboard.store import Store

CLOSING = frozenset({"issued", "rejected", "withdrawn", "closed"})
#: What the board keeps of an alert, beside ``open``: whether the case still waits for somebody.
SHOWN = ("alert_id", "revision", "status", "rule", "level", "scope", "permit_type", "unit", "first_at")


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a source was last heard of: newest heartbeat, event arrival, and occurred_at (UTC ms; 0 for never)."""

    heard_at: int = 0
    occurred_at: int = 0


@dataclass(slots=True)
class Board:
    """``alerts`` holds the highest revision of each alert by id; ``as_of`` the newest publish time in the figures
    (UTC ms) and ``lag_ms`` how old it was when it came here; ``link`` LANGSUNG, TERTUNDA or TERPUTUS as the feed sees
    itself, with ``why``. ``observed`` says which rules are only observed: what they find is on no wall. ``reconciled`` are the
    comparisons with official reports, the oldest first."""

    profile: Profile
    store: Store = field(default_factory=Store)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, SourceState] = field(default_factory=dict)
    simulated: bool = False
    as_of: int = 0
    lag_ms: int = 0
    link: str = "TERTUNDA"
    why: str = "memuat angka terakhir dari ClickHouse"
    observed: Callable[[], Collection[str]] = frozenset
    reconciled: Callable[[], Sequence[Reconciled]] = tuple

    def put_alert(self, alert: dict[str, Any]) -> bool:
        """Take an alert over unless a higher revision is known; whether it changed anything."""
        known = self.alerts.get(alert["alert_id"])
        if known is not None and known["revision"] >= alert["revision"]:
            return False
        closed = any(item["kind"] in CLOSING for item in alert["evidence"])
        self.alerts[alert["alert_id"]] = {**{name: alert.get(name) for name in SHOWN}, "open": not closed}
        return True

    def hear(self, source: str, heard_at: int, occurred_at: int) -> None:
        """A source was heard of."""
        known = self.sources.get(source, SourceState())
        self.sources[source] = SourceState(max(known.heard_at, heard_at), max(known.occurred_at, occurred_at))


@dataclass(frozen=True, slots=True)
class Today:
    """The day the board shows and the periods around it, as YYYY-MM-DD; ``now`` is in the regency's zone."""

    now: datetime

    @property
    def on(self) -> date:
        return self.now.date()

    @property
    def day(self) -> str:
        return self.on.isoformat()

    @property
    def month(self) -> str:
        return self.on.replace(day=1).isoformat()

    @property
    def year(self) -> str:
        return self.on.replace(month=1, day=1).isoformat()

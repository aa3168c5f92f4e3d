"""The processor of the regency task: permits among peers, money and people day by day, and the silences of sources."""

from __future__ import annotations

from collections.abc import Mapping

from streams.domains.daily import Daily
from streams.domains.permit_peers import PREFIX, PermitPeers
from streams.domains.silences import Silences
from streams.engine.alerts import Alerts
from streams.engine.merge import Merged
from streams.engine.processor import ALERTS, TOTALS, Context
from streams.engine.store import Store
from streams.engine.totals import Totals
from streams.rules import rules, version_of

HEARTBEATS = "heartbeats"
#: What the silences need of an event.
HEARD = ("source", "occurred_at")


class Regency:
    """One processor made of three that share totals and alerts; each has its own stores."""

    def __init__(self, context: Context) -> None:
        self.totals, self.alerts = Totals(), Alerts()
        self.permits = PermitPeers(context, self.totals, self.alerts)
        self.daily = Daily(context, self.totals, self.alerts, PREFIX)
        self.silences = Silences(context.profile, self.alerts, context.event_clock)
        self._parts = (self.silences, self.permits, self.daily)
        mine = [rule for rule in rules().values() if rule.task == "regency" or rule.compare is not None]
        self.version = f"5 {version_of(mine)}"
        self.reads: Mapping[str, tuple[str, ...]] = _together(
            {HEARTBEATS: HEARD}, self.permits.reads, self.daily.reads
        )
        self.stores: Mapping[str, Store] = {
            TOTALS: self.totals, ALERTS: self.alerts, "hearing": self.silences.hearing,
            **self.permits.stores, **self.daily.stores,
        }  # fmt: skip

    def process(self, merged: Merged) -> None:
        for part in self._parts:
            part.process(merged)

    def advance(self, clock: int) -> None:
        for part in self._parts:
            part.advance(clock)

    def next_due(self) -> int | None:
        due = (part.next_due() for part in self._parts)
        return min((at for at in due if at is not None), default=None)


def _together(*reads: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The fields that any of them wants, by domain."""
    domains = dict.fromkeys(domain for one in reads for domain in one)
    return {
        domain: tuple(dict.fromkeys(name for one in reads for name in one.get(domain, ())))
        for domain in domains
    }

"""Alerts about silent sources (S01), from all that is heard of them: events and heartbeats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from schemas.profile import Profile, Source
from streams.cases.events import EVENT
from streams.cases.hearing import NOT_SILENT, Hearing
from streams.cases.words import Words
from streams.engine.alerts import Alerts
from streams.engine.chunk import Int64s
from streams.engine.merge import Merged
from streams.rules.alerts import alert_id, digest_of, evidence, record
from streams.rules.as_of import AsOf
from streams.rules.findings import LEVELS
from streams.rules.s01 import RULE
from streams.rules.telling import Told

REASON = "Sumber terdengar lagi."
#: A silence has no events that show it.
NOBODY = np.zeros(0, EVENT)


class Silences:
    """Every source of the profile that was heard at least once; ``hearing`` is a store."""

    def __init__(self, profile: Profile, alerts: Alerts, event_clock: bool) -> None:
        self._profile, self._alerts = profile, alerts
        self.hearing = Hearing(profile, profile.sources.values(), event_clock, whole=True)

    def hear(self, names: list[str], which: Int64s, clocks: Int64s, at: Int64s) -> None:
        """Take rows in order: ``which`` of the sources ``names`` each is of, its clock, and when it happened."""
        for number, name in enumerate(names):
            rows = np.flatnonzero(which == number)
            if not len(rows) or not self.hearing.knows(name):
                continue
            for since, ended in self.hearing.hear(name, clocks[rows], at[rows]).passed:
                self._raise(name, since, ended)
                self._end(name, since, ended)
            if (since := self.hearing.silent_since(name)) != NOT_SILENT:
                self._raise(name, since, int(clocks[rows[-1]]))

    def process(self, merged: Merged) -> None:
        """Hear everybody whose rows are in here, of whatever topic; then say who has become silent meanwhile."""
        pieces: list[tuple[pa.ChunkedArray, Int64s, Int64s]] = []
        for domain, rows in merged.rows().items():
            columns = merged.columns[domain].slice(rows.start, rows.stop - rows.start)
            pieces.append(
                (
                    columns.column("source"),
                    merged.clocks[domain][rows],
                    columns.column("occurred_at").to_numpy(),
                )
            )
        if not pieces:
            return
        clocks, at = (np.concatenate([piece[n] for piece in pieces]) for n in (1, 2))
        order = np.argsort(clocks, kind="stable")
        heard = pa.chunked_array([piece[0] for piece in pieces]).combine_chunks().dictionary_encode()
        self.hear(heard.dictionary.to_pylist(), heard.indices.to_numpy()[order], clocks[order], at[order])
        self.advance(int(clocks[order[-1]]) - 1)

    def advance(self, clock: int) -> None:
        """Say who has become silent by ``clock``."""
        for name in sorted(self.hearing.fall_silent(list(self.hearing), clock)):
            self._raise(name, self.hearing.silent_since(name), clock)

    def next_due(self) -> int | None:
        """When the next source would become silent."""
        return self.hearing.next_opening(self.hearing)

    def _end(self, name: str, since: int, clock: int) -> None:
        self._alerts.withdraw(alert_id(RULE.id, name, self._profile.local_day(since)), REASON, clock)

    def _raise(self, name: str, since: int, clock: int) -> None:
        self._alerts.revise(self._record(self._profile.sources[name], since, clock), LEVELS)

    def _record(self, source: Source, since: int, clock: int) -> dict[str, Any]:
        opened = self.hearing.opens(source.id, since)
        day = self._profile.local_day(since)
        told = Told(
            profile=self._profile, subject=source.name, unit="", scope="", level="breach",
            observed=source.allowance_minutes, threshold=source.allowance_minutes, at=opened, closed=False,
            case_due_at=None, detail=since,
        )  # fmt: skip
        return record(
            RULE,
            told,
            subject=source.id,
            scope=day,
            opd=source.opd,
            unit="",
            proof=evidence("", NOBODY, Words(), digest_of(NOBODY)),
            clock=clock,
            parameters={"silent_minutes": str(source.allowance_minutes), "hours": source.hours},
            as_of=AsOf(day, source=source.id),
        )

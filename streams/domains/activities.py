"""Activities: physical progress, reported against planned. Added last; CONTRIBUTING.md walks through it.

An activity is a sub-activity of a department in a fiscal year. ``count`` is one from its first report on;
``physical_bp`` and ``planned_bp`` (basis points) are those of its latest report by (occurred_at, event_id), a
report without a plan leaving the plan as it was. Kept as differences, so that sums over departments divided by
the count are means.
"""

from __future__ import annotations

import polars as pl

from streams.domains.additive import Additive
from streams.domains.latest import Latest, Version
from streams.domains.limits import time_problems, year_problems
from streams.engine.processor import Context, Key, RowError

METRICS = ("activities.count", "activities.physical_bp", "activities.planned_bp")
KINDS = ("progress", "handover")

Identity = tuple[int, str, str]


class Activities(Additive):
    """Processor of ``activity.progress``."""

    domain = "activities"
    key = ("opd", "sub_activity")
    columns = ("fiscal_year", "physical_bp", "planned_bp")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._latest = Latest()

    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        return [*time_problems(frame, ["occurred_at"]), *year_problems(frame)]

    def count(self, frame: pl.DataFrame, sign: int) -> None:
        change = self._latest.add if sign > 0 else self._latest.remove
        reports = frame.filter(pl.col("kind").is_in(KINDS)).with_columns(pl.col("day").cast(pl.String))
        for (year, opd, sub_activity), rows in reports.group_by("fiscal_year", *self.key):
            identity = (int(str(year)), str(opd), str(sub_activity))
            self._add(identity, -1)
            for at, event_id, day, physical, planned in (
                rows.select("occurred_at", "event_id", "day", "physical_bp", "planned_bp")
                .sort("occurred_at", "event_id")
                .iter_rows()
            ):
                change(identity, Version((at, event_id), day, (1, physical, planned)))
            self._add(identity, 1)

    def _add(self, identity: Identity, sign: int) -> None:
        _, opd, sub_activity = identity
        for day, index, difference in self._latest.differences(identity):
            metric = METRICS[index]
            self.totals.add(Key(metric, "total", "", day), sign * difference)
            self.totals.add(Key(metric, "opd", opd, day), sign * difference)
            if sub_activity:
                self.totals.add(Key(metric, "sub_activity", sub_activity, day), sign * difference)

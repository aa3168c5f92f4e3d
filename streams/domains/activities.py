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
from streams.engine.processor import Context, RowError
from streams.engine.totals import Key

METRICS = ("activities.count", "activities.physical_bp", "activities.planned_bp")
KINDS = ("progress", "handover")


class Activities(Additive):
    """Processor of ``activity.progress``."""

    domain = "activities"
    key = ("opd", "sub_activity")
    fields = ("fiscal_year", "physical_bp", "planned_bp")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._latest = self.stores["latest"] = Latest()

    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        return [*time_problems(frame, ["occurred_at"]), *year_problems(frame)]

    def count(self, frame: pl.DataFrame, sign: int) -> None:
        change = self._latest.add if sign > 0 else self._latest.remove
        add = self.totals.add
        reports = frame.filter(pl.col("kind").is_in(KINDS)).select(
            "fiscal_year", "opd", "sub_activity", "occurred_at", "event_id", pl.col("day").cast(pl.String),
            "physical_bp", "planned_bp",
        )  # fmt: skip
        for year, opd, sub_activity, at, event_id, day, physical, planned in reports.iter_rows():
            version = Version((at, event_id), day, (1, physical, planned))
            for on, index, difference in change((year, opd, sub_activity), version):
                metric = METRICS[index]
                add(Key(metric, "total", "", on), difference)
                add(Key(metric, "opd", opd, on), difference)
                if sub_activity:
                    add(Key(metric, "sub_activity", sub_activity, on), difference)

"""Budget: ceiling, cash plan, realised spending and cash advances.

Definitions (PP 12/2019, Permendagri 77/2020; architecture.md "What the figures mean"). An advance (UP, TU) is cash in
a treasurer's hands and no spending until it is accounted for:

===========================  ==========  =========  =====================================================
event                        realised    advance    why
===========================  ==========  =========  =====================================================
sp2d LS                      + amount               paid to the payee
sp2d GU                      + amount               replenishes UP by what was spent and accounted: the
                                                    spending is counted here, and the balance of UP is
                                                    what it was
sp2d UP, sp2d TU                         + amount   an advance
accounting GU                                       the papers behind an SP2D-GU; counted with that SP2D
accounting TU                + amount    - amount   the advance was spent
accounting UP                + amount    - amount   the last accounting of a year, not replenished (GU nihil)
return UP, return TU                     - amount   what was left of the advance
return LS, return GU         - amount               spending paid back
reversal LS, reversal GU     - amount               the SP2D is undone
reversal UP, reversal TU                 - amount   the SP2D is undone
===========================  ==========  =========  =====================================================

``disbursement_type`` must be given on sp2d, accounting, return and reversal: for a return or a reversal it is the
type of the SP2D that ``refers_to`` names. Other kinds (spd, spp, spm, package) are no figure here.

A ceiling is approved by APBD, SHIFT or APBD-P; RKPD, KUA-PPAS and RAPBD are plans and no ceiling. Per line (year,
department, program, activity, sub-activity, account, fund, village) the latest stands: SHIFT and APBD-P come after APBD, then the later
``occurred_at`` wins, then the event id. A stage repeats a line with the same fund and village, with its whole new
amount. It is kept as differences on the days of its versions. The cash plan is that of the latest version that
carries one (twelve months), on the first day of each month.

All figures belong to their fiscal year: a day before or after it is its first or last day. Only what comes back after
the year is different, for the year is closed then. A return or reversal of UP or TU lessens the advance on its own day:
until then the cash was in the treasurer's hands, also on 31 December. A return or reversal of LS or GU is no figure
here: money paid back later is other revenue of the year it arrives in (PSAP 02 and 10, PP 71/2010), and comes as a
receipt. What was written down wrongly is corrected, by an event with ``corrects``, and belongs to the year it is of.

UP is a department's and names no account: by account, the advance is that of TU less what was accounted of UP.
"""

from __future__ import annotations

import polars as pl

from streams.domains.additive import Additive
from streams.domains.latest import Latest, Version
from streams.domains.limits import (
    LARGEST_RUPIAH,
    amount_problems,
    any_of,
    membership_problems,
    time_problems,
    year_problems,
)
from streams.engine.processor import Context, RowError
from streams.engine.totals import Key
from streams.spending import MOVING, STAGES, effects

CEILING, PLAN, REALISED, ADVANCE = "budget.ceiling", "budget.plan", "budget.realised", "budget.advance"
DIMENSIONS = ("opd", "program", "activity", "sub_activity", "account")
MONTHS = 12
TYPES = ("UP", "GU", "TU", "LS")

#: What comes back; after the fiscal year it changes no spending.
BACK = ("return", "reversal")

FLOWS = {
    REALISED: pl.when("closed").then(0).otherwise(pl.col("amount") * pl.col("realised")),
    ADVANCE: pl.col("amount") * pl.col("advance"),
}


class Budget(Additive):
    """Processor of ``budget.disbursements``."""

    domain = "budget"
    version = "4"
    key = ("opd", "sub_activity")
    fields = (
        "fiscal_year", "program", "activity", "account", "amount", "disbursement_type",
        "ceiling_stage", "monthly_plan", "fund", "village",
    )  # fmt: skip

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._lines = self.stores["lines"] = Latest()
        self._effects = effects()

    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        return [
            *time_problems(frame, ["occurred_at"]),
            *year_problems(frame),
            *amount_problems(frame, ["amount"]),
            *membership_problems(frame, "disbursement_type", MOVING, TYPES, "UnknownDisbursementType"),
            *(_plan_problems(frame) if any_of(frame, ["ceiling"]) else []),
        ]

    def count(self, frame: pl.DataFrame, sign: int) -> None:
        year = pl.col("fiscal_year")
        first, last = pl.date(year, 1, 1), pl.date(year, 12, 31)
        closed = pl.col("kind").is_in(BACK) & (pl.col("day") > last)
        day = pl.when(closed).then("day").otherwise(pl.col("day").clip(first, last))
        frame = frame.with_columns(day=day, closed=closed)
        moved = frame.filter(pl.col("kind").is_in(MOVING)).join(
            self._effects, on=["kind", "disbursement_type"]
        )
        self.totals.add_columns(moved, FLOWS, {name: pl.col(name) for name in DIMENSIONS}, sign)
        ceilings = frame.filter((pl.col("kind") == "ceiling") & pl.col("ceiling_stage").is_in(list(STAGES)))
        if len(ceilings):
            self._count_ceilings(ceilings.with_columns(pl.col("day").cast(pl.String)), sign)

    def _count_ceilings(self, frame: pl.DataFrame, sign: int) -> None:
        change = self._lines.add if sign > 0 else self._lines.remove
        for row in frame.iter_rows(named=True):
            values = {name: row[name] for name in DIMENSIONS}
            line = (row["fiscal_year"], *values.values(), row["fund"] or "", row["village"] or "")
            order = (STAGES[row["ceiling_stage"]], row["occurred_at"], row["event_id"])
            plan = row["monthly_plan"] or [None] * MONTHS
            for day, index, difference in change(line, Version(order, row["day"], (row["amount"], *plan))):
                metric, on = (PLAN, f"{line[0]:04d}-{index:02d}-01") if index else (CEILING, day)
                self.totals.add(Key(metric, "total", "", on), difference)
                for dimension, value in values.items():
                    if value:
                        self.totals.add(Key(metric, dimension, value, on), difference)


def _plan_problems(frame: pl.DataFrame) -> list[RowError]:
    """Ceilings whose cash plan cannot be one."""
    plan = pl.col("monthly_plan").list
    rows = frame.with_row_index("row").filter(pl.col("kind") == "ceiling")
    wrong = rows.filter(~plan.len().is_in([0, MONTHS]))
    beyond = rows.filter((plan.max() >= LARGEST_RUPIAH) | (plan.min() <= -LARGEST_RUPIAH))
    return [
        *(
            RowError(row, "BadMonthlyPlan", f"monthly_plan has {len(values)} values: must have 12, or none")
            for row, values in wrong.select("row", "monthly_plan").iter_rows()
        ),
        *(
            RowError(
                row, "AmountTooLarge", "monthly_plan: more than Rp100 trillion; check the unit of the amounts"
            )
            for row in beyond.get_column("row").to_list()
        ),
    ]

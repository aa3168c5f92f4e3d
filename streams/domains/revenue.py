"""Revenue: received, assessed, deposited and in arrears, apart.

- received: receipts less voids; ``opening_balance`` adds to the measure it names.
- assessed: amount - reduction + penalty of assessments; never revenue.
- deposited: what reached the treasury account (RKUD).
- arrears (a stock): + assessed, - receipts and + voids that carry an ``assessment_id``.

A void carries amount, account and assessment of the receipt it takes back. The account group is the first two
segments of the account: 4.1 own revenue (PAD), 4.2 transfers, 4.3 other; they are never one curve.
"""

from __future__ import annotations

import polars as pl

from streams.domains.additive import Additive
from streams.domains.limits import amount_problems, any_of, membership_problems, time_problems
from streams.engine.processor import RowError

MEASURES = ("received", "assessed", "deposited", "arrears")
DIMENSIONS = {
    "opd": pl.col("opd"),
    "account_group": pl.col("account").str.extract(r"^(\d\.\d)(\.|$)"),
    "account": pl.col("account"),
    "channel": pl.col("channel"),
    "village": pl.col("village"),
}


class Revenue(Additive):
    """Processor of ``revenue.receipts``."""

    domain = "revenue"
    key = ("opd", "cash_office")
    fields = ("account", "amount", "channel", "village", "assessment_id", "reduction", "penalty", "measure")

    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        return [
            *time_problems(frame, ["occurred_at"]),
            *amount_problems(frame, ["amount", "reduction", "penalty"]),
            *membership_problems(frame, "measure", ["opening_balance"], MEASURES, "UnknownMeasure"),
        ]

    def count(self, frame: pl.DataFrame, sign: int) -> None:
        flows = OPENING_FLOWS if any_of(frame, ["opening_balance"]) else FLOWS
        self.totals.add_columns(frame, flows, DIMENSIONS, sign)


def _flows(opening: bool) -> dict[str, pl.Expr]:
    """What a row adds to every metric; opening balances are rare, and a fifth of the work."""
    kind, amount = pl.col("kind"), pl.col("amount")
    paid = pl.when(kind == "receipt").then(amount).when(kind == "void").then(-amount).otherwise(0)
    owed = pl.when(kind == "assessment").then(amount - pl.col("reduction") + pl.col("penalty")).otherwise(0)
    settled = pl.when(pl.col("assessment_id").is_not_null()).then(paid).otherwise(0)
    deposited = pl.when(kind == "deposit").then(amount).otherwise(0)

    def opens(measure: str) -> pl.Expr:
        mine = (kind == "opening_balance") & (pl.col("measure") == measure)
        return pl.when(mine).then(amount).otherwise(0)

    measures = {"received": paid, "assessed": owed, "deposited": deposited, "arrears": owed - settled}
    return {f"revenue.{name}": flow + opens(name) if opening else flow for name, flow in measures.items()}


FLOWS, OPENING_FLOWS = _flows(opening=False), _flows(opening=True)

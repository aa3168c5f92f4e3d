"""Population: births, deaths, arrivals and departures that the registry has, and what villages reported beyond it.

- Only ``registered`` changes count in births, deaths, arrivals, departures and net (births - deaths + arrivals -
  departures). Unit: persons.
- A village belongs to the regency when its code starts with the regency's. A move from outside is an arrival, to
  outside a departure; a move between two villages of the regency is a departure of one and an arrival of the other
  and nothing in the total; a move within one village is nothing.
- reported_unregistered (a stock): + persons a village reported; a registered change that names a report
  (``report_id``) takes off as many persons as it registers. Moves stand at the destination, or at the origin where
  the destination is outside.
- A change of kind ``correction`` changes data of persons and no figure.
"""

from __future__ import annotations

import polars as pl

from streams.domains.additive import Additive
from streams.domains.limits import membership_problems, time_problems
from streams.engine.processor import Context, RowError

FLOWS = ("births", "deaths", "arrivals", "departures", "net")
METRICS = tuple(f"population.{flow}" for flow in FLOWS)
PENDING = "population.reported_unregistered"
KINDS = ("birth", "death", "move")


class Population(Additive):
    """Processor of ``population.changes``."""

    domain = "population"
    key = ("family_card_token",)
    fields = ("status", "report_id", "village", "origin_village", "destination_village", "persons")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._prefix = context.profile.code + "."

    def problems(self, frame: pl.DataFrame) -> list[RowError]:
        return [
            *time_problems(frame, ["occurred_at"]),
            *membership_problems(frame, "status", KINDS, ("reported", "registered"), "UnknownStatus"),
        ]

    def count(self, frame: pl.DataFrame, sign: int) -> None:
        origin = self._inside("origin_village")
        destination = self._inside("destination_village")
        rows = frame.filter(pl.col("kind").is_in(KINDS)).with_columns(
            persons=pl.col("persons").cast(pl.Int64), origin=origin, destination=destination
        )
        place = (
            pl.when(pl.col("kind") == "move")
            .then(pl.coalesce("destination", "origin"))
            .otherwise(pl.col("village"))
        )
        rows = rows.with_columns(place=place)
        registered = pl.col("status") == "registered"
        self._changes(rows.filter(registered), sign)
        pending = (
            pl.when(~registered)
            .then(pl.col("persons"))
            .when(pl.col("report_id").is_not_null())
            .then(-pl.col("persons"))
            .otherwise(0)
        )
        self.totals.add_columns(rows, {PENDING: pending}, {"village": pl.col("place")}, sign)

    def _changes(self, rows: pl.DataFrame, sign: int) -> None:
        """Births and deaths where they are; a move at both ends, of which the total sees only the regency's border."""
        vital = rows.filter(pl.col("kind") != "move")
        moves = rows.filter((pl.col("kind") == "move") & pl.col("origin").ne_missing(pl.col("destination")))
        born = pl.when(pl.col("kind") == "birth").then(pl.col("persons")).otherwise(0)
        died = pl.when(pl.col("kind") == "death").then(pl.col("persons")).otherwise(0)
        self._add(vital.with_columns(born=born, died=died), "born", "died", "", "", sign, "place")
        crossing = pl.col("origin").is_null() | pl.col("destination").is_null()
        for end, came, went in (("destination", "persons", ""), ("origin", "", "persons")):
            here = moves.filter(pl.col(end).is_not_null())
            self._add(here.filter(crossing), "", "", came, went, sign, end)
            self._add(here.filter(~crossing), "", "", came, went, sign, end, total=False)

    def _add(
        self,
        rows: pl.DataFrame,
        born: str,
        died: str,
        came: str,
        went: str,
        sign: int,
        village: str,
        total: bool = True,
    ) -> None:
        """Count columns of persons by name ("" for none) at the village in the column ``village``."""
        flows = [pl.col(name) if name else pl.lit(0, pl.Int64) for name in (born, died, came, went)]
        flows.append(flows[0] - flows[1] + flows[2] - flows[3])
        self.totals.add_columns(
            rows, dict(zip(METRICS, flows, strict=True)), {"village": pl.col(village)}, sign, total=total
        )

    def _inside(self, column: str) -> pl.Expr:
        return pl.when(pl.col(column).str.starts_with(self._prefix)).then(pl.col(column))

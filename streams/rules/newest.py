"""What was last known of persons: the newest value of each field among their rows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def known(rows: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """One row for each of the fields that a row of a group has, in the order of rows: group, row, at, day, field, value.
    The fields must be of one type."""
    long = rows.unpivot(fields, index=["group", "row", "at", "day"], variable_name="field")
    return long.drop_nulls("value").sort("row", "field")


def newest(values: pl.DataFrame) -> pl.DataFrame:
    """Of what ``known`` gives, the last of each group and field."""
    return values.unique(["group", "field"], keep="last", maintain_order=True)


def registered() -> pl.Expr:
    """What the registry holds about a person; a village's report is not yet in it."""
    return (pl.col("status") == "registered") & pl.col("person_token").is_not_null()

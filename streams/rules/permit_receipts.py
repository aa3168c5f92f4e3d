"""Receipts that name the permit case whose fee they are, less what voids took back."""

from __future__ import annotations

import polars as pl

OFFICE = ["opd", "cash_office"]


def received(books: pl.DataFrame) -> pl.DataFrame:
    """Of the rows of revenue those that are about a permit: source, case_id, and ``rupiah`` with their sign. A void belongs to the
    case that it names, or that of the receipt that it takes back, by event or else by number within its cash office."""
    receipts = books.filter((pl.col("kind") == "receipt") & pl.col("permit_case_id").is_not_null())
    digits = pl.col("voided_event").cast(pl.String).str.replace_all("-", "")
    halves = {
        name: digits.str.slice(start, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)
        for name, start in (("high", 0), ("low", 16))
    }
    by_event = receipts.select("high", "low", pl.col("permit_case_id").alias("of_event"))
    by_number = (
        receipts.sort("at", "high", "low")
        .drop_nulls("receipt_number")
        .unique([*OFFICE, "receipt_number"], keep="first", maintain_order=True)
        .select(*OFFICE, "receipt_number", pl.col("permit_case_id").alias("of_number"))
    )
    voids = (
        books.filter(pl.col("kind") == "void")
        .with_columns(**halves)
        .join(by_event, on=["high", "low"], how="left")
        .join(by_number, on=[*OFFICE, "receipt_number"], how="left")
        .with_columns(pl.coalesce("permit_case_id", "of_event", "of_number").alias("permit_case_id"))
        .drop_nulls("permit_case_id")
    )
    columns = ("source", pl.col("permit_case_id").alias("case_id"), pl.col("amount").alias("rupiah"))
    taken = voids.select(*columns).with_columns(-pl.col("rupiah"))
    return pl.concat([receipts.select(*columns), taken])


def heard_by_all(books: pl.DataFrame, money: pl.DataFrame) -> int:
    """The last day (since 1970) on which each of the sources that name permits was heard: what a silent one may still hold
    back is not missing."""
    naming = money.select("source").unique()
    heard = books.join(naming, on="source", how="semi").group_by("source").agg(pl.col("day").max())
    return min(heard.get_column("day").to_list())

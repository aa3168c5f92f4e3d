"""Receipts that name the permit case whose fee they are, less what voids took back."""

from __future__ import annotations

import polars as pl

#: A receipt number is that of one cash office, as it is known on a day.
NUMBER = ["today", "opd", "cash_office", "receipt_number"]


def names_permits() -> pl.Expr:
    """Rows of revenue that may be about a permit."""
    kind = pl.col("kind")
    return (kind == "void") | ((kind == "receipt") & pl.col("permit_case_id").is_not_null())


def received(books: pl.DataFrame) -> pl.DataFrame:
    """Of the rows of revenue those that are about a permit: today, source, case_id, and ``rupiah`` with their sign. A void
    belongs to the case that it names, or that of the receipt that it takes back, by event or else by number within its cash
    office."""
    receipts = books.filter((pl.col("kind") == "receipt") & pl.col("permit_case_id").is_not_null())
    digits = pl.col("voided_event").cast(pl.String).str.replace_all("-", "")
    halves = {
        name: digits.str.slice(start, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)
        for name, start in (("high", 0), ("low", 16))
    }
    by_event = receipts.select("today", "high", "low", pl.col("permit_case_id").alias("of_event"))
    by_number = (
        receipts.sort("at", "high", "low")
        .drop_nulls("receipt_number")
        .unique(NUMBER, keep="first", maintain_order=True)
        .select(*NUMBER, pl.col("permit_case_id").alias("of_number"))
    )
    voids = (
        books.filter(pl.col("kind") == "void")
        .with_columns(**halves)
        .join(by_event, on=["today", "high", "low"], how="left")
        .join(by_number, on=NUMBER, how="left")
        .with_columns(pl.coalesce("permit_case_id", "of_event", "of_number").alias("permit_case_id"))
        .drop_nulls("permit_case_id")
    )
    columns = ("today", "source", pl.col("permit_case_id").alias("case_id"), pl.col("amount").alias("rupiah"))
    taken = voids.select(*columns).with_columns(-pl.col("rupiah"))
    return pl.concat([receipts.select(*columns), taken])


def heard_by_all(heard: pl.DataFrame, money: pl.DataFrame) -> pl.DataFrame:
    """The last day (since 1970) on which each of the sources that name permits was ``heard``, as it is known on each day: what a
    silent one may still hold back is not missing."""
    naming = heard.join(money, on=["today", "source"], how="semi")
    return naming.group_by("today").agg(pl.col("heard").min())

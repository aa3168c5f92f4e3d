"""Receipts and the deposits that hold them, as rules of revenue read them."""

from __future__ import annotations

import polars as pl

from schemas.profile import Profile
from streams.ledgers.groups import Groups
from streams.ledgers.standing import STOOD

#: What the functions here read of an event.
FIELDS = (
    "cash_office", "account", "amount", "channel", "receipt_number", "voided_event", "deposit_number", "composition",
    "closing_id",
)  # fmt: skip
OFFICE = ("opd", "cash_office")
NUMBER = ["group", "receipt_number"]
CLOSING = ["group", "closing_id"]


def moves_cash() -> pl.Expr:
    """Receipts, voids and deposits."""
    return pl.col("kind").is_in(["receipt", "void", "deposit"])


def is_direct(profile: Profile) -> pl.Expr:
    """Rows of a cash office that uses its revenue directly, so that it owes no deposit."""
    direct = [code for code, office in profile.cash_offices.items() if office.direct_use]
    return pl.col("cash_office").cast(pl.String).is_in(direct)


def read(groups: Groups, asked: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Some columns of the rows that a rule reads once, of the groups that are asked about: every filter and join copies all
    that a frame has."""
    offices = asked.get_column("of").unique().implode()
    rows = groups.rows.lazy().filter(pl.col("group").is_in(offices))
    return rows.select("group", "row", "at", "day", "kind", *names, *STOOD).collect()


def net_receipts(rows: pl.DataFrame, until: pl.DataFrame | None = None) -> pl.DataFrame:
    """The receipts among rows in groups that have a number, with ``net``: the amount less what voids took back, which
    counts for the first receipt of its number. Voids later than ``until`` (group, receipt_number, until; UTC ms) do not
    count."""
    receipts = numbered(rows)
    voids = numbered_voids(rows, receipts)
    if until is not None:
        dated = voids.join(until, on=["group", "receipt_number"], how="left")
        voids = dated.filter((pl.col("at") <= pl.col("until")).fill_null(True))
    taken = voids.group_by("group", "receipt_number").agg(pl.col("amount").sum().alias("taken"))
    joined = receipts.join(taken, on=["group", "receipt_number"], how="left", maintain_order="left")
    first = pl.col("row") == pl.col("row").min().over("group", "receipt_number")
    back = pl.when(first).then(pl.col("taken").fill_null(0)).otherwise(0)
    return joined.with_columns(net=pl.col("amount") - back).drop("taken")


def numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """The receipts among rows that have a number."""
    return rows.filter((pl.col("kind") == "receipt") & pl.col("receipt_number").is_not_null())


def numbered_voids(rows: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """The voids among rows in groups, with the number of the receipt that each takes back: its own, or that of the event
    that it names; those of which neither is known are left out."""
    digits = pl.col("voided_event").cast(pl.String).str.replace_all("-", "")
    halves = {
        name: digits.str.slice(start, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)
        for name, start in (("voided_high", 0), ("voided_low", 16))
    }
    voids = rows.filter(pl.col("kind") == "void").with_columns(**halves)
    named = receipts.filter(pl.col("high").is_in(voids.get_column("voided_high").implode())).select(
        "group", pl.col("receipt_number").alias("named"), voided_high="high", voided_low="low"
    )
    found = voids.join(named, on=["group", "voided_high", "voided_low"], how="left", maintain_order="left")
    number = pl.coalesce("receipt_number", "named").alias("receipt_number")
    return found.with_columns(number).drop("named").filter(pl.col("receipt_number").is_not_null())


def of_numbers(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Rows about a number of a receipt that one of the others has too."""
    return rows.join(others.select(NUMBER), on=NUMBER, how="semi", maintain_order="left")


def deposited(rows: pl.DataFrame) -> pl.DataFrame:
    """What deposits among rows in groups say that they hold: a row for each receipt that one names, with its number and
    amount, and when and by which row it is said."""
    held = rows.filter((pl.col("kind") == "deposit") & (pl.col("composition").list.len() > 0))
    said = [name for name in ("group", "row", "at", "day", *STOOD) if name in rows.columns]
    return held.select(*said, "composition").explode("composition").unnest("composition")


def whole_deposits(rows: pl.DataFrame) -> pl.DataFrame:
    """Deposits that name no receipts."""
    return rows.filter((pl.col("kind") == "deposit") & (pl.col("composition").list.len() == 0))

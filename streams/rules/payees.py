"""Whom the regency pays and gives packages to without a tender: what rules about payees look at."""

from __future__ import annotations

from datetime import date

import polars as pl

from schemas.profile import Profile
from streams.cases.book import EPOCH
from streams.ledgers.groups import Groups

#: Account of what employees are paid (Permendagri 90/2019).
EMPLOYEES = "5.1.01"
#: Accounts of goods and of what is built or bought to stay.
GOODS = ("5.1.02.01", "5.2")
#: Accounts of what suppliers are paid for: goods, services and works. Grants, aid and transfers buy nothing.
BOUGHT = ("5.1.02", "5.2")
#: Methods by which nobody else could bid.
CHOSEN = ("direct", "emergency")
PURPOSE = "employee-payee"
YEAR = 365


def is_award() -> pl.Expr:
    """Packages given to a payee without a tender."""
    known = pl.col("package_id").is_not_null() & pl.col("payee_token").is_not_null()
    return ((pl.col("kind") == "package") & pl.col("package_method").is_in(CHOSEN) & known).fill_null(False)


def is_paid() -> pl.Expr:
    """SP2D LS, but for employees and what is declared as recurring."""
    paid = (pl.col("kind") == "sp2d") & (pl.col("disbursement_type") == "LS") & (pl.col("amount") > 0)
    usual = pl.col("recurring") | pl.col("account").cast(pl.String).str.starts_with(EMPLOYEES)
    return (paid & ~usual).fill_null(False)


def is_bought() -> pl.Expr:
    """Payments for goods, services and works."""
    return pl.any_horizontal(
        pl.col("account").cast(pl.String).str.starts_with(code) for code in BOUGHT
    ).fill_null(False)


def awards(groups: Groups) -> pl.DataFrame:
    """The packages of the last year as they were announced last: high, low, opd, payee_token, with how many its department
    gave (``given``) and how many of them to the payee (``mine``)."""
    rows = groups.ledger("budget", where=is_award()).sort("at", "high", "low")
    newest = rows.unique(["today", "opd", "package_id"], keep="last", maintain_order=True)
    last = newest.filter(pl.col("day") >= pl.col("today") - YEAR)
    return last.select("today", "high", "low", "opd", "payee_token").with_columns(
        given=pl.len().over("today", "opd"), mine=pl.len().over("today", "opd", "payee_token")
    )


def newcomers(paid: pl.DataFrame, groups: Groups, since: pl.DataFrame) -> pl.DataFrame:
    """Of payments in groups: those of payees that the regency had not paid in the year before, from the first one on for
    ``new_days`` days, with the day of that first one (``as_of``). The records must reach back over that year (``since``, of ``begins``)."""
    first = paid.sort("group", "row").with_columns(gap=pl.col("day").diff().over("group")).filter(
        pl.col("gap").is_null() | (pl.col("gap") > YEAR)
    )  # fmt: skip
    latest = first.group_by("group", maintain_order=True).agg(
        pl.col("day").last().alias("as_of"), pl.col("today").first()
    )
    known = pl.col("as_of") >= pl.col("since") + YEAR
    new = latest.join(since, on="today").filter(known & _recent(groups, "as_of"))
    days = groups.value("new_days", new.get_column("as_of")).alias("days")
    within = paid.join(new.select("group", "as_of", days), on="group")
    return within.filter(pl.col("day").is_between(pl.col("as_of"), pl.col("as_of") + pl.col("days")))


def unknown(paid: pl.DataFrame, groups: Groups, since: pl.DataFrame) -> pl.DataFrame:
    """The groups of payments whose first may be the first of all: the records do not reach back over the year before."""
    first = paid.group_by("group").agg(pl.col("day").min().alias("first"), pl.col("today").first())
    before = pl.col("first") < pl.col("since") + YEAR
    return first.join(since, on="today").filter(_recent(groups, "first") & before)


def begins(groups: Groups) -> pl.DataFrame:
    """The first day of which there are records, on each day that is asked about (today, since)."""
    return groups.ledger("budget", "day").group_by("today").agg(since=pl.col("day").min())


def _recent(groups: Groups, day: str) -> pl.Expr:
    """Whether the year before a day lies within what the rule looks back to."""
    return pl.col(day) >= pl.col("today") - groups.rule.window + YEAR


def is_employees(profile: Profile) -> pl.Expr:
    """Payments for goods or for a package to the account of an employee. The accounts are looked at only where the profile
    declares that they may be, both on the day of the payment and today."""
    bought = pl.col("package_id").is_not_null() | pl.any_horizontal(
        pl.col("account").cast(pl.String).str.starts_with(code) for code in GOODS
    )
    joins = [join for join in profile.joins if join.purpose == PURPOSE]
    declared, now = (
        pl.any_horizontal(pl.lit(False), *(_during(day, join.valid_from, join.valid_to) for join in joins))
        for day in ("day", "today")
    )
    listed = [
        (pl.col("payee_account_token") == item.account_token) & _during("day", item.valid_from, item.valid_to)
        for item in profile.employee_accounts
    ]
    return (bought & declared & now & pl.any_horizontal(pl.lit(False), *listed)).fill_null(False)


def _during(day: str, first: date, last: date | None) -> pl.Expr:
    return pl.col(day).is_between((first - EPOCH).days, ((last or date.max) - EPOCH).days)

"""Whom the regency pays and gives packages to without a tender: what rules about payees look at."""

from __future__ import annotations

from datetime import date

import polars as pl

from schemas.profile import Profile
from streams.cases.book import EPOCH, day_of
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
    return (
        (pl.col("kind") == "package") & pl.col("package_method").cast(pl.String).is_in(CHOSEN) & known
    ).fill_null(False)


def is_paid() -> pl.Expr:
    """SP2D LS, but for employees and what is declared as recurring."""
    paid = (pl.col("kind") == "sp2d") & (pl.col("disbursement_type") == "LS") & (pl.col("amount") > 0)
    usual = pl.col("recurring") | pl.col("account").cast(pl.String).str.starts_with(EMPLOYEES)
    return (paid & ~usual).fill_null(False)


def is_bought() -> pl.Expr:
    """Payments for goods, services and works."""
    account = pl.col("account").cast(pl.String)
    return pl.any_horizontal(account.str.starts_with(code) for code in BOUGHT).fill_null(False)


def awards(groups: Groups) -> pl.DataFrame:
    """The packages of the last year as they were announced last: high, low, opd, payee_token, with how many its department
    gave (``given``) and how many of them to the payee (``mine``)."""
    rows = groups.ledger("budget").filter(is_award()).sort("at", "high", "low")
    newest = rows.unique(["opd", "package_id"], keep="last", maintain_order=True)
    last = newest.filter(pl.col("day") >= groups.day - YEAR).select("high", "low", "opd", "payee_token")
    return last.with_columns(given=pl.len().over("opd"), mine=pl.len().over("opd", "payee_token"))


def newcomers(paid: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """Of payments in groups: those of payees that the regency had not paid in the year before, from the first one on for
    ``new_days`` days, with the day of that first one (``as_of``). The records must reach back over that year."""
    known = _since(groups) + YEAR
    first = paid.sort("group", "row").with_columns(gap=pl.col("day").diff().over("group")).filter(
        pl.col("gap").is_null() | (pl.col("gap") > YEAR)
    )  # fmt: skip
    latest = first.group_by("group", maintain_order=True).agg(pl.col("day").last().alias("as_of"))
    new = latest.filter((pl.col("as_of") >= known) & (pl.col("as_of") >= _recent(groups)))
    days = groups.value("new_days", new.get_column("as_of")).alias("days")
    within = paid.join(new.with_columns(days), on="group")
    return within.filter(pl.col("day").is_between(pl.col("as_of"), pl.col("as_of") + pl.col("days")))


def unknown(paid: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """The groups of payments whose first may be the first of all: the records do not reach back over the year before."""
    first = paid.group_by("group").agg(pl.col("day").min().alias("first"))
    return first.filter((pl.col("first") >= _recent(groups)) & (pl.col("first") < _since(groups) + YEAR))


def _since(groups: Groups) -> int:
    """The first day of which there are records."""
    day: int = groups.ledger("budget").get_column("day").min()  # type: ignore[assignment]
    return day


def _recent(groups: Groups) -> int:
    """Since when the year before a day lies within what the rule looks back to."""
    return groups.day - groups.rule.window + YEAR


def is_employees(profile: Profile, today: int) -> pl.Expr:
    """Payments for goods or for a package to the account of an employee. The accounts are looked at only where the profile
    declares that they may be, both on the day of the payment and today."""
    if not profile.may_join(PURPOSE, day_of(today)):
        return pl.lit(False)
    account = pl.col("account").cast(pl.String)
    bought = pl.col("package_id").is_not_null() | pl.any_horizontal(
        account.str.starts_with(code) for code in GOODS
    )
    declared = [_during(join.valid_from, join.valid_to) for join in profile.joins if join.purpose == PURPOSE]
    listed = [
        (pl.col("payee_account_token") == item.account_token) & _during(item.valid_from, item.valid_to)
        for item in profile.employee_accounts
    ]
    return (bought & pl.any_horizontal(declared) & pl.any_horizontal(pl.lit(False), *listed)).fill_null(False)


def _during(first: date, last: date | None) -> pl.Expr:
    return pl.col("day").is_between((first - EPOCH).days, ((last or date.max) - EPOCH).days)

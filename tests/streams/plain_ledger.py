"""A plain double-entry ledger of a regency's money, for the figures of the stream to be held against.

It knows the raw events in order of arrival, and nothing of the stream. Every document that was not corrected is a
journal of postings that sum to zero. The accounts are those of PP 71/2010: the treasury account (RKUD), the cash of the
treasurers, spending and revenue of the budget (LRA, against the change of SAL), receivables and accrued revenue (LO).
Plus is debit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Jakarta")
RKUD, PURSE, SPENDING, OTHER = "RKUD", "Kas Bendahara Pengeluaran", "Belanja", "Lain-lain PAD yang Sah"
DEPOSITED, OFFICE, REVENUE, SAL = (
    "RKUD, setoran",
    "Kas Bendahara Penerimaan",
    "Pendapatan-LRA",
    "Perubahan SAL",
)
RECEIVABLE, ASSESSED, ACCRUED, EQUITY = (
    "Piutang",
    "Pendapatan-LO, ketetapan",
    "Pendapatan-LO, tunai",
    "Ekuitas",
)
APPROVED = ("APBD", "SHIFT", "APBD-P")
BUDGET = ("opd", "program", "activity", "sub_activity", "account")
NAMES = {"budget": BUDGET, "revenue": ("opd", "account_group", "account", "channel", "village")}

Event = dict[str, Any]
Postings = dict[str, int]
#: Rupiah by what a document names, its value, and the month.
Sums = Counter[tuple[str, str, str]]


def day_of(at: int) -> str:
    """The local day of an instant (UTC ms)."""
    return datetime.fromtimestamp(at / 1000, ZONE).strftime("%Y-%m-%d")


class Journal(NamedTuple):
    """A document in the books."""

    domain: str
    event: Event
    day: str
    postings: Postings


class Ledger:
    """The books of everything that happened, from (domain, event) in order of arrival."""

    def __init__(self, arrived: Iterable[tuple[str, Event]]) -> None:
        chain: dict[str, str] = {}  # the first document of every chain of corrections
        standing: dict[str, tuple[str, Event]] = {}
        for domain, event in arrived:
            first = chain[event["event_id"]] = chain.get(event["corrects"], event["event_id"])
            standing[first] = domain, event
        self.deposited = {
            part["receipt_number"]
            for _, event in standing.values()
            if event["kind"] == "deposit"
            for part in event["composition"]
        }
        self.journals = [self._journal(domain, event) for domain, event in standing.values()]

    def by_month(self, account: str) -> Sums:
        """What was posted to an account in each month, in all and by everything the documents name."""
        found: Sums = Counter()
        for domain, event, day, postings in self.journals:
            amount = postings.get(account, 0)
            for name in ("total", *NAMES[domain]) if amount else ():
                if value := event.get(name, "") or name == "total":
                    found[name, "" if name == "total" else value, day[:7]] += amount
        return found

    def in_hand(self, account: str, until: str) -> Counter[tuple[str, str | None]]:
        """The balance of every department and cash office after a day."""
        found: Counter[tuple[str, str | None]] = Counter()
        for _, event, day, postings in self.journals:
            if day <= until and account in postings:
                found[event["opd"], event.get("cash_office")] += postings[account]
        return found

    def ceilings(self, year: int, until: str) -> Counter[tuple[str, str]]:
        """The ceilings of a year in force after a day, by everything they name: of each line the latest approved."""
        approved = [
            event
            for _, event, day, _ in self.journals
            if event["kind"] == "ceiling" and event["fiscal_year"] == year and day <= until
            if event["ceiling_stage"] in APPROVED
        ]
        lines: dict[tuple[Any, ...], Event] = {}
        for event in sorted(approved, key=lambda e: (e["ceiling_stage"] != "APBD", e["occurred_at"])):
            lines[tuple(event[name] for name in (*BUDGET, "fund", "village"))] = event
        found: Counter[tuple[str, str]] = Counter()
        for event in lines.values():
            for name in BUDGET:
                found[name, event[name]] += event["amount"]
        return found

    def _journal(self, domain: str, event: Event) -> Journal:
        day = day_of(event["occurred_at"])
        if domain == "revenue":
            return Journal(domain, event | {"account_group": event["account"][:3]}, day, self._revenue(event))
        first, last = f"{event['fiscal_year']}-01-01", f"{event['fiscal_year']}-12-31"
        closed = event["kind"] in ("return", "reversal") and day > last
        return Journal(domain, event, day if closed else min(max(day, first), last), _budget(event, closed))

    def _revenue(self, event: Event) -> Postings:
        kind, amount = event["kind"], event["amount"]
        if kind in ("receipt", "void"):
            sign = 1 if kind == "receipt" else -1
            # a void of what has reached the RKUD is paid from there
            holder = RKUD if kind == "void" and event["receipt_number"] in self.deposited else OFFICE
            income = RECEIVABLE if event["assessment_id"] else ACCRUED
            return {
                holder: sign * amount,
                income: -sign * amount,
                SAL: sign * amount,
                REVENUE: -sign * amount,
            }
        if kind == "assessment":
            owed = amount - event["reduction"] + event["penalty"]
            return {RECEIVABLE: owed, ASSESSED: -owed}
        if kind == "deposit":
            return {DEPOSITED: amount, OFFICE: -amount}
        if kind == "opening_balance":
            return {
                "received": {OFFICE: amount, EQUITY: -amount, SAL: amount, REVENUE: -amount},
                "deposited": {DEPOSITED: amount, OFFICE: -amount},
                "assessed": {EQUITY: amount, ASSESSED: -amount},
                "arrears": {RECEIVABLE: amount, EQUITY: -amount},
            }[event["measure"]]
        return {}


def _budget(event: Event, closed: bool) -> Postings:
    """``closed``: money that comes back when the books of its year are closed is revenue, if it was spending."""
    kind, amount = event["kind"], event["amount"]
    advance = event["disbursement_type"] in ("UP", "TU")
    match kind:
        case "sp2d":  # GU fills the purse up by what was spent from it, which is spending now
            return {PURSE if advance else SPENDING: amount, RKUD: -amount}
        case "accounting" if advance:
            return {SPENDING: amount, PURSE: -amount}
        case "return" | "reversal":
            return {RKUD: amount, PURSE if advance else OTHER if closed else SPENDING: -amount}
    return {}

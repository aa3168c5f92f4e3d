"""How money leaves the treasury: SPP, SPM and SP2D of UP, GU, TU and LS, and what follows them.

As Permendagri 77/2020 has it: UP is one advance for a department's petty cash. GU replenishes it by what was spent,
after that was accounted for. TU is an advance for one purpose: it is accounted for, and the rest is returned. LS goes to
the payee. At the end of the year the last spending from UP is accounted for and not replenished (GU nihil), and the rest
goes back; some of it only in January. SP2D that cannot be paid out, or that were wrong, are reversed, and what was paid
too much is returned, at times when the year is over.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from producers.simulator.contracts import Account
from producers.simulator.progress import Progress
from producers.simulator.world import DAY_MS, HOUR_MS, Choice, Record, World

if TYPE_CHECKING:
    from schemas.profile import SubActivity

KINDS = Choice.of({"LS": 0.7, "GU": 0.25, "TU": 0.05})
#: SPM and SP2D come within the two working days of Permendagri 77/2020.
SLOWEST_DAYS = 1.9
#: TU is accounted for, and the rest returned, within a month of its SP2D, also over long holidays.
TU_TERM_MS = 24 * 86_400_000
TU_REST_MS = 27 * 86_400_000
REVERSED = {"LS": 0.006, "GU": 0.006, "TU": 0.025, "UP": 0.03}  # of SP2D
RETURNED = {"LS": 0.01, "GU": 0.01}  # of SP2D, in part
LATE_REST = 0.1  # of the rests of UP, returned in January

#: What a payment says of its contract.
OF_CONTRACT = ("contract_number", "contract_end")


@dataclass(slots=True)
class SubBudget:
    """One sub-activity in one year: its ceilings by account and what has been paid of them, rupiah."""

    sub: SubActivity
    fund: str
    pokir: bool
    village: str | None
    target: float
    ceilings: dict[str, int]
    paid: dict[str, int] = field(default_factory=dict)
    packages: dict[str, Record] = field(
        default_factory=dict
    )  # what a payment of an account says of its package
    progress: Progress | None = None
    contract: Account | None = None  # the one on whose works is reported
    serial: int = 0
    expected: float = 10.0  # payments a year

    def room(self, account: str) -> int:
        """What is left of an account."""
        return self.ceilings[account] - self.paid.get(account, 0)

    def pay(self, account: str, amount: int) -> None:
        """Take it from what is left; what comes back later is not spent again."""
        self.paid[account] = self.paid.get(account, 0) + amount


@dataclass(frozen=True, slots=True)
class Chain:
    """The documents of one disbursement, the one that began it, and what its SP2D is called."""

    documents: list[Record]
    number: str
    paid_at: int


def payee(world: World, name: object) -> Record:
    """Who is paid: the tokens of a supplier."""
    return {
        "payee_token": world.token("person", f"vendor/{name}"),
        "payee_account_token": world.token("account", f"vendor/{name}"),
        "address_token": world.token("address", f"vendor/{name}"),
    }


class Disbursement:
    """Makes the documents of a sub-activity."""

    domain = "budget"

    def __init__(self, world: World) -> None:
        self.world = world
        self._petty_cash: dict[tuple[str, int], str] = {}  # the SP2D-UP of a department's year

    def payment(self, rng: random.Random, book: SubBudget, year: int, start: int) -> list[Record]:
        """One payment through its chain and what follows it; empty when the ceiling is spent."""
        kind = KINDS.draw(rng)
        account = min(book.ceilings, key=lambda a: (-book.room(a), a))
        usual = sum(book.ceilings.values()) / max(4.0, book.expected)
        amount = int(usual * rng.lognormvariate(0, 0.7) * (0.25 if kind != "LS" else 1.05)) // 1000 * 1000
        amount = min(amount, book.room(account) * 96 // 100 // 1000 * 1000)
        if amount < 250_000:
            return []
        book.pay(account, amount)
        if kind == "GU":
            accounted = self.document(
                rng, book, year, "accounting", start, amount, account, book.serial + 1, kind
            )
            accounted |= self._signed("treasurer", book, self._petty_cash.get((book.sub.opd, year)))
            chain = self._chain(rng, book, year, start + HOUR_MS, kind, amount, account)
            chain.documents.insert(0, accounted)
        else:
            chain = self._chain(
                rng,
                book,
                year,
                start,
                kind,
                amount,
                account,
                self._payee(rng, book, account, amount, start, kind),
            )
        return chain.documents + self._after(rng, book, year, chain, kind, amount, account)

    def petty_cash(
        self, rng: random.Random, book: SubBudget, year: int, start: int, amount: int
    ) -> list[Record]:
        """UP of a department, held by one of its sub-activities, until the last of it is accounted for."""
        before: list[Record] = []
        if rng.random() < REVERSED["UP"]:
            wrong = self._chain(rng, book, year, start, "UP", amount, "")
            start = self.world.clock.add(wrong.paid_at, 1.0)
            before = [
                *wrong.documents,
                self._settle(rng, book, year, "reversal", start, amount, "", "UP", wrong.number),
            ]
        chain = self._chain(rng, book, year, start, "UP", amount, "")
        self._petty_cash[book.sub.opd, year] = chain.number
        closing = self.world.day_start(date(year, 12, 29)) + 10 * HOUR_MS
        last, rest = [], amount
        for minutes, account in enumerate(sorted(book.ceilings)[:2]):
            spent = min(amount * 9 // 20, book.room(account) // 2) // 1000 * 1000
            book.pay(account, spent)
            rest -= spent
            at = closing + minutes * 60_000
            last.append(self._settle(rng, book, year, "accounting", at, spent, account, "UP", chain.number))
        back = closing + (int(DAY_MS * rng.uniform(8, 20)) if rng.random() < LATE_REST else HOUR_MS)
        last.append(self._settle(rng, book, year, "return", back, rest, "", "UP", chain.number))
        return [*before, *chain.documents, *last]

    def _after(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        chain: Chain,
        kind: str,
        amount: int,
        account: str,
    ) -> list[Record]:
        """What follows an SP2D of GU, TU or LS: it may be in the next year, but for the accounting."""
        clock, paid = self.world.clock, chain.paid_at
        if rng.random() < REVERSED[kind]:
            at = clock.add(paid, 0.5 + rng.random() * 2)
            return [self._settle(rng, book, year, "reversal", at, amount, account, kind, chain.number)]
        if kind == "TU":
            spent = amount * rng.randrange(70, 101) // 100 // 1000 * 1000
            settled = min(clock.add(paid, 5 + rng.random() * 14), paid + TU_TERM_MS, self._end(year))
            events = [
                self._settle(rng, book, year, "accounting", settled, spent, account, kind, chain.number)
            ]
            if spent < amount:
                back = min(clock.add(settled, 0.2 + rng.expovariate(1.0)), paid + TU_REST_MS)
                events.append(
                    self._settle(rng, book, year, "return", back, amount - spent, account, kind, chain.number)
                )
            return events
        if rng.random() < RETURNED[kind]:
            too_much = max(1000, amount * rng.randrange(1, 15) // 100 // 1000 * 1000)
            at = clock.add(paid, 3 + rng.random() * 50)
            return [self._settle(rng, book, year, "return", at, too_much, account, kind, chain.number)]
        return []

    def _payee(
        self, rng: random.Random, book: SubBudget, account: str, amount: int, start: int, kind: str
    ) -> Record:
        """Who is paid, and for what; nothing for an advance."""
        if kind != "LS":
            return {}
        number = rng.randrange(60 + self.world.population // 1000)
        package = book.packages.get(account)
        if package is not None and package["procured_at"] > start:
            package = None
        of_contract = book.contract and package and package["contract_number"] == book.contract.number
        if book.contract and package and of_contract and not book.contract.pays(amount, start):
            package = {name: value for name, value in package.items() if name not in OF_CONTRACT}
        return {
            **payee(self.world, number),
            "invoice_number": f"INV/{number}/{rng.randrange(10**6):06d}",
            "recurring": account.startswith("5.1.01"),
            **(package or {}),
        }

    def _chain(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        start: int,
        kind: str,
        amount: int,
        account: str,
        extra: Record | None = None,
    ) -> Chain:
        """SPP, SPM and SP2D; the year's last day takes what would be paid after it."""
        book.serial += 1
        at, before, documents = start, None, []
        for document, role in (("spp", "PPTK"), ("spm", "PA"), ("sp2d", "kuasa-BUD")):
            record = self.document(
                rng, book, year, document, min(at, self._end(year)), amount, account, book.serial, kind
            )
            record |= (extra or {}) | self._signed(role, book, before)
            before = record["document_number"]
            documents.append(record)
            at = self.world.clock.add(at, min(0.2 + rng.expovariate(1.4), SLOWEST_DAYS))
        return Chain(documents, documents[-1]["document_number"], documents[-1]["occurred_at"])

    def _settle(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        what: str,
        at: int,
        amount: int,
        account: str,
        kind: str,
        refers_to: str,
    ) -> Record:
        """A document about an SP2D."""
        record = self.document(rng, book, year, what, at, amount, account, book.serial, kind)
        return record | self._signed("treasurer", book, refers_to)

    def _signed(self, role: str, book: SubBudget, refers_to: str | None) -> Record:
        return {
            "refers_to": refers_to,
            "officer_role": role,
            "officer_token": self.world.token("person", f"{role}/{book.sub.opd}"),
        }

    def document(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        document: str,
        at: int,
        amount: int,
        account: str,
        serial: int,
        kind: str | None = None,
    ) -> Record:
        """One document of a sub-activity."""
        record = self.event(rng, book, year, document, at, account, amount)
        record["document_number"] = f"{document.upper()}/{book.sub.code}/{kind or 'TW'}/{serial:05d}/{year}"
        record["document_date"] = at
        record["complete_at"] = at if document == "spm" else None
        record["disbursement_type"] = kind
        return record

    def event(
        self, rng: random.Random, book: SubBudget, year: int, kind: str, at: int, account: str, amount: int
    ) -> Record:
        """The fields that every event of a sub-activity has."""
        sub = book.sub
        record: dict[str, Any] = self.world.envelope(
            rng, self.world.source(self.domain, sub.opd), sub.opd, at, kind
        )
        record |= {
            "fiscal_year": year,
            "program": sub.program,
            "activity": sub.activity,
            "sub_activity": sub.code,
            "account": account,
            "amount": amount,
            "fund": book.fund,
            "village": book.village,
            "pokir": book.pokir,
        }
        return record

    def _end(self, year: int) -> int:
        return self.world.year_start(year + 1) - HOUR_MS

"""The budget of a year: ceilings with a monthly cash plan, shift and APBD-P, and the chain SPD, SPP, SPM, SP2D.

UP is advanced in January and replenished by GU; TU is advanced, accounted for and its remainder returned; LS goes to
payees. One Group per document chain; all events of a sub-activity share its key.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from producers.simulator.seasons import in_day
from producers.simulator.world import Choice, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import SubActivity

SPEND_PER_PERSON = 4_200_000  # rupiah a year
PAYMENTS_PER_PERSON = 0.035
MONTHS = (0.025, 0.045, 0.06, 0.07, 0.075, 0.09, 0.085, 0.085, 0.09, 0.095, 0.11, 0.17)
KINDS = Choice.of({"LS": 0.7, "GU": 0.25, "TU": 0.05})
#: SPM and SP2D come within the two working days of Permendagri 77/2020.
SLOWEST_DAYS = 1.9
#: TU is accounted for within a month of its SP2D, also over long holidays.
TU_TERM_MS = 27 * 86_400_000
FUNDS = Choice.of({"DAU": 5, "PAD": 3, "DAK": 1.5, "DBH": 1})
USUAL_ACCOUNTS = (
    "5.1.01.01.01.0001",
    "5.1.02.01.01.0024",
    "5.1.02.02.01.0062",
    "5.1.02.04.01.0001",
    "5.2.02.05.01.0005",
    "5.2.03.01.01.0001",
)


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
    serial: int = 0
    expected: float = 10.0  # payments a year

    def room(self, account: str) -> int:
        """What is left of an account."""
        return self.ceilings[account] - self.paid.get(account, 0)


class Budget:
    """The stream of the budget."""

    domain = "budget"

    def __init__(self, world: World) -> None:
        self.world = world
        self.subs = [world.profile.sub_activities[c] for c in sorted(world.profile.sub_activities)]
        codes = world.profile.accounts
        leaves = [a for a in sorted(codes) if a.startswith("5.") and a.count(".") >= 5]
        self.accounts = leaves or list(USUAL_ACCOUNTS)

    def books(self, year: int) -> list[SubBudget]:
        """The sub-activities of a year with their ceilings."""
        rng = self.world.rng(self.domain, "books", year)
        shares = [rng.lognormvariate(0, 1.0) for _ in self.subs]
        total = self.world.population * SPEND_PER_PERSON
        found = []
        for sub, share in zip(self.subs, shares, strict=True):
            accounts = rng.sample(self.accounts, min(len(self.accounts), rng.randrange(2, 5)))
            weights = [rng.gammavariate(1.5, 1) for _ in accounts]
            whole = total * share / sum(shares)
            ceilings = {
                a: max(5, int(whole * w / sum(weights) / 1e6)) * 1_000_000
                for a, w in zip(accounts, weights, strict=True)
            }
            village = (
                self.world.village_choice.draw(rng) if rng.random() < 0.4 and self.world.villages else None
            )
            found.append(
                SubBudget(
                    sub, FUNDS.draw(rng), rng.random() < 0.08, village, float(rng.randrange(1, 200)), ceilings
                )
            )
        weights = [sum(book.ceilings.values()) ** 0.5 for book in found]
        for book, weight in zip(found, weights, strict=True):
            book.expected = self.world.population * PAYMENTS_PER_PERSON * weight / sum(weights)
        return found

    def groups(self, year: int) -> Iterator[Group]:
        rng = self.world.rng(self.domain, year)
        books = self.books(year)
        if not books:
            return
        plan = self._calendar(rng, year, books)
        for _, day, what, book, number in sorted(plan, key=lambda p: p[0]):
            start = in_day(rng, self.world.day_start(day))
            if what in ("RKPD", "KUA-PPAS", "RAPBD", "APBD", "SHIFT", "APBD-P"):
                events = self._ceilings(rng, book, year, what, start)
            elif what == "SPD":
                events = [
                    self.document(
                        rng, book, year, "spd", start, sum(book.ceilings.values()) // 4, serial=number
                    )
                ]
            elif what == "UP":
                events = self._advance(rng, book, year, start)
            else:
                events = self.payment(rng, book, year, start)
            if events:
                yield Group(self.domain, events[0]["occurred_at"], events)

    def _calendar(
        self, rng: random.Random, year: int, books: list[SubBudget]
    ) -> list[tuple[tuple[int, int], date, str, SubBudget, int]]:
        """((day, order), day, what, sub-activity, number) of everything that starts in the year."""
        plan: list[tuple[date, str, SubBudget, int]] = []
        for number, book in enumerate(books):
            plan.append((date(year, 1, 2), "APBD", book, 0))
            plan.extend((date(year, m, 5), "SPD", book, (m + 2) // 3) for m in (1, 4, 7, 10))
            if number % 3 == 0:
                plan.append((date(year, 1, 10), "UP", book, 0))
            if rng.random() < 0.2:
                plan.append((date(year, 6, rng.randrange(1, 28)), "SHIFT", book, 0))
            plan.append((date(year, 9, 26), "APBD-P", book, 0))
        count = int(self.world.population * PAYMENTS_PER_PERSON)
        days = [
            d
            for d in self.world.days(year)
            if self.world.clock.is_working_day(d) and (d.month, d.day) > (1, 12)
        ]
        by_month = Choice.of(dict(enumerate(MONTHS, 1)))
        in_month = {m: [d for d in days if d.month == m] for m in range(1, 13)}
        big = Choice.of({n: sum(b.ceilings.values()) ** 0.5 for n, b in enumerate(books)})
        for _ in range(count):
            month = by_month.draw(rng)
            choices = in_month[month]
            if not choices:
                continue
            position = rng.random() ** (0.55 if month == 12 else 0.9)
            plan.append((choices[int(position * len(choices))], "PAY", books[big.draw(rng)], 0))
        return [((d.toordinal(), n), d, what, book, number) for n, (d, what, book, number) in enumerate(plan)]

    def _ceilings(
        self, rng: random.Random, book: SubBudget, year: int, stage: str, start: int
    ) -> list[Record]:
        events = []
        for position, account in enumerate(sorted(book.ceilings)):
            if stage != "APBD":
                moved = rng.gauss(0.0 if stage == "SHIFT" else 0.02, 0.08)
                least = book.paid.get(account, 0)
                book.ceilings[account] = max(
                    least, int(book.ceilings[account] * (1 + moved)) // 1_000_000 * 1_000_000, 1_000_000
                )
            amount = book.ceilings[account]
            record = self._event(rng, book, year, "ceiling", start + position * 1000, account, amount)
            record |= {
                "ceiling_stage": stage,
                "monthly_plan": _monthly(amount),
                "indicator": f"Keluaran {book.sub.name}"[:120],
                "target": book.target,
                "document_number": f"{'DPPA' if stage != 'APBD' else 'DPA'}/{book.sub.code}/{year}",
            }
            events.append(record)
        return events

    def _advance(self, rng: random.Random, book: SubBudget, year: int, start: int) -> list[Record]:
        """Petty cash (UP) of the year."""
        account = min(book.ceilings, key=lambda a: (-book.room(a), a))
        usual = max(5_000_000, sum(book.ceilings.values()) // 240 // 1_000_000 * 1_000_000)
        amount = min(usual, book.room(account))
        book.paid[account] = (
            book.paid.get(account, 0) + amount
        )  # what is spent of it is realised when the year closes
        return self._chain(rng, book, year, start, "UP", amount, account, {})

    def payment(self, rng: random.Random, book: SubBudget, year: int, start: int) -> list[Record]:
        """One payment through its chain; empty when the ceiling is spent."""
        kind = KINDS.draw(rng)
        account = min(book.ceilings, key=lambda a: (-book.room(a), a))
        room = book.room(account)
        usual = sum(book.ceilings.values()) / max(4.0, book.expected)
        amount = int(usual * rng.lognormvariate(0, 0.7) * (0.25 if kind != "LS" else 1.05)) // 1000 * 1000
        amount = min(amount, room * 96 // 100 // 1000 * 1000)
        if amount < 250_000:
            return []
        book.paid[account] = book.paid.get(account, 0) + amount
        payee = rng.randrange(60 + self.world.population // 1000)
        extra: dict[str, Any] = {}
        if kind == "LS":
            extra = {
                "payee_token": self.world.token("person", f"vendor/{payee}"),
                "payee_account_token": self.world.token("account", f"vendor/{payee}"),
                "address_token": self.world.token("address", f"vendor/{payee}"),
                "invoice_number": f"INV/{payee}/{rng.randrange(10**6):06d}",
                "recurring": account.startswith("5.1.01"),
            }
        return self._chain(rng, book, year, start, kind, amount, account, extra)

    def _chain(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        start: int,
        kind: str,
        amount: int,
        account: str,
        extra: dict[str, Any],
    ) -> list[Record]:
        """SPP, SPM and SP2D, and what follows an advance."""
        clock = self.world.clock
        book.serial += 1
        number = book.serial
        end = self.world.year_start(year + 1) - 3_600_000
        at, before, events = start, None, []
        for document, role in (("spp", "PPTK"), ("spm", "PA"), ("sp2d", "kuasa-BUD")):
            record = self.document(
                rng, book, year, document, min(at, end), amount, account=account, serial=number, kind=kind
            )
            record |= extra
            record["refers_to"] = before
            record["officer_role"] = role
            record["officer_token"] = self.world.token("person", f"{role}/{book.sub.opd}")
            before = record["document_number"]
            events.append(record)
            at = clock.add(at, min(0.2 + rng.expovariate(1.4), SLOWEST_DAYS))
        paid = events[-1]["occurred_at"]
        if kind == "TU":
            spent = amount * rng.randrange(70, 101) // 100 // 1000 * 1000
            settled = min(clock.add(paid, 5 + rng.random() * 14), paid + TU_TERM_MS, end)
            events.append(
                self._settle(rng, book, year, "accounting", settled, spent, account, number, kind, before)
            )
            if spent < amount:
                back = self._settle(
                    rng,
                    book,
                    year,
                    "return",
                    min(settled + 7_200_000, end),
                    amount - spent,
                    account,
                    number,
                    kind,
                    before,
                )
                events.append(back)
                book.paid[account] -= amount - spent
        elif kind == "LS" and rng.random() < 0.004:
            undone = min(clock.add(paid, 1.5), end)
            events.append(
                self._settle(rng, book, year, "reversal", undone, amount, account, number, kind, before)
            )
            book.paid[account] -= amount
        elif kind == "UP":
            # what is not replenished any more is accounted for, and the rest goes back, before the year closes
            spent = amount * 9 // 10 // 1000 * 1000
            closing = self.world.day_start(date(year, 12, 29)) + 36_000_000
            events.append(
                self._settle(rng, book, year, "accounting", closing, spent, account, number, kind, before)
            )
            last = closing + 3_600_000
            events.append(
                self._settle(rng, book, year, "return", last, amount - spent, account, number, kind, before)
            )
        return events

    def document(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        document: str,
        at: int,
        amount: int,
        *,
        serial: int,
        account: str = "",
        kind: str | None = None,
    ) -> Record:
        """One document of a sub-activity."""
        record = self._event(rng, book, year, document, at, account, amount)
        record["document_number"] = f"{document.upper()}/{book.sub.code}/{kind or 'TW'}/{serial:05d}/{year}"
        record["document_date"] = at
        record["complete_at"] = at if document == "spm" else None
        record["disbursement_type"] = kind
        return record

    def _settle(
        self,
        rng: random.Random,
        book: SubBudget,
        year: int,
        what: str,
        at: int,
        amount: int,
        account: str,
        number: int,
        kind: str,
        before: str | None,
    ) -> Record:
        record = self.document(rng, book, year, what, at, amount, account=account, serial=number, kind=kind)
        record["refers_to"] = before
        record["officer_role"] = "treasurer"
        record["officer_token"] = self.world.token("person", f"treasurer/{book.sub.opd}")
        return record

    def _event(
        self, rng: random.Random, book: SubBudget, year: int, kind: str, at: int, account: str, amount: int
    ) -> Record:
        sub = book.sub
        record = self.world.envelope(rng, self.world.source(self.domain, sub.opd), sub.opd, at, kind)
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


def _monthly(amount: int) -> list[int]:
    """The cash plan, January to December; sums to the ceiling."""
    plan = [int(amount * share) for share in MONTHS]
    plan[-1] += amount - sum(plan)
    return plan

"""The budget of a year: ceilings with a monthly cash plan, shift and APBD-P, packages, SPD, and payments through it.

The next year's plans (RKPD, KUA-PPAS, RAPBD) are made in this one. One Group per document chain; all events of a
sub-activity share its key.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from producers.simulator.contracts import Account, Contract, contract_number, largest, package_id
from producers.simulator.disbursement import Disbursement, SubBudget, payee
from producers.simulator.progress import Works
from producers.simulator.seasons import in_day
from producers.simulator.slips import swapped_digits, with_slips
from producers.simulator.world import DAY_MS, Choice, Group, Record, World

SPEND_PER_PERSON = 4_200_000  # rupiah a year
PAYMENTS_PER_PERSON = 0.035
#: The plans of the next year, and when in this one.
PLANS = {"RKPD": (6, 25), "KUA-PPAS": (7, 25), "RAPBD": (9, 21)}
DOCUMENTS = {"APBD": "DPA", "SHIFT": "DPPA", "APBD-P": "DPPA"}
BOUGHT = ("5.1.02", "5.2")
DIRECT_LIMIT = 100_000_000  # lawful for every kind of procurement in every year
METHODS = Choice.of(
    {"e-purchasing": 0.45, "direct": 0.3, "tender": 0.12, "swakelola": 0.12, "emergency": 0.01}
)
MONTHS = (0.025, 0.045, 0.06, 0.07, 0.075, 0.09, 0.085, 0.085, 0.09, 0.095, 0.11, 0.17)
FUNDS = Choice.of({"DAU": 5, "PAD": 3, "DAK": 1.5, "DBH": 1})
USUAL_ACCOUNTS = (
    "5.1.01.01.01.0001",
    "5.1.02.01.01.0024",
    "5.1.02.02.01.0062",
    "5.1.02.04.01.0001",
    "5.2.02.05.01.0005",
    "5.2.03.01.01.0001",
)


class Budget:
    """The stream of the budget."""

    domain = "budget"

    def __init__(self, world: World) -> None:
        self.world = world
        self.disbursement, self.works = Disbursement(world), Works(world)
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
        progress = self.works.progress(year)
        for book in books:
            book.progress = progress.get(book.sub.code)
        for _, day, what, book, number in sorted(self._calendar(rng, year, books), key=lambda p: p[0]):
            start = in_day(rng, self.world.day_start(day))
            documents = self._documents(rng, book, year, what, start, number)
            if documents:
                yield with_slips(rng, self.domain, documents, partial(_mistake, book))

    def contracts(self, year: int) -> dict[str, Contract]:
        """The contracts on whose works is reported in a year, by sub-activity."""
        books = self.books(year)
        found = {}
        for _, day, what, book, _ in self._calendar(self.world.rng(self.domain, year), year, books):
            bought = _bought(book)
            if what == "PACKAGE" and bought:
                account = min(bought, key=lambda a: (-book.ceilings[a], package_id(year, book.sub.code, a)))
                number = package_id(year, book.sub.code, account)
                found[book.sub.code] = Contract(number, self.world.day_start(day))
        return found

    def _documents(
        self, rng: random.Random, book: SubBudget, year: int, what: str, start: int, number: int
    ) -> list[Record]:
        """What starts on a day: a stage of the ceiling, an SPD, UP of ``number`` rupiah, packages or a payment."""
        make = self.disbursement
        if what in PLANS:
            return self._ceilings(rng, book, year + 1, what, start)
        if what in ("APBD", "SHIFT", "APBD-P"):
            return self._ceilings(rng, book, year, what, start)
        if what == "SPD":
            quarter = sum(book.ceilings.values()) // 4
            return [make.document(rng, book, year, "spd", start, quarter, "", number)]
        if what == "UP":
            return make.petty_cash(rng, book, year, start, number)
        if what == "PACKAGE":
            return self._packages(rng, book, year, start)
        return make.payment(rng, book, year, start)

    def _calendar(
        self, rng: random.Random, year: int, books: list[SubBudget]
    ) -> list[tuple[tuple[int, int], date, str, SubBudget, int]]:
        """((day, order), day, what, sub-activity, number) of everything that starts in the year."""
        plan: list[tuple[date, str, SubBudget, int]] = []
        for book in books:
            plan.append((date(year, 1, 2), "APBD", book, 0))
            plan.extend((date(year, m, 5), "SPD", book, (m + 2) // 3) for m in (1, 4, 7, 10))
            plan.append((date(year, 1, 20) + timedelta(days=rng.randrange(120)), "PACKAGE", book, 0))
            if rng.random() < 0.2:
                plan.append((date(year, 6, rng.randrange(1, 28)), "SHIFT", book, 0))
            plan.append((date(year, 9, 26), "APBD-P", book, 0))
        holders = {book.sub.opd: book for book in reversed(books)}
        for opd, book in holders.items():
            whole = sum(sum(b.ceilings.values()) for b in books if b.sub.opd == opd)
            up = max(5_000_000, min(whole // 240, sum(book.ceilings.values()) // 4)) // 1_000_000 * 1_000_000
            plan.append((date(year, 1, 10), "UP", book, up))
        for book in self.books(year + 1):
            plan.extend((date(year, month, day), stage, book, 0) for stage, (month, day) in PLANS.items())
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
        """A stage of the ceilings of ``year``; a plan is what will be approved, a little off."""
        events = []
        for position, account in enumerate(sorted(book.ceilings)):
            amount = book.ceilings[account]
            if stage != "APBD":
                moved = rng.gauss(0.0 if stage == "SHIFT" else 0.02, 0.08)
                least = max(book.paid.get(account, 0), 1_000_000)
                amount = max(least, int(amount * (1 + moved)) // 1_000_000 * 1_000_000)
            if stage not in PLANS:
                book.ceilings[account] = amount
            record = self.disbursement.event(
                rng, book, year, "ceiling", start + position * 1000, account, amount
            )
            record |= {
                "ceiling_stage": stage,
                "monthly_plan": _monthly(amount),
                "indicator": f"Keluaran {book.sub.name}"[:120],
                "target": book.target,
                "document_number": f"{DOCUMENTS.get(stage, stage)}/{book.sub.code}/{year}",
            }
            events.append(record)
        return events

    def _packages(self, rng: random.Random, book: SubBudget, year: int, start: int) -> list[Record]:
        """The packages of goods, services and works on the day they are procured, each from a supplier of its own."""
        events: list[Record] = []
        for account in _bought(book):
            number = package_id(year, book.sub.code, account)
            ceiling = book.ceilings[account] * 9 // 10
            method = METHODS.draw(rng)
            if method == "direct" and ceiling > DIRECT_LIMIT:
                method = "tender"
            procured = start + len(events) * 1000
            what = {"package_id": number, "package_method": method, "package_kind": _kind(account)}
            what |= {"package_ceiling": ceiling, "procured_at": procured}
            what |= payee(self.world, f"{book.sub.code}/{account}")
            event = self.disbursement.event(rng, book, year, "package", procured, account, ceiling)
            events.append(event | what | {"document_number": number})
            contract = {"contract_number": contract_number(number), "contract_end": procured + 120 * DAY_MS}
            book.packages[account] = what | contract
        if events and book.progress is not None:
            main = largest(events)
            number = contract_number(main["package_id"])
            book.contract = Account(number, main["amount"], book.progress)
        return events


def _bought(book: SubBudget) -> list[str]:
    """The accounts from which something is bought or built."""
    return sorted(account for account in book.ceilings if account.startswith(BOUGHT))


def _mistake(book: SubBudget, rng: random.Random, record: Record) -> Record:
    """A wrong amount, or the account of the line beside it."""
    others = [a for a in sorted(book.ceilings) if a != record["account"]]
    if record["kind"] != "ceiling" and record["account"] and others and rng.random() < 0.4:
        return {"account": rng.choice(others)}
    amount = swapped_digits(rng, record["amount"])
    return {"amount": amount} | ({"monthly_plan": _monthly(amount)} if record["kind"] == "ceiling" else {})


def _kind(account: str) -> str:
    """What kind of procurement an account is for."""
    kinds = {
        "5.2.03": "construction",
        "5.2.04": "construction",
        "5.1.02.02.08": "consulting",
        "5.1.02.02": "services",
    }
    return next((kind for prefix, kind in kinds.items() if account.startswith(prefix)), "goods")


def _monthly(amount: int) -> list[int]:
    """The cash plan, January to December; sums to the ceiling."""
    plan = [int(amount * share) for share in MONTHS]
    plan[-1] += amount - sum(plan)
    return plan

"""The regency as it happens: events at the wall time, at any hour, so that a demonstration moves at night too.

It goes on with what the history left open and begins new things. The choices are seeded, the times are the wall's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from producers.simulator.disbursement import SubBudget
from producers.simulator.fees import fees_of
from producers.simulator.revenue import Line
from producers.simulator.simulator import Simulator, Unfinished
from producers.simulator.world import Choice, Record

OPEN_CASES = 4000
LEFT_ALONE = (
    0.6  # of the cases that the history left open keep waiting at their office, some of them too long
)
SMALL = 60_000  # rupiah, the middle of what is paid over a counter in a minute
HELD_RECEIPTS = 25
FOLLOWS = ("permits", "population", "budget")


class Live:
    """An endless stream. ``began`` (UTC ms) keeps the numbers of two runs apart."""

    def __init__(self, simulator: Simulator, unfinished: list[Unfinished], *, began: int) -> None:
        self.simulator, self.world, self.began = simulator, simulator.world, began
        self.rng = self.world.rng("live", began)
        self.open: dict[str, list[list[Record]]] = {domain: [] for domain in FOLLOWS}
        for item in unfinished:
            if item.domain in self.open and not (item.domain == "permits" and self.rng.random() < LEFT_ALONE):
                self.open[item.domain].append(list(item.events))
        self.number = 0
        self.held: dict[str, list[Record]] = {}
        self.slips: list[Record] = []
        self.last = 0
        self.sent: dict[str, tuple[int, str, int]] = {}
        year = self.world.local_date(began).year
        self.year = year
        self.books: list[SubBudget] = simulator.budget.books(year)
        self.progress: dict[str, int] = {}
        actions: dict[Callable[[int], tuple[str, Record]], float] = {
            self._permit_step: 38,
            self._new_permit: 7 if self.world.profile.permit_types else 0,
            self._receipt: 38 if simulator.revenue.offices else 0,
            self._document: 7 if self.books else 0,
            self._population: 8 if self.world.villages else 0,
            self._progress: 2 if self.books else 0,
        }
        self.actions = Choice.of({action: weight for action, weight in actions.items() if weight})

    def next(self, now: int) -> tuple[str, Record]:
        """The next (domain, event), occurring now (UTC ms); times never go back."""
        now = self.last = max(now, self.last + 1)
        domain, record = (
            ("revenue", self._now(self.slips.pop(), now)) if self.slips else self.actions.draw(self.rng)(now)
        )
        if domain == "permits":
            self._fee(record)
        count = self.sent.get(record["source"], (0, "", 0))[0]
        self.sent[record["source"]] = (count + 1, record["event_id"], now)
        return domain, record

    def stream(self, clock: Callable[[], int]) -> Iterator[tuple[str, Record]]:
        """Without end; ``clock`` gives UTC ms."""
        while True:
            yield self.next(clock())

    def beats(self, now: int) -> list[Record]:
        """A heartbeat of every source."""
        return self.simulator.heartbeats.beats(now, self.sent)

    def _now(self, record: Record, now: int) -> Record:
        record["occurred_at"] = now
        record.pop("mode", None)
        for name in ("document_date", "complete_at"):
            if record.get(name) is not None:
                record[name] = now
        return record

    def _follow(self, domain: str, now: int) -> tuple[str, Record] | None:
        """The next event of something that is open."""
        waiting = self.open[domain]
        if not waiting:
            return None
        index = self.rng.randrange(len(waiting))
        events = waiting[index]
        record = events.pop(0)
        if not events:
            waiting[index] = waiting[-1]
            waiting.pop()
        return domain, self._now(record, now)

    def _begin(self, domain: str, events: list[Record], now: int) -> tuple[str, Record]:
        first = events.pop(0)
        if events:
            self.open[domain].append(events)
        return domain, self._now(first, now)

    def _name(self) -> str:
        self.number += 1
        return f"L{self.began // 1000:x}-{self.number:06d}"

    def _new_permit(self, now: int) -> tuple[str, Record]:
        if len(self.open["permits"]) > OPEN_CASES:
            return self._permit_step(now)
        name = self._name()
        events = self.simulator.permits.case(self.rng, f"{self.year}-{name}", self.number, now)
        return self._begin("permits", events, now)

    def _permit_step(self, now: int) -> tuple[str, Record]:
        return self._follow("permits", now) or (
            self._new_permit(now) if self.world.profile.permit_types else self._receipt(now)
        )

    def _receipt(self, now: int) -> tuple[str, Record]:
        revenue = self.simulator.revenue
        lines = {
            office.code: [line for line in revenue.lines[office.code] if line.account.startswith("4.1")]
            for office in revenue.offices
        }
        office = self.rng.choice([o for o in revenue.offices if lines[o.code]] or revenue.offices)
        chosen = self.rng.choice(lines[office.code] or [Line(revenue.accounts[0], 0, SMALL)])
        line = replace(chosen, median=min(chosen.median, SMALL))
        self.number += 1
        record = revenue.receipt(self.rng, office, line, now, self.number)
        record["receipt_book"] = f"{office.code}/L{self.began // 1000:x}"
        record["receipt_number"] = f"{office.code}-{self._name()}"
        if not office.direct_use:
            held = self.held.setdefault(office.code, [])
            held.append(record)
            if len(held) >= HELD_RECEIPTS:
                self.slips.extend(revenue.deposits(self.rng, office, held, now, self._name()))
                held.clear()
        return "revenue", record

    def _fee(self, record: Record) -> None:
        """What was paid for a permit comes onto the books next, and to the treasury with what else is held."""
        fees = self.simulator.fees
        if fees.office is None or not fees.account:
            return
        for fee in fees_of([record]):
            receipt = fees.receipt(self.rng, fees.office, fee, self._name())
            receipt["receipt_book"] += f"/L{self.began // 1000:x}"
            self.slips.append(receipt)
            if not fees.office.direct_use:
                self.held.setdefault(fees.office.code, []).append(receipt)

    def _document(self, now: int) -> tuple[str, Record]:
        if self.rng.random() < 0.7:
            followed = self._follow("budget", now)
            if followed:
                return followed
        book = self.rng.choice(self.books)
        book.serial = max(book.serial, 50_000)
        events = self.simulator.budget.disbursement.payment(self.rng, book, self.year, now)
        for record in events:
            for name in ("document_number", "refers_to"):
                if record.get(name):
                    record[name] = f"{record[name]}/L{self.began // 1000:x}"
        return self._begin("budget", events, now) if events else self._receipt_or_step(now)

    def _receipt_or_step(self, now: int) -> tuple[str, Record]:
        return self._receipt(now) if self.simulator.revenue.offices else self._permit_step(now)

    def _population(self, now: int) -> tuple[str, Record]:
        if self.rng.random() < 0.4:
            followed = self._follow("population", now)
            if followed:
                return followed
        return self._begin("population", self.simulator.population.change(self.rng, self._name(), now), now)

    def _progress(self, now: int) -> tuple[str, Record]:
        sub: Any = self.rng.choice(self.books).sub
        usual = 10_000 * self.world.local_date(now).timetuple().tm_yday // 366
        done = self.progress.setdefault(sub.code, max(0, usual - self.rng.randrange(2500)))
        done = self.progress[sub.code] = min(10_000, done + self.rng.randrange(1, 12))
        record = self.simulator.activities.report(
            self.rng, sub, now, done, min(10_000, done + 200), self.year, "progress"
        )
        return "activities", record

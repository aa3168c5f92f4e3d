"""Permit cases: variants, holders, returns to the applicant, refusals, and about six in a hundred late.

Apart from those the office keeps its promises: cases of a type go through nearly in the order they came in, each
within its standard, its steps' standards and its deemed approval. What looks odd and is innocent is in honest.py.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from producers.simulator import honest
from producers.simulator.case import Case, Plan
from producers.simulator.seasons import arrivals, in_day
from producers.simulator.world import Choice, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import PermitType, Step

CASES_PER_PERSON = 0.03
LATE_SHARE = 0.06
LATE = frozenset({"P01", "P02"})
MONTHS = (1.1, 1.0, 1.0, 0.95, 0.95, 1.05, 1.1, 1.0, 1.05, 1.1, 1.0, 0.7)
WEEKDAYS = (1.25, 1.15, 1.1, 1.1, 0.9, 0.25, 0.15)
REJECTED = 0.04
VERIFIERS, APPROVERS = 6, 2
FEE_TYPES = ("PBG", "TKA", "IPR")  # where the profile has no tariffs
STEP_KEPT = 0.88  # the most that an office which is in time uses of a step's standard
HOURS_LEFT = 0.35  # what it leaves of the whole promise, working days, because units keep different hours


@dataclass(frozen=True, slots=True)
class Mandate:
    """An officer who may decide permits of a type from a day on, and under which delegation."""

    officer_token: str
    permit_type: str
    delegation_id: str = ""


class Permits:
    """The stream of permit cases; one Group per case."""

    domain = "permits"

    def __init__(self, world: World) -> None:
        self.world = world
        self.opd = world.source_opd(self.domain)
        self.source = world.source(self.domain, self.opd)
        rng = world.rng(self.domain, "types")
        types = [world.profile.permit_types[code] for code in sorted(world.profile.permit_types)]
        self.types = Choice.of({t.code: rng.lognormvariate(0, 0.7) for t in types})
        self.seasons = {t.code: (rng.uniform(90, 150), rng.random()) for t in types}

    def groups(self, year: int) -> Iterator[Group]:
        """Every case submitted in a year, in order of submission, followed to its end."""
        rng = self.world.rng(self.domain, year)
        rate = self.world.population * CASES_PER_PERSON / 365
        days = arrivals(self.world, rng, year, rate, MONTHS, WEEKDAYS)
        for number, day in enumerate(days, 1):
            start = in_day(rng, self.world.day_start(day), spread=0.15)
            plan = self._plan(rng, f"{year}-{number:06d}", number, start)
            events = self._follow(rng, plan)
            late = honest.entered_late(self.world, rng, plan, events)
            yield Group(self.domain, start, events, late, LATE if plan.late else frozenset())

    def case(self, rng: random.Random, case_number: str, number: int, start: int) -> list[Record]:
        """The whole life of one case, planned when it comes in."""
        return self._follow(rng, self._plan(rng, case_number, number, start))

    def _plan(self, rng: random.Random, case_number: str, number: int, start: int) -> Plan:
        world = self.world
        kind = world.profile.permit_types[self.types.draw(rng)]
        late = rng.random() < LATE_SHARE
        accepted = world.clock.add(start, rng.expovariate(4.0))
        day = world.local_date(accepted)
        valid = list(kind.steps_on(day))
        steps = [s for s in valid if s.mandatory or rng.random() < 0.7] or valid
        rejected = rng.random() < REJECTED
        plan = Plan(
            kind=kind,
            case_id=f"{kind.code}-{case_number}",
            number=number,
            start=start,
            accepted=accepted,
            day=day,
            steps=steps,
            late=late,
            rejected=rejected,
            fee=0 if rejected else self._fee(rng, kind, day),
            promise=self.promise(kind, day),
        )
        self._people(rng, plan)
        honest.vary(rng, plan)
        if late:
            plan.share = 1.05 + rng.expovariate(3.5)
        else:
            usual = self._load(kind, accepted) * rng.lognormvariate(0, 0.08) * plan.pace
            plan.share = min(max(usual, 0.12), 0.93, max(0.5, 1 - HOURS_LEFT / plan.promise))
        return plan

    def promise(self, kind: PermitType, day: date) -> float:
        """Working days within which an office that keeps its word decides a case that starts on a day."""
        return min(self.world.profile.service_standard(kind.code, day) or 7.0, kind.deemed_on(day) or 1e9)

    def _load(self, kind: PermitType, at: int) -> float:
        """The share of the promise that cases of a type take these weeks: busy and quiet times follow each other."""
        period, phase = self.seasons[kind.code]
        return 0.52 + 0.17 * math.sin(2 * math.pi * (at / 86_400_000 / period + phase))

    def _fee(self, rng: random.Random, kind: PermitType, day: date) -> int:
        tariff = self.world.profile.tariff(kind.code, day)
        by_formula = rng.randrange(50, 4000) * 5000
        if tariff is not None:
            return by_formula if tariff.amount is None else tariff.amount
        free = self.world.profile.tariffs or not kind.code.upper().startswith(FEE_TYPES)
        return 0 if free else by_formula

    def _people(self, rng: random.Random, plan: Plan) -> None:
        """Who acts in the case: one officer for each step, and one who decides."""
        for step in plan.steps:
            if not step.automatic:
                specialist = honest.specialist(rng, plan.kind.code, VERIFIERS)
                plan.officers[step.code] = self.officer(rng, step.unit, "verifier", specialist)
        last = plan.steps[-1] if plan.steps else None
        if last is not None and not last.automatic:
            deputy = rng.random() < honest.DEPUTY
            plan.approver = self.deputy(last.unit) if deputy else self.officer(rng, last.unit, "approver")
            plan.delegation = self.delegation(last.unit) if deputy else None
        honest.share_officers(rng, plan)

    def officer(self, rng: random.Random, unit: str, role: str, number: int | None = None) -> str:
        """One of a unit's few officers; approvers are fewer, so that the same person rarely does both."""
        count = APPROVERS if role == "approver" else VERIFIERS
        chosen = min(rng.randrange(count), rng.randrange(count)) if number is None else number
        return self.person(unit, role, chosen)

    def person(self, unit: str, role: str, number: object) -> str:
        """The token of a unit's officer."""
        return self.world.token("person", f"officer/{unit}/{role}/{number}")

    def deputy(self, unit: str) -> str:
        """Who decides for a unit while its approvers are away, under a delegation."""
        return self.person(unit, "approver", "deputy")

    def delegation(self, unit: str) -> str:
        """The number of that delegation."""
        return f"SK-PLH/{unit}"

    def mandates(self) -> list[Mandate]:
        """Everyone who decides in the honest regency, by permit type."""
        found = []
        for code in sorted(self.world.profile.permit_types):
            for unit in sorted({s.unit for s in self.world.profile.permit_types[code].steps}):
                people = [self.person(unit, "approver", n) for n in range(APPROVERS)]
                found += [Mandate(token, code) for token in people]
                found.append(Mandate(self.deputy(unit), code, self.delegation(unit)))
        return found

    def _follow(self, rng: random.Random, plan: Plan) -> list[Record]:
        """The events of a planned case."""
        case = Case(self.world, self.source, self.opd, rng, plan)
        first = plan.steps[0] if plan.steps else None
        unit = first.unit if first else None
        case.add("submitted", plan.start, unit=unit, new_documents=True, register_number=plan.number)
        case.add("accepted", plan.accepted, unit=unit, **case.by(first))
        at = case.last
        for step, (wait, work) in zip(plan.steps, self._durations(rng, plan), strict=True):
            begin = self.world.clock.add(at, wait) if wait else at
            returns = plan.returns if plan.returned_at == step.code else 0
            at = case.step(step, begin, work, returns, plan.rounds.get(step.code, 1))
            if returns and rng.random() < 0.12:
                case.withdraw()
                return case.events
        case.decide(at)
        honest.skew(rng, plan, case.events)
        honest.correct(self.world, rng, case.events)
        return case.events

    def _durations(self, rng: random.Random, plan: Plan) -> list[tuple[float, float]]:
        """Working days that each step waits and takes; together the share of the promise that the case takes."""
        weights = [
            self._weight(s, plan) * rng.gammavariate(12, 1 / 12) * plan.slow.get(s.code, 1.0)
            for s in plan.steps
        ]
        total = sum(weights) or 1.0
        found = []
        for step, weight in zip(plan.steps, weights, strict=True):
            if step.automatic:
                found.append((0.0, honest.MACHINE_DAYS * (0.5 + rng.random())))
                continue
            days = plan.promise * plan.share * weight / total
            wait, work = (0.0, days) if plan.batch else (days * 0.35, days * 0.65)
            if not plan.late:
                own = self.world.profile.service_standard(plan.kind.code, plan.day, step.code)
                work = min(work, own * STEP_KEPT) if own else work
            least = step.minimum_minutes * 1.3 / honest.DAY_MINUTES
            found.append((wait, max(work, least)))
        return found

    def _weight(self, step: Step, plan: Plan) -> float:
        if step.automatic:
            return 0.0
        own = self.world.profile.service_standard(plan.kind.code, plan.day, step.code)
        return own or plan.promise / max(1, len(plan.steps))

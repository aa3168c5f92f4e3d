"""Permit cases: variants, holders, returns to the applicant, refusals, and about six in a hundred late."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from producers.simulator.seasons import arrivals, in_day
from producers.simulator.world import DAY_MS, MINUTE_MS, Choice, Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import PermitType, Step

CASES_PER_PERSON = 0.03
LATE_SHARE = 0.06
MONTHS = (1.1, 1.0, 1.0, 0.95, 0.95, 1.05, 1.1, 1.0, 1.05, 1.1, 1.0, 0.7)
WEEKDAYS = (1.25, 1.15, 1.1, 1.1, 0.9, 0.25, 0.15)
CHANNELS = Choice.of({"online": 0.72, "counter": 0.23, "mobile service": 0.05})
REASONS = Choice.of({"DOKUMEN-KURANG": 5, "GAMBAR-TEKNIS": 3, "TATA-RUANG": 1, "DATA-TIDAK-SESUAI": 2})
RISKS = Choice.of({"low": 4, "medium-low": 3, "medium-high": 2, "high": 1})


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
        self.people = max(50, int(world.population * 0.02))
        self.agents = max(5, world.population // 4000)

    def groups(self, year: int) -> Iterator[Group]:
        """Every case submitted in a year, in order of submission, followed to its end."""
        rng = self.world.rng(self.domain, year)
        rate = self.world.population * CASES_PER_PERSON / 365
        days = arrivals(self.world, rng, year, rate, MONTHS, WEEKDAYS)
        for number, day in enumerate(days, 1):
            start = in_day(rng, self.world.day_start(day), spread=0.15)
            yield Group(self.domain, start, self.case(rng, f"{year}-{number:06d}", number, start))

    def case(self, rng: random.Random, case_number: str, number: int, start: int) -> list[Record]:
        """The whole life of one case, planned when it comes in."""
        world = self.world
        kind = world.profile.permit_types[self.types.draw(rng)]
        late = rng.random() < LATE_SHARE
        share = 1.03 + rng.expovariate(3.5) if late else 0.12 + 0.8 * rng.betavariate(2.2, 2.2)
        today = world.local_date(start)
        standard = world.profile.service_standard(kind.code, today) or 7.0
        case = _Case(self, rng, kind, f"{kind.code}-{case_number}", number)
        template = kind.steps_on(today) or kind.steps
        steps = [s for s in template if s.mandatory or rng.random() < 0.7] or list(template)
        first = steps[0].unit if steps else None
        case.add("submitted", start, unit=first, new_documents=True)
        accepted = world.clock.add(start, rng.expovariate(4.0))
        case.add("accepted", accepted, unit=first, register_number=number, officer=first)
        at = accepted
        weights = [self._weight(s, kind, standard, start) * rng.gammavariate(12, 1 / 12) for s in steps]
        total = sum(weights) or 1.0
        returned = rng.random() < 0.13
        where = rng.randrange(max(1, len(steps) - 1)) if steps else 0
        for index, step in enumerate(steps):
            duration = standard * share * weights[index] / total
            begin = world.clock.add(at, duration * 0.35)
            actor = {"automatic": True} if step.automatic else {"officer": step.unit}
            case.add("started", begin, step=step.code, unit=step.unit, **actor)
            at = begin
            if returned and index == where:
                at = world.clock.add(begin, duration * 0.15)
                case.add(
                    "returned",
                    at,
                    step=step.code,
                    unit=step.unit,
                    **actor,
                    reason_code=REASONS.draw(rng),
                )
                at += int(DAY_MS * (0.5 + rng.expovariate(0.35)))
                if rng.random() < 0.12:
                    case.add("withdrawn", at, unit=None)
                    return case.events
                case.add("resubmitted", at, step=step.code, unit=step.unit, new_documents=True)
                duration *= 0.8
            at = world.clock.add(at, duration * 0.65)
            case.add("finished", at, step=step.code, unit=step.unit, **actor)
        last = steps[-1].unit if steps else None
        at += rng.randrange(1, 20) * MINUTE_MS
        if rng.random() < 0.04:
            case.add("rejected", at, unit=last, officer=last, role="approver", reason_code=REASONS.draw(rng))
        else:
            document = f"{kind.code}/{number:06d}/{world.local_date(at).year}"
            extra = {"fee_assessed": case.fee, "fee_paid": case.fee} if case.fee else {}
            case.add(
                "issued",
                at,
                unit=last,
                officer=last,
                role="approver",
                document_number=document,
                document_date=at,
                **extra,
            )
        return case.events

    def _weight(self, step: Step, kind: PermitType, standard: float, start: int) -> float:
        own = self.world.profile.service_standard(kind.code, self.world.local_date(start), step.code)
        return own or standard / max(1, len(kind.steps))

    def officer(self, rng: random.Random, unit: str, role: str) -> str:
        """One of a unit's few officers; approvers are fewer, so that the same person rarely does both."""
        count = 2 if role == "approver" else 6
        return self.world.token(
            "person", f"officer/{unit}/{role}/{min(rng.randrange(count), rng.randrange(count))}"
        )


class _Case:
    """One permit case while it is planned."""

    def __init__(
        self, stream: Permits, rng: random.Random, kind: PermitType, case_id: str, number: int
    ) -> None:
        world = stream.world
        self.stream, self.rng, self.number = stream, rng, number
        self.fee = (
            rng.randrange(50, 4000) * 5000 if kind.code.upper().startswith(("PBG", "TKA", "IPR")) else 0
        )
        self.common = {
            "case_id": case_id,
            "permit_type": kind.code,
            "applicant_token": world.token("person", f"applicant/{rng.randrange(stream.people)}"),
            "village": world.village_choice.draw(rng),
            "channel": CHANNELS.draw(rng),
            "risk_level": RISKS.draw(rng),
            "address_token": world.token("address", rng.randrange(stream.people * 2)),
        }
        if rng.random() < 0.25:
            self.common["agent_token"] = world.token("person", f"agent/{rng.randrange(stream.agents)}")
        self.events: list[Record] = []

    def add(
        self, kind: str, at: int, *, officer: str | None = None, role: str = "verifier", **fields: object
    ) -> None:
        """Append one event; ``officer`` is the unit whose officer acts."""
        stream = self.stream
        if self.events and at <= self.events[-1]["occurred_at"]:
            at = self.events[-1]["occurred_at"] + 1000
        record = stream.world.envelope(self.rng, stream.source, stream.opd, at, kind)
        record.update(self.common)
        if officer is not None:
            record["officer_token"] = stream.officer(self.rng, officer, role)
            record["officer_role"] = role
        record.update(fields)
        self.events.append(record)

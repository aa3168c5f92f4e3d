"""One permit case while it is planned and then followed through its events."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from producers.simulator.world import DAY_MS, HOUR_MS, MINUTE_MS, Choice, Record, World

if TYPE_CHECKING:
    from schemas.profile import PermitType, Step

CHANNELS = Choice.of({"online": 0.72, "counter": 0.23, "mobile service": 0.05})
REASONS = Choice.of({"DOKUMEN-KURANG": 5, "GAMBAR-TEKNIS": 3, "TATA-RUANG": 1, "DATA-TIDAK-SESUAI": 2})
RISKS = Choice.of({"low": 4, "medium-low": 3, "medium-high": 2, "high": 1})
APPLICANTS, AGENTS = 0.02, 0.000_25  # of the population


@dataclass(slots=True)
class Plan:
    """What will happen in a case; times UTC ms, durations working days, the fee rupiah.

    ``promise`` is what the office promised and ``share`` how much of it the case takes. ``officers`` are tokens by
    step; ``rounds`` how often a step is done, ``slow`` how much longer it takes, where that is not once and as usual.
    ``returned_at`` is the step that sends the file back ``returns`` times.
    """

    kind: PermitType
    case_id: str
    number: int
    start: int
    accepted: int
    day: date
    steps: list[Step]
    late: bool
    rejected: bool
    fee: int
    promise: float
    share: float = 0.5
    pace: float = 1.0
    officers: dict[str, str] = field(default_factory=dict)
    approver: str | None = None
    delegation: str | None = None
    rounds: dict[str, int] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    returns: int = 0
    returned_at: str = ""
    channel: str = "online"
    agent: bool = False
    batch: bool = False
    night: bool = False
    again: bool = False
    fee_first: bool = False


class Case:
    """The events of one case, appended in order of time."""

    def __init__(self, world: World, source: str, opd: str, rng: random.Random, plan: Plan) -> None:
        self.world, self.source, self.opd, self.rng, self.plan = world, source, opd, rng, plan
        people = max(50, int(world.population * APPLICANTS))
        self.common: dict[str, Any] = {
            "case_id": plan.case_id,
            "permit_type": plan.kind.code,
            "applicant_token": world.token("person", f"applicant/{rng.randrange(people)}"),
            "village": world.village_choice.draw(rng) if world.villages else None,
            "channel": plan.channel,
            "risk_level": RISKS.draw(rng),
            "address_token": world.token("address", rng.randrange(people * 2)),
        }
        if plan.agent:
            agents = max(5, int(world.population * AGENTS))
            self.common["agent_token"] = world.token("person", f"agent/{rng.randrange(agents)}")
        self.events: list[Record] = []

    @property
    def last(self) -> int:
        """When the latest event happened, UTC ms."""
        at: int = self.events[-1]["occurred_at"]
        return at

    def add(self, kind: str, at: int, **fields: object) -> int:
        """Append one event, a second after the one before at the earliest unless all are entered at once."""
        if self.events and at <= self.last:
            at = self.last + (0 if self.plan.batch and self.plan.steps else 1000)
        record = self.world.envelope(self.rng, self.source, self.opd, at, kind)
        record.update(self.common)
        record.update(fields)
        self.events.append(record)
        return at

    def by(self, step: Step | None) -> dict[str, Any]:
        """The fields that say who does a step."""
        if step is None:
            return {}
        if step.automatic:
            return {"automatic": True}
        return {"officer_token": self.plan.officers[step.code], "officer_role": "verifier"}

    def step(self, step: Step, begin: int, days: float, returns: int, rounds: int) -> int:
        """A step from its start to its end, with what goes back to the applicant in between; returns the end."""
        clock, rng = self.world.clock_of(step.unit), self.rng
        about: dict[str, Any] = {"step": step.code, "unit": step.unit, **self.by(step)}
        paid = self._paid_early(step)
        at = begin
        for round_ in range(rounds):
            if round_:
                at += rng.randrange(2, 30) * MINUTE_MS
            at = self.add("started", at, **about, **paid)
            paid = {}
            part = days / rounds
            for _ in range(returns if round_ == 0 else 0):
                at = clock.add(at, part * 0.2 / returns)
                at = self.add("returned", at, **about, reason_code=REASONS.draw(rng))
                at += int(DAY_MS * (0.5 + rng.expovariate(0.35)))
                at = self.add("resubmitted", at, step=step.code, unit=step.unit, new_documents=True)
            at = clock.add(at, part * (0.8 if returns and round_ == 0 else 1.0))
            at = self.add("finished", at, **about, **self._assessed(step))
        return at

    def withdraw(self) -> None:
        """The applicant gives up after the file came back: nothing follows the return."""
        position = next(n for n, e in enumerate(self.events) if e["kind"] == "resubmitted")
        del self.events[position + 1 :]
        gone = self.events[-1]
        for name in ("step", "unit", "new_documents"):
            gone.pop(name, None)
        gone["kind"] = "withdrawn"

    def decide(self, at: int) -> None:
        """The decision, signed in the evening now and then, and what may follow a refusal."""
        plan, rng = self.plan, self.rng
        last = plan.steps[-1] if plan.steps else None
        about: dict[str, Any] = {"unit": last.unit if last else None}
        if plan.approver is not None:
            about |= {"officer_token": plan.approver, "officer_role": "approver"}
        if plan.delegation is not None:
            about |= {"delegation_id": plan.delegation}
        if last is not None and last.automatic:
            about |= {"automatic": True, "officer_role": "system"}
        at += 0 if plan.batch else rng.randrange(1, 20) * MINUTE_MS
        midnight = self.world.day_start(self.world.local_date(at))
        if (
            plan.night and at - midnight > 14 * HOUR_MS
        ):  # what is ready in the morning is signed in the morning
            at = max(at, midnight + 19 * HOUR_MS + rng.randrange(180) * MINUTE_MS)
        if plan.rejected:
            at = self.add("rejected", at, **about, reason_code=REASONS.draw(rng))
            if not plan.again:
                return
            at = self.world.clock.add(at + int(DAY_MS * (0.5 + rng.expovariate(0.5))), 0.1)
            self.add("resubmitted", at, unit=about["unit"], new_documents=True)
            at = self.world.clock.add(at, 0.5 + rng.random() * 2)
        document = f"{plan.kind.code}/{plan.number:06d}/{self.world.local_date(at).year}"
        paid: dict[str, Any] = {}
        if plan.fee and not plan.fee_first:
            paid = {"fee_assessed": plan.fee, "fee_paid": plan.fee}
        at = max(at, self.last if plan.batch else self.last + 1000)
        self.add("issued", at, **about, document_number=document, document_date=at, **paid)

    def _assessed(self, step: Step) -> dict[str, Any]:
        """A fee by formula is assessed when the step before the last is done, and paid later."""
        plan = self.plan
        here = plan.fee and plan.fee_first and step is plan.steps[-2]
        return {"fee_assessed": plan.fee} if here else {}

    def _paid_early(self, step: Step) -> dict[str, Any]:
        plan = self.plan
        return {"fee_paid": plan.fee} if plan.fee and plan.fee_first and step is plan.steps[-1] else {}

"""The rows of a profile's files: departments, places, permits, money, sources, and what officials decide by date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MINUTE_MS = 60_000
DEFAULT_LATENESS_MINUTES = 15.0
SILENT_CADENCES = 12
SILENT_MINUTES = 240.0
DOMAINS = ("permits", "revenue", "budget", "population", "activities")
VILLAGE_KINDS = ("desa", "kelurahan", "desa adat")
CASH_OFFICE_KINDS = ("treasurer", "branch", "market", "bank", "online", "blud", "bos", "jkn")
SHARED_ADDRESS_KINDS = ("pesantren", "barracks", "plantation", "prison", "dormitory")
#: What tokens are laid side by side for. ``employee-payee``: an employee's bank account and a payee's.
JOIN_PURPOSES = ("employee-payee",)
#: Who signs papers of spending, as the contract of ``budget.disbursements`` names them.
DUTIES = ("PA", "KPA", "PPK-SKPD", "PPTK", "treasurer", "kuasa-BUD")
DIRECT_USE_KINDS = ("blud", "bos", "jkn")
#: When a source can be expected to speak: in working time, or at any hour.
SOURCE_HOURS = ("office", "always")
#: What happens to a permit case, as the contract of ``permits.steps`` names it.
PERMIT_KINDS = (
    "submitted",
    "accepted",
    "started",
    "finished",
    "returned",
    "resubmitted",
    "rejected",
    "issued",
    "withdrawn",
    "closed",
)
#: Where two sources may report one fact. A permit case is one case however many report it: its events are put together.
FACT_DOMAINS = ("revenue", "budget", "population", "activities")
KIND_PREFIX = "kind:"
ANY = "*"
#: Who takes part in revealing an identity; one of the two must be of the inspectorate.
INSPECTORATE = "inspectorate"
IDENTITY_ROLES = (INSPECTORATE, "custodian")


class Dated:
    """Something in force from ``valid_from`` to ``valid_to``, both included; None is without an end."""

    __slots__ = ()
    valid_from: date | None
    valid_to: date | None

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day, both ends included."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Department:
    """An OPD. ``code`` is SIPD style (``2.18.01``), ``short`` is what a wallboard has room for."""

    code: str
    name: str
    short: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a department that holds files, for example a field of DPMPTSP. ``code`` is unique in the profile."""

    code: str
    name: str
    short: str
    opd: str


@dataclass(frozen=True, slots=True)
class Village:
    """A village. ``code`` is ``PP.KK.CC.DDDD`` (Kepmendagri on region codes), ``kind`` one of ``VILLAGE_KINDS``."""

    code: str
    name: str
    district: str
    kind: str

    @property
    def district_code(self) -> str:
        """``PP.KK.CC``."""
        return self.code[:8]


@dataclass(frozen=True, slots=True)
class Step(Dated):
    """A step of a permit type in its usual order.

    ``unit`` holds the file during it, empty where that is not settled. ``automatic``: done by a machine, so that no
    speed and no hour of it is remarkable. ``after``: codes of the steps that must be finished before it begins.
    ``loop``: done again as a matter of course. ``minimum_minutes``: working minutes below which it cannot have been
    done, 0 where nothing is known.
    """

    code: str
    name: str
    unit: str
    mandatory: bool = True
    automatic: bool = False
    after: tuple[str, ...] = ()
    loop: bool = False
    minimum_minutes: float = 0.0
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class ServiceStandard(Dated):
    """Working days promised for a whole permit (``step`` empty) or one step, from ``valid_from`` to ``valid_to``."""

    working_days: float
    valid_from: date
    valid_to: date | None = None
    step: str = ""
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Deemed(Dated):
    """Working days after which a permit counts as granted when nothing was decided (fiktif positif)."""

    working_days: float
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Incompatible(Dated):
    """Two parts of a case that one officer must not both do: each a step code, or ``kind:`` and an event's kind."""

    first: str
    second: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class PermitType:
    """A kind of permit: its steps in their usual order and what is promised, deemed and forbidden, by date.

    ``steps`` holds every version of a step; ``steps_on`` those of one day.
    """

    code: str
    name: str
    short: str
    steps: tuple[Step, ...]
    standards: tuple[ServiceStandard, ...] = ()
    deemed: tuple[Deemed, ...] = ()
    incompatible: tuple[Incompatible, ...] = ()

    def step(self, code: str) -> Step | None:
        """The first version of the step with a code, None where the type has no such step."""
        return next((step for step in self.steps if step.code == code), None)

    def steps_on(self, day: date) -> tuple[Step, ...]:
        """The steps valid on a day, in their usual order: the template of a case that started then."""
        return tuple(step for step in self.steps if step.holds(day))

    def deemed_on(self, day: date) -> float | None:
        """Working days after which a case that started on a day counts as granted, None where none do."""
        return next((item.working_days for item in self.deemed if item.holds(day)), None)

    def pairs_on(self, day: date) -> tuple[Incompatible, ...]:
        """The pairs that one officer must not both do, as declared for a day."""
        return tuple(pair for pair in self.incompatible if pair.holds(day))


@dataclass(frozen=True, slots=True)
class Tariff(Dated):
    """The fee of a permit type in rupiah; ``amount`` None is by formula. A type without a tariff carries no fee."""

    permit_type: str
    amount: int | None
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Authority(Dated):
    """An officer who may decide permits of a type (``*``: of every type), by office or by a delegation."""

    officer_token: str
    permit_type: str
    valid_from: date
    valid_to: date | None = None
    delegation_id: str = ""
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class SharedAddress(Dated):
    """An address where many people live as a matter of course. ``kind`` is one of ``SHARED_ADDRESS_KINDS``."""

    address_token: str
    kind: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Join(Dated):
    """That tokens may be laid side by side for a purpose, one of ``JOIN_PURPOSES``; ``dpia`` names its impact assessment."""

    purpose: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""
    dpia: str = ""


@dataclass(frozen=True, slots=True)
class EmployeeAccount(Dated):
    """The bank account of an employee of the regency; whose it is, is not said."""

    account_token: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class DutyPair(Dated):
    """Two duties in spending that one officer must not both do, each one of ``DUTIES``."""

    first: str
    second: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class LodgingCeiling(Dated):
    """The most that a night costs on a trip to a place for a grade of travellers, rupiah."""

    place: str
    grade: str
    amount: int
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class CashOffice:
    """Where money comes in. ``kind`` is one of ``CASH_OFFICE_KINDS``."""

    code: str
    name: str
    opd: str
    kind: str

    @property
    def direct_use(self) -> bool:
        """Uses its revenue directly (BLUD, BOS, JKN capitation), so that no deposit to RKUD is due."""
        return self.kind in DIRECT_USE_KINDS


@dataclass(frozen=True, slots=True)
class TappingBox(Dated):
    """A device at a taxpayer that records every sale. ``device`` is the ``receipt_book`` of what it sends."""

    cash_office: str
    device: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class RevenueTarget:
    """Revenue target of a year for one account of one department, rupiah."""

    year: int
    account: str
    opd: str
    amount: int


@dataclass(frozen=True, slots=True)
class SubActivity:
    """A sub-activity of the budget with the codes above it."""

    code: str
    name: str
    opd: str
    program: str
    activity: str


@dataclass(frozen=True, slots=True)
class Source:
    """A system that publishes. ``cadence_minutes``: how often it is heard of; ``lateness_minutes``: how much later
    than the event its message may come before its absence means anything. ``hours``: one of ``SOURCE_HOURS``;
    ``silent_minutes``: the profile's own patience with its silence."""

    id: str
    opd: str
    name: str
    domain: str
    cadence_minutes: float
    lateness_minutes: float = DEFAULT_LATENESS_MINUTES
    hours: str = "office"
    silent_minutes: float | None = None

    @property
    def allowance_minutes(self) -> float:
        """Minutes it may be silent, of working time where ``hours`` is ``office``: 12 cadences, at least 4 hours."""
        if self.silent_minutes is not None:
            return self.silent_minutes
        return max(SILENT_CADENCES * self.cadence_minutes, SILENT_MINUTES)


@dataclass(frozen=True, slots=True)
class Threshold(Dated):
    """A dated value of one rule parameter, for example ``P01.warning``; of one permit type or source where named."""

    name: str
    value: float
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""
    permit_type: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ValueBand(Dated):
    """How much an alert about at least so many rupiah weighs in the combined risk, against 1 for one without a value."""

    least: int
    factor: float
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Election:
    """A day people vote on."""

    on: date
    name: str


@dataclass(frozen=True, slots=True)
class Signature(Dated):
    """Requests of a department (or ``*``) that may carry events of a domain (or ``*``) must be signed."""

    opd: str
    domain: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class IdentityRole(Dated):
    """A user of the machine who may take part in revealing an identity; ``role`` is one of ``IDENTITY_ROLES``."""

    who: str
    role: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class FactSource(Dated):
    """Who is right about events of one ``kind`` of a domain: sources under the prefix ``authoritative``, and not those under
    ``other`` (``*``: all others). ``fact`` are the fields that together say which fact an event is about. It holds for
    events that happened on its days."""

    domain: str
    kind: str
    fact: tuple[str, ...]
    authoritative: str
    other: str
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""

    def rules(self, source: str) -> bool:
        """Whether a source is authoritative."""
        return _under(self.authoritative, source)

    def covers(self, source: str) -> bool:
        """Whether what a source says of such facts does not count."""
        return not self.rules(source) if self.other == ANY else _under(self.other, source)


def _under(prefix: str, source: str) -> bool:
    """Whether a source is a prefix or lies below it; a prefix ends at a part of the path."""
    return source == prefix or source.startswith(prefix.rstrip("/") + "/")

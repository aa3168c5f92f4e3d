"""What a profile holds: one regency, its departments, places, permits, money, sources and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.calendar import WorkingCalendar

MINUTE_MS = 60_000
DEFAULT_LATENESS_MINUTES = 15.0
DOMAINS = ("permits", "revenue", "budget", "population", "activities")
VILLAGE_KINDS = ("desa", "kelurahan", "desa adat")
CASH_OFFICE_KINDS = ("treasurer", "branch", "market", "bank", "online", "blud", "bos", "jkn")
DIRECT_USE_KINDS = ("blud", "bos", "jkn")


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
class Step:
    """A step of a permit type in its usual order; ``unit`` holds the file during it."""

    code: str
    name: str
    unit: str
    mandatory: bool = True


@dataclass(frozen=True, slots=True)
class ServiceStandard:
    """Working days promised for a whole permit (``step`` empty) or one step, from ``valid_from`` to ``valid_to``."""

    working_days: float
    valid_from: date
    valid_to: date | None = None
    step: str = ""
    legal_basis: str = ""

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day, both ends included."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class PermitType:
    """A kind of permit with its steps and dated service standards."""

    code: str
    name: str
    short: str
    steps: tuple[Step, ...]
    standards: tuple[ServiceStandard, ...] = ()

    def step(self, code: str) -> Step | None:
        """The step with a code, None where the type has no such step."""
        return next((step for step in self.steps if step.code == code), None)


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
    than the event its message may come before its absence means anything."""

    id: str
    opd: str
    name: str
    domain: str
    cadence_minutes: float
    lateness_minutes: float = DEFAULT_LATENESS_MINUTES


@dataclass(frozen=True, slots=True)
class Threshold:
    """A dated value of one rule parameter, for example ``P01.warning``."""

    name: str
    value: float
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = ""

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day, both ends included."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Election:
    """A day people vote on."""

    on: date
    name: str


@dataclass(frozen=True, eq=False)
class Profile:
    """One deployment's facts, read from a folder by :meth:`load` and never changed while a process runs.

    ``hash`` is SHA-256 (hex) over the content, whatever the comments, blank lines and order of rows. Figures and
    alerts carry it, so that it is known by which standards they were judged.
    """

    path: Path
    hash: str
    code: str
    name: str
    province: str
    timezone: ZoneInfo
    simulation_allowed: bool
    retention_years: int
    logo: Path | None
    calendar: WorkingCalendar
    unit_calendars: Mapping[str, WorkingCalendar]
    departments: Mapping[str, Department]
    units: Mapping[str, Unit]
    villages: Mapping[str, Village]
    permit_types: Mapping[str, PermitType]
    cash_offices: Mapping[str, CashOffice]
    accounts: Mapping[str, str]
    sub_activities: Mapping[str, SubActivity]
    revenue_targets: tuple[RevenueTarget, ...]
    sources: Mapping[str, Source]
    thresholds: tuple[Threshold, ...]
    elections: tuple[Election, ...]
    _standards: dict[tuple[str, str, date], float | None] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a profile folder. Raises :class:`ProfileError` with every problem, and warns of nothing silently."""
        from schemas.profile.load import load

        return load(Path(path))

    def service_standard(self, permit_type: str, on: date, step: str = "") -> float | None:
        """Working days promised on the day a permit (or, with ``step``, that step of it) started.

        None where the type is unknown or nothing is promised on that day.
        """
        key = (permit_type, step, on)
        if key not in self._standards:
            kind = self.permit_types.get(permit_type)
            standards = kind.standards if kind else ()
            found = (item.working_days for item in standards if item.step == step and item.holds(on))
            self._standards[key] = next(found, None)
        return self._standards[key]

    def threshold(self, name: str, on: date, default: float) -> float:
        """The value of a rule parameter in force on a day, ``default`` where the profile does not set it."""
        found = (item.value for item in self.thresholds if item.name == name and item.holds(on))
        return next(found, default)

    def lateness_ms(self, source_id: str) -> int:
        """How long after an event its message may still be on its way, 15 minutes for an unknown source."""
        source = self.sources.get(source_id)
        minutes = source.lateness_minutes if source else DEFAULT_LATENESS_MINUTES
        return round(minutes * MINUTE_MS)

    def calendar_for(self, unit: str) -> WorkingCalendar:
        """The working calendar of a unit: its own where it has one, else the government's."""
        return self.unit_calendars.get(unit, self.calendar)

    def local_day(self, ms: int) -> str:
        """The day of an instant (UTC ms) in the regency's zone, ``YYYY-MM-DD``."""
        return self.calendar.local_day(ms)

    def target(self, year: int, *, account: str = "", opd: str = "") -> int:
        """Revenue target of a year in rupiah over all accounts that begin with ``account`` and, if given, one OPD."""
        return sum(
            item.amount
            for item in self.revenue_targets
            if item.year == year and item.account.startswith(account) and opd in ("", item.opd)
        )

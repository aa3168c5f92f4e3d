"""What a profile holds: one regency, its departments, places, permits, money, sources and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.calendar import WorkingCalendar
from schemas.profile.rows import (
    ANY,
    DEFAULT_LATENESS_MINUTES,
    MINUTE_MS,
    Authority,
    CashOffice,
    Department,
    DutyPair,
    Election,
    EmployeeAccount,
    FactSource,
    IdentityRole,
    Join,
    LodgingCeiling,
    PermitType,
    RevenueTarget,
    SharedAddress,
    Signature,
    Source,
    SubActivity,
    TappingBox,
    Tariff,
    Threshold,
    Unit,
    ValueBand,
    Village,
)


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
    tariffs: tuple[Tariff, ...] = ()
    authorities: tuple[Authority, ...] = ()
    shared_addresses: tuple[SharedAddress, ...] = ()
    value_bands: tuple[ValueBand, ...] = ()
    joins: tuple[Join, ...] = ()
    employee_accounts: tuple[EmployeeAccount, ...] = ()
    duty_pairs: tuple[DutyPair, ...] = ()
    lodging_ceilings: tuple[LodgingCeiling, ...] = ()
    tapping_boxes: tuple[TappingBox, ...] = ()
    signatures: tuple[Signature, ...] = ()
    identity_roles: tuple[IdentityRole, ...] = ()
    fact_sources: tuple[FactSource, ...] = ()
    _standards: dict[tuple[str, str, date], float | None] = field(default_factory=dict, repr=False)
    _thresholds: dict[tuple[str, date, str, str], Threshold | None] = field(default_factory=dict, repr=False)

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

    def threshold(
        self, name: str, on: date, default: float, permit_type: str = "", source: str = ""
    ) -> float:
        """The value of a rule parameter in force on a day, ``default`` where the profile does not set it."""
        row = self.threshold_row(name, on, permit_type, source)
        return default if row is None else row.value

    def threshold_row(self, name: str, on: date, permit_type: str = "", source: str = "") -> Threshold | None:
        """The row that sets a rule parameter on a day, None where no row does.

        A value of this permit type and source goes before one of the type, that before one of the source, and that
        before the general one.
        """
        key = (name, on, permit_type, source)
        if key not in self._thresholds:
            rows = (
                item
                for item in self.thresholds
                if item.name == name
                and item.permit_type in ("", permit_type)
                and item.source in ("", source)
                and item.holds(on)
            )
            self._thresholds[key] = max(
                rows, key=lambda item: (bool(item.permit_type), bool(item.source)), default=None
            )
        return self._thresholds[key]

    def tariff(self, permit_type: str, on: date) -> Tariff | None:
        """The tariff of a permit type in force on a day, None where the type carries no fee then."""
        found = (item for item in self.tariffs if item.permit_type == permit_type and item.holds(on))
        return next(found, None)

    def may_join(self, purpose: str, on: date) -> bool:
        """Whether tokens may be laid side by side for a purpose on a day."""
        return any(item.purpose == purpose and item.holds(on) for item in self.joins)

    def domains_to_sign(self, opd: str, on: date) -> frozenset[str]:
        """The domains (``*`` for all) whose events a department must sign on a day."""
        return frozenset(item.domain for item in self.signatures if item.opd in (opd, ANY) and item.holds(on))

    def identity_role(self, who: str, on: date) -> str | None:
        """The role of a user in revealing identities on a day, None where the user has none."""
        return next((item.role for item in self.identity_roles if item.who == who and item.holds(on)), None)

    def authorities_for(self, permit_type: str) -> tuple[Authority, ...]:
        """Who may decide permits of a type, on any day: the rows of the type and of ``*``."""
        return tuple(item for item in self.authorities if item.permit_type in (permit_type, ANY))

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

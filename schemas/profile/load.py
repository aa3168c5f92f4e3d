"""From a folder to a :class:`Profile`, or to the list of what is wrong with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from schemas.profile import access, dated, devices, joins, mandates, money, organisation, permits, values
from schemas.profile.facts import read_fact_sources
from schemas.profile.folder import Folder, Section
from schemas.profile.hours import read_calendars
from schemas.profile.model import Profile
from schemas.profile.problems import Problem, ProfileError
from schemas.profile.risks import read_value_bands

FILES = (
    "profile.toml",
    "departments.csv",
    "units.csv",
    "villages.csv",
    "permit_types.toml",
    "cash_offices.csv",
    "accounts.csv",
    "sub_activities.csv",
    "revenue_targets.csv",
    "sources.csv",
    "calendar.toml",
    "thresholds.toml",
    "elections.csv",
    "tariffs.csv",
    "authorities.csv",
    "shared_addresses.csv",
    "value_bands.csv",
    "joins.csv",
    "employee_accounts.csv",
    "duty_pairs.csv",
    "lodging_ceilings.csv",
    "tapping_boxes.csv",
    "signatures.csv",
    "identity_roles.csv",
    "fact_sources.csv",
)
KEYS = ("name", "code", "province", "timezone", "simulation_allowed", "logo", "retention_years")
LOGO_SUFFIXES = (".svg", ".png")


def load(path: Path) -> Profile:
    """The profile in a folder. Raises :class:`ProfileError` with every problem found."""
    profile, problems = _read(path)
    if problems or profile is None:
        raise ProfileError(path, problems)
    return profile


def check(path: str | Path) -> list[Problem]:
    """Everything wrong with the profile in a folder, by file and line; empty where it can be used."""
    return _read(Path(path))[1]


def _read(path: Path) -> tuple[Profile | None, list[Problem]]:
    folder = Folder(path)
    if not path.is_dir():
        folder.note(
            str(path), 0, "folder profil tidak ada", "periksa namanya, atau buat dengan: nadi profile init"
        )
        return None, folder.problems
    _strangers(folder)
    document = folder.document("profile.toml")
    head = document or Section("profile.toml", (), {}, {})
    if document is not None:
        folder.known(document, KEYS)
    known = document is not None
    name = values.text(folder, head, "name") if known else None
    province = values.text(folder, head, "province") if known else None
    code = values.code(folder, head, "code", values.REGENCY_CODE, "PP.KK, misalnya 62.01") if known else None
    zone = _zone(folder, head) if known else None
    simulation = values.flag(folder, head, "simulation_allowed") if known else None
    retention: int | None = 10
    if head["retention_years"] is not None:
        retention = values.whole(folder, head, "retention_years", low=1, high=100)
    logo = _logo(folder, head)

    departments = organisation.read_departments(folder)
    units = organisation.read_units(folder, departments)
    villages = organisation.read_villages(folder, code or "")
    permit_types = permits.read_permit_types(folder, units)
    accounts = money.read_accounts(folder)
    cash_offices = money.read_cash_offices(folder, departments)
    sub_activities = money.read_sub_activities(folder, departments)
    targets = money.read_revenue_targets(folder, departments, accounts)
    sources = dated.read_sources(folder, departments)
    kinds = permits.codes_written(folder)
    thresholds = dated.read_thresholds(folder, kinds, sources)
    tariffs = mandates.read_tariffs(folder, kinds)
    authorities = mandates.read_authorities(folder, kinds)
    duty_pairs = mandates.read_duty_pairs(folder)
    lodging_ceilings = money.read_lodging_ceilings(folder)
    elections = dated.read_elections(folder)
    shared_addresses = dated.read_shared_addresses(folder)
    value_bands = read_value_bands(folder)
    declared = joins.read_joins(folder)
    employees = joins.read_employee_accounts(folder)
    tapping_boxes = devices.read_tapping_boxes(folder, cash_offices)
    signatures = access.read_signatures(folder, departments)
    identity_roles = access.read_identity_roles(folder)
    fact_sources = read_fact_sources(folder)
    calendars = read_calendars(folder, zone or ZoneInfo("Asia/Jakarta"), units)

    problems = sorted(folder.problems)
    if problems or not (name and province and code and zone) or simulation is None or retention is None:
        return None, problems
    profile = Profile(
        path=path,
        hash=_hash(folder, logo),
        code=code,
        name=name,
        province=province,
        timezone=zone,
        simulation_allowed=simulation,
        retention_years=retention,
        logo=logo,
        calendar=calendars.general,
        unit_calendars=MappingProxyType(calendars.units),
        departments=MappingProxyType(departments),
        units=MappingProxyType(units),
        villages=MappingProxyType(villages),
        permit_types=MappingProxyType(permit_types),
        cash_offices=MappingProxyType(cash_offices),
        accounts=MappingProxyType(accounts),
        sub_activities=MappingProxyType(sub_activities),
        revenue_targets=targets,
        sources=MappingProxyType(sources),
        thresholds=thresholds,
        elections=elections,
        tariffs=tariffs,
        authorities=authorities,
        shared_addresses=shared_addresses,
        value_bands=value_bands,
        joins=declared,
        employee_accounts=employees,
        duty_pairs=duty_pairs,
        lodging_ceilings=lodging_ceilings,
        tapping_boxes=tapping_boxes,
        signatures=signatures,
        identity_roles=identity_roles,
        fact_sources=fact_sources,
    )
    return profile, []


def _strangers(folder: Folder) -> None:
    """A misspelt file name would otherwise be a list that is silently empty."""
    for path in sorted(folder.path.iterdir()):
        if path.suffix.lower() in (".csv", ".toml") and path.name not in FILES:
            folder.note(path.name, 0, "berkas tidak dikenal", f"nama yang dikenal: {', '.join(FILES)}")


def _zone(folder: Folder, head: Section) -> ZoneInfo | None:
    name = values.text(folder, head, "timezone")
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        folder.note(
            head.file,
            head.at("timezone"),
            f"zona waktu {name!r} tidak dikenal",
            "WIB: Asia/Jakarta, WITA: Asia/Makassar, WIT: Asia/Jayapura",
        )
        return None


def _logo(folder: Folder, head: Section) -> Path | None:
    if head["logo"] is None:
        return None
    name = values.text(folder, head, "logo")
    if name is None:
        return None
    path = folder.path / name
    if Path(name).name != name or path.suffix.lower() not in LOGO_SUFFIXES:
        folder.note(
            head.file, head.at("logo"), f"logo {name!r} bukan nama berkas SVG atau PNG", "misalnya logo.svg"
        )
        return None
    if not path.is_file():
        folder.note(
            head.file, head.at("logo"), f"logo {name!r} tidak ada di folder profil", "salin berkasnya ke sana"
        )
        return None
    return path


def _hash(folder: Folder, logo: Path | None) -> str:
    content = dict(folder.content)
    if logo is not None:
        content[logo.name] = hashlib.sha256(logo.read_bytes()).hexdigest()
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).hexdigest()

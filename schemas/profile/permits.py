"""Permit types: steps, who holds the file during each, dated promises, and what one officer must not both do."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from schemas.profile import templates, values
from schemas.profile.folder import Folder, Section
from schemas.profile.rows import Deemed, PermitType, ServiceStandard, Step

FILE = "permit_types.toml"
MAX_WORKING_DAYS = 2_000
MAX_MINUTES = 1_000_000
TYPE_KEYS = ("code", "name", "short", "step", "standard", "deemed", "incompatible")
STEP_KEYS = (
    "code",
    "name",
    "unit",
    "mandatory",
    "automatic",
    "after",
    "loop",
    "minimum_minutes",
    "valid_from",
    "valid_to",
)


def read_permit_types(folder: Folder, units: Collection[str]) -> dict[str, PermitType]:
    """``permit_types.toml``: ``[[type]]`` with its steps, standards, deemed approvals and incompatible pairs."""
    document = folder.document(FILE, required=False)
    if document is None:
        return {}
    folder.known(document, ("type",))
    found: dict[str, PermitType] = {}
    once = values.Once(folder, "kode jenis izin")
    for section in folder.sections(document, "type", TYPE_KEYS):
        code = values.code(folder, section, "code", values.LOG_CODE, values.LOG_CODE_FORM)
        name = values.text(folder, section, "name")
        short = values.text(folder, section, "short", required=False)
        steps = _steps(folder, section, units)
        codes = _codes(section)  # also of steps with another fault, so that it is said once
        standards = _standards(folder, section, code or "", codes)
        deemed = _deemed(folder, section, code or "")
        pairs = templates.read_pairs(folder, section, codes)
        if not section["step"]:
            folder.note(
                FILE, section.line, f"jenis izin {code} tidak punya langkah", "tambahkan [[type.step]]"
            )
        if code and name and once.new(section, "code", code):
            found[code] = PermitType(code, name, short or code, steps, standards, deemed, pairs)
    return found


def _codes(section: Section) -> set[str]:
    return _texts(section["step"], "code")


def _texts(tables: Any, key: str) -> set[str]:
    listed = tables if isinstance(tables, list) else []
    return {item[key] for item in listed if isinstance(item, dict) and isinstance(item.get(key), str)}


def codes_written(folder: Folder) -> Collection[str] | None:
    """Codes of every type written in the file, also of those with a fault; None where the file cannot be read."""
    document = folder.content.get(FILE)
    if document is None:
        return None if (folder.path / FILE).is_file() else ()
    types = document.get("type")
    return _texts(types, "code")


def _steps(folder: Folder, parent: Section, units: Collection[str]) -> tuple[Step, ...]:
    found: list[tuple[Step, Section]] = []
    spans = values.Spans(folder)
    sections = folder.sections(parent, "step", STEP_KEYS)
    codes = _codes(parent)
    for section in sections:
        code = values.code(folder, section, "code", values.LOG_CODE, values.LOG_CODE_FORM)
        name = values.text(folder, section, "name")
        unit: str | None = ""
        if section["unit"] is not None:
            unit = values.known(folder, section, "unit", units, "unit", "units.csv")
        mandatory = values.flag(folder, section, "mandatory", default=True)
        automatic = values.flag(folder, section, "automatic", default=False)
        loop = values.flag(folder, section, "loop", default=False)
        after = templates.read_after(folder, section, codes)
        minutes: float | None = 0.0
        if section["minimum_minutes"] is not None:
            minutes = values.number(folder, section, "minimum_minutes", low=0, high=MAX_MINUTES)
        span = values.open_validity(folder, section)
        if span is None or not code or not spans.add(section, f"langkah {code}", *span):
            continue
        if (
            name
            and unit is not None
            and minutes is not None
            and mandatory is not None
            and automatic is not None
            and loop is not None
        ):
            step = Step(code, name, unit, mandatory, automatic, after, loop, minutes, *span)
            found.append((step, section))
    templates.check_order(folder, found)
    return tuple(step for step, _ in found)


def _standards(
    folder: Folder, parent: Section, kind: str, steps: Collection[str]
) -> tuple[ServiceStandard, ...]:
    found: list[ServiceStandard] = []
    spans = values.Spans(folder)
    keys = ("step", "working_days", "valid_from", "valid_to", "legal_basis")
    for section in folder.sections(parent, "standard", keys):
        days = values.number(folder, section, "working_days", low=0.01, high=MAX_WORKING_DAYS)
        span = values.validity(folder, section)
        basis = values.text(folder, section, "legal_basis")
        step: str | None = ""
        if section["step"] is not None:
            step = values.known(folder, section, "step", steps, "langkah", "[[type.step]] jenis izin ini")
        if step is None or span is None:
            continue
        thing = f"standar {kind} {step}".strip()
        if spans.add(section, thing, *span) and days and basis:
            found.append(ServiceStandard(days, *span, step, basis))
    return tuple(sorted(found, key=lambda item: (item.step, item.valid_from)))


def _deemed(folder: Folder, parent: Section, kind: str) -> tuple[Deemed, ...]:
    found: list[Deemed] = []
    spans = values.Spans(folder)
    keys = ("working_days", "valid_from", "valid_to", "legal_basis")
    for section in folder.sections(parent, "deemed", keys):
        days = values.number(folder, section, "working_days", low=0.01, high=MAX_WORKING_DAYS)
        span = values.validity(folder, section)
        basis = values.text(folder, section, "legal_basis")
        if span and spans.add(section, f"fiktif positif {kind}".strip(), *span) and days and basis:
            found.append(Deemed(days, *span, basis))
    return tuple(sorted(found, key=lambda item: item.valid_from))

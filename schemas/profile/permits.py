"""Permit types: steps, who holds the file during each, and dated service standards."""

from __future__ import annotations

from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder, Section
from schemas.profile.model import PermitType, ServiceStandard, Step

FILE = "permit_types.toml"
MAX_WORKING_DAYS = 2_000


def read_permit_types(folder: Folder, units: Collection[str]) -> dict[str, PermitType]:
    """``permit_types.toml``: ``[[type]]`` with ``[[type.step]]`` and ``[[type.standard]]``."""
    document = folder.document(FILE, required=False)
    if document is None:
        return {}
    folder.known(document, ("type",))
    found: dict[str, PermitType] = {}
    once = values.Once(folder, "kode jenis izin")
    for section in folder.sections(document, "type", ("code", "name", "short", "step", "standard")):
        code = values.code(
            folder, section, "code", values.PLAIN_CODE, "huruf, angka, titik, atau tanda hubung"
        )
        name = values.text(folder, section, "name")
        short = values.text(folder, section, "short", required=False)
        steps = _steps(folder, section, units)
        standards = _standards(folder, section, code or "", {step.code for step in steps})
        if not section["step"]:
            folder.note(
                FILE, section.line, f"jenis izin {code} tidak punya langkah", "tambahkan [[type.step]]"
            )
        if code and name and once.new(section, "code", code):
            found[code] = PermitType(code, name, short or code, steps, standards)
    return found


def _steps(folder: Folder, parent: Section, units: Collection[str]) -> tuple[Step, ...]:
    found: list[Step] = []
    once = values.Once(folder, "kode langkah")
    for section in folder.sections(parent, "step", ("code", "name", "unit", "mandatory")):
        code = values.code(
            folder, section, "code", values.PLAIN_CODE, "huruf, angka, titik, atau tanda hubung"
        )
        name = values.text(folder, section, "name")
        unit = values.known(folder, section, "unit", units, "unit", "units.csv")
        mandatory = values.flag(folder, section, "mandatory", default=True)
        if code and once.new(section, "code", code) and name and unit and mandatory is not None:
            found.append(Step(code, name, unit, mandatory))
    return tuple(found)


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

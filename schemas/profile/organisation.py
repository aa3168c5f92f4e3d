"""Departments, units and villages."""

from __future__ import annotations

from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.rows import VILLAGE_KINDS, Department, Unit, Village


def read_departments(folder: Folder) -> dict[str, Department]:
    """``departments.csv``: code, name, short."""
    found: dict[str, Department] = {}
    once = values.Once(folder, "kode OPD")
    for row in folder.table("departments.csv", ("code", "name", "short")):
        code = values.code(folder, row, "code", values.OPD_CODE, "kode SIPD, misalnya 2.18.01")
        if code and once.new(row, "code", code):
            found[code] = Department(code, row["name"], row["short"])
    return found


def read_units(folder: Folder, departments: Collection[str]) -> dict[str, Unit]:
    """``units.csv``: code, name, short, opd."""
    found: dict[str, Unit] = {}
    once = values.Once(folder, "kode unit")
    for row in folder.table("units.csv", ("code", "name", "short", "opd"), required=False):
        code = values.code(folder, row, "code", values.PLAIN_CODE, "huruf, angka, titik, atau tanda hubung")
        opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        if code and once.new(row, "code", code) and opd:
            found[code] = Unit(code, row["name"], row["short"], opd)
    return found


def read_villages(folder: Folder, regency: str) -> dict[str, Village]:
    """``villages.csv``: code, name, district, kind."""
    found: dict[str, Village] = {}
    once = values.Once(folder, "kode desa")
    districts: dict[str, tuple[str, int]] = {}
    for row in folder.table("villages.csv", ("code", "name", "district", "kind"), required=False):
        code = values.code(folder, row, "code", values.VILLAGE_CODE, "PP.KK.CC.DDDD, misalnya 99.01.02.2003")
        kind = values.one_of(folder, row, "kind", VILLAGE_KINDS)
        if not code or not once.new(row, "code", code):
            continue
        if regency and not code.startswith(regency + "."):
            folder.note(
                row.file,
                row.line,
                f"kode desa {code} bukan bagian dari {regency}",
                f"kode harus diawali {regency}.",
            )
            continue
        name, line = districts.setdefault(code[:8], (row["district"], row.line))
        if name != row["district"]:
            folder.note(
                row.file,
                row.line,
                f"kecamatan {code[:8]} bernama {row['district']!r}, di baris {line} {name!r}",
                "samakan nama kecamatannya",
            )
            continue
        if kind:
            found[code] = Village(code, row["name"], row["district"], kind)
    return found

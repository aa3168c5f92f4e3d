"""A new profile: the frame of a government, and its villages from the national list of region codes."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.profile.rows import Village

#: Header of every list a profile can have; a new profile begins with them empty.
HEADERS = {
    "units.csv": ("code", "name", "short", "opd"),
    "villages.csv": ("code", "name", "district", "kind"),
    "cash_offices.csv": ("code", "name", "opd", "kind"),
    "accounts.csv": ("code", "name"),
    "sub_activities.csv": ("code", "name", "opd", "program", "activity"),
    "revenue_targets.csv": ("year", "account", "opd", "amount"),
    "sources.csv": (
        "id",
        "opd",
        "name",
        "domain",
        "cadence_minutes",
        "lateness_minutes",
        "hours",
        "silent_minutes",
    ),
    "elections.csv": ("date", "name"),
    "tariffs.csv": ("permit_type", "amount", "valid_from", "valid_to", "legal_basis"),
    "authorities.csv": (
        "officer_token",
        "permit_type",
        "valid_from",
        "valid_to",
        "delegation_id",
        "legal_basis",
    ),
    "shared_addresses.csv": ("address_token", "kind", "valid_from", "valid_to", "legal_basis"),
    "value_bands.csv": ("least", "factor", "valid_from", "valid_to", "legal_basis"),
    "joins.csv": ("purpose", "valid_from", "valid_to", "legal_basis", "dpia"),
    "employee_accounts.csv": ("account_token", "valid_from", "valid_to"),
    "duty_pairs.csv": ("first", "second", "valid_from", "valid_to", "legal_basis"),
    "lodging_ceilings.csv": ("place", "grade", "amount", "valid_from", "valid_to", "legal_basis"),
    "tapping_boxes.csv": ("cash_office", "device", "valid_from", "valid_to", "legal_basis"),
    "signatures.csv": ("opd", "domain", "valid_from", "valid_to", "legal_basis"),
    "identity_roles.csv": ("who", "role", "valid_from", "valid_to", "legal_basis"),
}
FRAME = ("departments.csv", "calendar.toml", "thresholds.toml")
KINDS = {"1": "kelurahan", "2": "desa", "3": "desa adat"}
_SQL_ROW = re.compile(r"\(\s*'(\d{2}(?:\.\d{2}){0,2}(?:\.\d{4})?)'\s*,\s*'((?:[^'\\]|''|\\.)*)'")


@dataclass(frozen=True, slots=True)
class Draft:
    """What must be known to begin a profile."""

    name: str
    code: str
    province: str
    timezone: str


def write_draft(folder: Path, draft: Draft, villages: Iterable[Village], frame: Path) -> None:
    """Write a new profile into ``folder``, which must not exist or be empty (FileExistsError).

    ``frame`` is a shipped profile that gives the usual departments, working hours and thresholds.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} sudah ada dan tidak kosong; pilih folder lain")
    folder.mkdir(parents=True, exist_ok=True)
    quoted = {key: _toml_text(getattr(draft, key)) for key in ("name", "code", "province", "timezone")}
    (folder / "profile.toml").write_text(
        "# Profil pemerintah kabupaten. Periksa dengan: nadi profile check\n"
        + "".join(f"{key} = {value}\n" for key, value in quoted.items())
        + "# Simulasi hanya untuk pemerintah rekaan.\nsimulation_allowed = false\n",
        encoding="utf-8",
    )
    for name in FRAME:
        shutil.copyfile(frame / name, folder / name)
    for name, header in HEADERS.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            if name == "villages.csv":
                writer.writerows((v.code, v.name, v.district, v.kind) for v in villages)
    (folder / "permit_types.toml").write_text(
        "# Jenis izin: [[type]] dengan [[type.step]], [[type.standard]], [[type.deemed]], [[type.incompatible]];\n"
        "# lihat profil contoh. Dari data lama: nadi rules propose-template\n",
        encoding="utf-8",
    )


def read_villages(path: Path, regency: str) -> list[Village]:
    """The villages of a regency (``PP.KK``) from ``wilayah.sql`` or from a CSV file, in order of code.

    The CSV has either the columns of ``villages.csv`` or ``kode,nama`` with the districts among its rows. Raises
    ValueError where the file has no village of the regency, or a village of an unnamed district.
    """
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        names = set(rows[0]) if rows else set()
        if {"code", "name", "district", "kind"} <= names:
            own = [Village(r["code"], r["name"], r["district"], r["kind"]) for r in rows]
            return _sorted([v for v in own if v.code.startswith(regency + ".")], path, regency)
        if not {"kode", "nama"} <= names:
            raise ValueError(f"{path}: kolom {sorted(names)}; harus code,name,district,kind atau kode,nama")
        places = {row["kode"].strip(): row["nama"].strip() for row in rows}
    else:
        places = dict(_sql_rows(text))
    found: list[Village] = []
    for code, name in places.items():
        if len(code) != 13 or not code.startswith(regency + "."):
            continue
        district = places.get(code[:8])
        if district is None:
            raise ValueError(
                f"{path}: kecamatan {code[:8]} dari desa {code} tidak ada; berkasnya tidak lengkap"
            )
        found.append(Village(code, name, district, KINDS.get(code[9], "desa")))
    return _sorted(found, path, regency)


def _sorted(villages: list[Village], path: Path, regency: str) -> list[Village]:
    if not villages:
        raise ValueError(f"{path}: tidak ada desa dengan kode {regency}; periksa kode kabupatennya")
    return sorted(villages, key=lambda village: village.code)


def _sql_rows(text: str) -> Iterator[tuple[str, str]]:
    for match in _SQL_ROW.finditer(text):
        yield match[1], re.sub(r"\\(.)", r"\1", match[2].replace("''", "'")).strip()


def _toml_text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

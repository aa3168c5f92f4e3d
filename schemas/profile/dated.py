"""Sources with their patience, dated thresholds of rules, and elections."""

from __future__ import annotations

import re
from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.model import DEFAULT_LATENESS_MINUTES, DOMAINS, Election, Source, Threshold

THRESHOLD_NAME = re.compile(r"[A-Z]\d{2}\.[a-z][a-z0-9_.]*")
YEAR_MINUTES = 366 * 1440


def read_sources(folder: Folder, departments: Collection[str]) -> dict[str, Source]:
    """``sources.csv``: id, opd, name, domain, cadence_minutes and, where it differs from 15, lateness_minutes."""
    found: dict[str, Source] = {}
    once = values.Once(folder, "sumber")
    columns = ("id", "opd", "name", "domain", "cadence_minutes")
    for row in folder.table("sources.csv", columns, ("lateness_minutes",), required=False):
        id_ = values.code(
            folder, row, "id", values.SOURCE_ID, "alamat sumber, misalnya /opd/2.18.01/perizinan"
        )
        opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        domain = values.one_of(folder, row, "domain", DOMAINS)
        cadence = values.number(folder, row, "cadence_minutes", low=0.01, high=YEAR_MINUTES)
        lateness: float | None = DEFAULT_LATENESS_MINUTES
        if row["lateness_minutes"]:
            lateness = values.number(folder, row, "lateness_minutes", low=0, high=YEAR_MINUTES)
        if id_ and once.new(row, "id", id_) and opd and domain and cadence and lateness is not None:
            found[id_] = Source(id_, opd, row["name"], domain, cadence, lateness)
    return found


def read_thresholds(folder: Folder) -> tuple[Threshold, ...]:
    """``thresholds.toml``: ``[[threshold]]`` with name, value, valid_from, valid_to and legal_basis."""
    document = folder.document("thresholds.toml", required=False)
    if document is None:
        return ()
    folder.known(document, ("threshold",))
    found: list[Threshold] = []
    spans = values.Spans(folder)
    keys = ("name", "value", "valid_from", "valid_to", "legal_basis")
    for section in folder.sections(document, "threshold", keys):
        name = values.code(folder, section, "name", THRESHOLD_NAME, "aturan.parameter, misalnya P01.warning")
        value = values.number(folder, section, "value", low=-1e15, high=1e15)
        span = values.validity(folder, section)
        basis = values.text(folder, section, "legal_basis")
        if name and span and spans.add(section, name, *span) and value is not None and basis:
            found.append(Threshold(name, value, *span, basis))
    return tuple(sorted(found, key=lambda item: (item.name, item.valid_from)))


def read_elections(folder: Folder) -> tuple[Election, ...]:
    """``elections.csv``: date, name."""
    found: list[Election] = []
    once = values.Once(folder, "pemilihan")
    for row in folder.table("elections.csv", ("date", "name"), required=False):
        on = values.day(folder, row, "date")
        if on and once.new(row, "date", f"{on} {row['name']}"):
            found.append(Election(on, row["name"]))
    return tuple(sorted(found, key=lambda item: (item.on, item.name)))

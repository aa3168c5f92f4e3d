"""Sources with their patience, dated thresholds of rules, elections, and addresses that many people share."""

from __future__ import annotations

import re
from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.rows import (
    DEFAULT_LATENESS_MINUTES,
    DOMAINS,
    SHARED_ADDRESS_KINDS,
    SOURCE_HOURS,
    Election,
    SharedAddress,
    Source,
    Threshold,
)

THRESHOLD_NAME = re.compile(r"(?:[A-Z]\d{2}|risk|gateway)\.[a-z][a-z0-9_.]*")
ADDRESS_FORM = "token alamat, 26 huruf kecil atau angka 2-7; bukan alamatnya"
YEAR_MINUTES = 366 * 1440


def read_sources(folder: Folder, departments: Collection[str]) -> dict[str, Source]:
    """``sources.csv``: id, opd, name, domain, cadence_minutes and, where it differs from 15, lateness_minutes; how
    long it may be silent in silent_minutes, of working time unless hours is ``always``."""
    found: dict[str, Source] = {}
    once = values.Once(folder, "sumber")
    columns = ("id", "opd", "name", "domain", "cadence_minutes")
    optional = ("lateness_minutes", "hours", "silent_minutes")
    for row in folder.table("sources.csv", columns, optional, required=False):
        id_ = values.code(
            folder, row, "id", values.SOURCE_ID, "alamat sumber, misalnya /opd/2.18.01/perizinan"
        )
        opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        domain = values.one_of(folder, row, "domain", DOMAINS)
        cadence = values.number(folder, row, "cadence_minutes", low=0.01, high=YEAR_MINUTES)
        lateness: float | None = DEFAULT_LATENESS_MINUTES
        if row["lateness_minutes"]:
            lateness = values.number(folder, row, "lateness_minutes", low=0, high=YEAR_MINUTES)
        hours: str | None = SOURCE_HOURS[0]
        if row["hours"]:
            hours = values.one_of(folder, row, "hours", SOURCE_HOURS)
        silent: float | None = None
        if row["silent_minutes"]:
            silent = values.number(folder, row, "silent_minutes", low=1, high=YEAR_MINUTES)
            hours = hours if silent else None
        if not id_ or not once.new(row, "id", id_):
            continue
        if opd and domain and cadence and lateness is not None and hours:
            found[id_] = Source(id_, opd, row["name"], domain, cadence, lateness, hours, silent)
    return found


def read_thresholds(
    folder: Folder, permit_types: Collection[str] | None, sources: Collection[str]
) -> tuple[Threshold, ...]:
    """``thresholds.toml``: ``[[threshold]]`` with name, value, valid_from, valid_to and legal_basis, and permit_type
    or source where it is theirs alone."""
    document = folder.document("thresholds.toml", required=False)
    if document is None:
        return ()
    folder.known(document, ("threshold",))
    found: list[Threshold] = []
    spans = values.Spans(folder)
    keys = ("name", "value", "permit_type", "source", "valid_from", "valid_to", "legal_basis")
    for section in folder.sections(document, "threshold", keys):
        name = values.code(
            folder,
            section,
            "name",
            THRESHOLD_NAME,
            "aturan.parameter, misalnya P01.warning, atau risk.parameter, gateway.history_days",
        )
        value = values.number(folder, section, "value", low=-1e15, high=1e15)
        span = values.validity(folder, section)
        basis = values.text(folder, section, "legal_basis")
        kind: str | None = ""
        if section["permit_type"] is not None:
            kind = values.known(
                folder, section, "permit_type", permit_types, "jenis izin", "permit_types.toml"
            )
        source: str | None = ""
        if section["source"] is not None:
            source = values.known(folder, section, "source", sources, "sumber", "sources.csv")
        if not name or not span or kind is None or source is None:
            continue
        thing = " ".join(filter(None, (name, kind, source)))
        if spans.add(section, thing, *span) and value is not None and basis:
            found.append(Threshold(name, value, *span, basis, kind, source))
    return tuple(sorted(found, key=lambda item: (item.name, item.permit_type, item.source, item.valid_from)))


def read_elections(folder: Folder) -> tuple[Election, ...]:
    """``elections.csv``: date, name."""
    found: list[Election] = []
    once = values.Once(folder, "pemilihan")
    for row in folder.table("elections.csv", ("date", "name"), required=False):
        on = values.day(folder, row, "date")
        if on and once.new(row, "date", f"{on} {row['name']}"):
            found.append(Election(on, row["name"]))
    return tuple(sorted(found, key=lambda item: (item.on, item.name)))


def read_shared_addresses(folder: Folder) -> tuple[SharedAddress, ...]:
    """``shared_addresses.csv``: address_token, kind, valid_from, valid_to, legal_basis."""
    found: list[SharedAddress] = []
    spans = values.Spans(folder)
    columns = ("address_token", "kind", "valid_from", "legal_basis")
    for row in folder.table("shared_addresses.csv", columns, ("valid_to",), required=False):
        token = values.code(folder, row, "address_token", values.TOKEN, ADDRESS_FORM)
        kind = values.one_of(folder, row, "kind", SHARED_ADDRESS_KINDS)
        span = values.validity(folder, row)
        if token and kind and span and spans.add(row, f"alamat {token}", *span):
            found.append(SharedAddress(token, kind, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.address_token, item.valid_from)))

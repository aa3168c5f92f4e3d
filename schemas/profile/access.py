"""Who must sign what they send, and who may take part in revealing an identity: ``signatures.csv`` and
``identity_roles.csv``."""

from __future__ import annotations

import re
from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.rows import ANY, DOMAINS, IDENTITY_ROLES, IdentityRole, Signature

USER = re.compile(r"[a-z_][a-z0-9_.\-]{0,31}")
USER_FORM = "nama pengguna pada mesin Nadi, huruf kecil"


def read_signatures(folder: Folder, departments: Collection[str]) -> tuple[Signature, ...]:
    """``signatures.csv``: opd (or ``*``), domain (or ``*``), valid_from, valid_to, legal_basis."""
    found: list[Signature] = []
    spans = values.Spans(folder)
    columns = ("opd", "domain", "valid_from", "legal_basis")
    for row in folder.table("signatures.csv", columns, ("valid_to",), required=False):
        opd: str | None = ANY
        if row["opd"] != ANY:
            opd = values.known(folder, row, "opd", departments, "OPD", "departments.csv")
        domain = values.one_of(folder, row, "domain", (ANY, *DOMAINS))
        span = values.validity(folder, row)
        if opd and domain and span and spans.add(row, f"tanda tangan {opd} {domain}", *span):
            found.append(Signature(opd, domain, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.opd, item.domain, item.valid_from)))


def read_identity_roles(folder: Folder) -> tuple[IdentityRole, ...]:
    """``identity_roles.csv``: who (a user of the machine), role (one of ``IDENTITY_ROLES``), valid_from, valid_to,
    legal_basis."""
    found: list[IdentityRole] = []
    spans = values.Spans(folder)
    columns = ("who", "role", "valid_from", "legal_basis")
    for row in folder.table("identity_roles.csv", columns, ("valid_to",), required=False):
        who = values.code(folder, row, "who", USER, USER_FORM)
        role = values.one_of(folder, row, "role", IDENTITY_ROLES)
        span = values.validity(folder, row)
        if who and role and span and spans.add(row, f"peran {who}", *span):
            found.append(IdentityRole(who, role, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.who, item.valid_from)))

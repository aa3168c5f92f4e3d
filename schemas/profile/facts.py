"""Which of two sources is right where both report one fact: ``fact_sources.csv``."""

from __future__ import annotations

import json

from schemas.catalogue import DOMAINS
from schemas.profile import values
from schemas.profile.folder import Folder, Row
from schemas.profile.rows import ANY, FACT_DOMAINS, FactSource
from schemas.registry import current

#: What happens in each domain, as its contract names it.
KINDS = {
    "revenue": ("assessment", "receipt", "void", "deposit", "opening_balance", "reminder"),
    "budget": ("ceiling", "package", "spd", "spp", "spm", "sp2d", "accounting", "return", "reversal"),
    "population": ("birth", "death", "move", "correction"),
    "activities": ("progress", "handover"),
}


def read_fact_sources(folder: Folder) -> tuple[FactSource, ...]:
    """``fact_sources.csv``: domain, kind, fact (names of fields, separated by spaces), authoritative and other (prefixes of
    sources; other empty or ``*``: every other source), valid_from, valid_to, legal_basis."""
    found: list[FactSource] = []
    spans = values.Spans(folder)
    columns = ("domain", "kind", "fact", "authoritative", "valid_from", "legal_basis")
    for row in folder.table("fact_sources.csv", columns, ("other", "valid_to"), required=False):
        domain = values.one_of(folder, row, "domain", FACT_DOMAINS)
        kind = values.one_of(folder, row, "kind", KINDS[domain]) if domain else None
        fact = _fields(folder, row, domain)
        form = "awalan sumber, misalnya /opd/5.02.01/sipkd"
        authoritative = values.code(folder, row, "authoritative", values.SOURCE_ID, form)
        other: str | None = ANY
        if row["other"] not in ("", ANY):
            other = values.code(folder, row, "other", values.SOURCE_ID, form)
        span = values.validity(folder, row)
        if not (domain and kind and fact and authoritative and other and span):
            continue
        item = FactSource(domain, kind, fact, authoritative, other, *span, row["legal_basis"])
        if item.covers(item.authoritative):
            folder.note(
                row.file,
                row.at("other"),
                f"other {other!r} mencakup sumber yang berwenang, {authoritative!r}",
                "isi awalan sumber lain, atau * untuk semua sumber selain yang berwenang",
            )
        elif spans.add(row, f"{domain} {kind} {other}", *span):
            found.append(item)
    return tuple(sorted(found, key=lambda item: (item.domain, item.kind, item.other, item.valid_from)))


def _fields(folder: Folder, row: Row, domain: str | None) -> tuple[str, ...] | None:
    """The fields that identify a fact, known to the contract of its domain."""
    text = values.text(folder, row, "fact")
    if text is None or domain is None:
        return None
    known = [field["name"] for field in json.loads(current(DOMAINS[domain].schema))["fields"]]
    names = tuple(dict.fromkeys(text.split()))
    unknown = [name for name in names if name not in known]
    if unknown:
        folder.note(
            row.file,
            row.at("fact"),
            f"fact memuat {', '.join(map(repr, unknown))}, yang bukan isian {DOMAINS[domain].name}",
            f"pilih isian yang bersama-sama menandai satu fakta, dipisah spasi, misalnya {_EXAMPLES[domain]}",
        )
        return None
    return names


_EXAMPLES = {
    "revenue": "receipt_number", "budget": "fiscal_year document_number", "population": "person_token",
    "activities": "fiscal_year sub_activity",
}  # fmt: skip

"""What permits cost, who may decide them, and which duties in spending go to two: ``tariffs.csv``, ``authorities.csv`` and
``duty_pairs.csv``."""

from __future__ import annotations

from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder, Row
from schemas.profile.money import MAX_RUPIAH
from schemas.profile.rows import ANY, DUTIES, Authority, DutyPair, Tariff

TOKEN_FORM = "token petugas, 26 huruf kecil atau angka 2-7; bukan nama atau NIP"  # noqa: S105


def read_tariffs(folder: Folder, permit_types: Collection[str] | None) -> tuple[Tariff, ...]:
    """``tariffs.csv``: permit_type, amount (rupiah, empty by formula), valid_from, valid_to, legal_basis."""
    found: list[Tariff] = []
    spans = values.Spans(folder)
    columns = ("permit_type", "valid_from", "legal_basis")
    for row in folder.table("tariffs.csv", columns, ("amount", "valid_to"), required=False):
        kind = _permit_type(folder, row, permit_types)
        amount = values.whole(folder, row, "amount", low=0, high=MAX_RUPIAH) if row["amount"] else None
        span = values.validity(folder, row)
        good = amount is not None or not row["amount"]
        if kind and span and spans.add(row, f"tarif {kind}", *span) and good:
            found.append(Tariff(kind, amount, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.permit_type, item.valid_from)))


def read_authorities(folder: Folder, permit_types: Collection[str] | None) -> tuple[Authority, ...]:
    """``authorities.csv``: officer_token, permit_type (or ``*``), valid_from, valid_to, delegation_id, legal_basis."""
    found: list[Authority] = []
    spans = values.Spans(folder)
    columns = ("officer_token", "permit_type", "valid_from", "legal_basis")
    for row in folder.table("authorities.csv", columns, ("valid_to", "delegation_id"), required=False):
        token = values.code(folder, row, "officer_token", values.TOKEN, TOKEN_FORM)
        kind = ANY if row["permit_type"] == ANY else _permit_type(folder, row, permit_types)
        span = values.validity(folder, row)
        delegation = row["delegation_id"]
        if token and kind and span:
            thing = " ".join(filter(None, ("wewenang", token, "atas", kind, delegation)))
            if spans.add(row, thing, *span):
                found.append(Authority(token, kind, *span, delegation, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.officer_token, item.permit_type, item.valid_from)))


def read_duty_pairs(folder: Folder) -> tuple[DutyPair, ...]:
    """``duty_pairs.csv``: first, second (each one of ``DUTIES``), valid_from, valid_to, legal_basis."""
    found: list[DutyPair] = []
    spans = values.Spans(folder)
    columns = ("first", "second", "valid_from", "legal_basis")
    for row in folder.table("duty_pairs.csv", columns, ("valid_to",), required=False):
        first, second = (values.one_of(folder, row, name, DUTIES) for name in ("first", "second"))
        span = values.validity(folder, row)
        if not first or not second or not span:
            continue
        if first == second:
            folder.note(
                row.file, row.line, f"{first} berpasangan dengan dirinya", "sebut dua tugas yang berbeda"
            )
        elif spans.add(row, f"pasangan {' dan '.join(sorted((first, second)))}", *span):
            found.append(DutyPair(first, second, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.first, item.second, item.valid_from)))


def _permit_type(folder: Folder, row: Row, permit_types: Collection[str] | None) -> str | None:
    return values.known(folder, row, "permit_type", permit_types, "jenis izin", "permit_types.toml")

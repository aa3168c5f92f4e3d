"""Devices that record sales at taxpayers."""

from __future__ import annotations

from collections.abc import Collection

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.rows import TappingBox

DEVICE_FORM = "nomor buku atau perangkat seperti pada receipt_book"


def read_tapping_boxes(folder: Folder, cash_offices: Collection[str]) -> tuple[TappingBox, ...]:
    """``tapping_boxes.csv``: cash_office, device, valid_from, valid_to, legal_basis."""
    found: list[TappingBox] = []
    spans = values.Spans(folder)
    columns = ("cash_office", "device", "valid_from", "legal_basis")
    for row in folder.table("tapping_boxes.csv", columns, ("valid_to",), required=False):
        office = values.known(folder, row, "cash_office", cash_offices, "kas", "cash_offices.csv")
        device = values.code(folder, row, "device", values.PLAIN_CODE, DEVICE_FORM)
        span = values.validity(folder, row)
        if office and device and span and spans.add(row, f"alat {office} {device}", *span):
            found.append(TappingBox(office, device, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.cash_office, item.device, item.valid_from)))

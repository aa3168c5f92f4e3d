"""How much the value of an alert weighs in the combined risk: ``value_bands.csv``."""

from __future__ import annotations

from schemas.profile import values
from schemas.profile.folder import Folder
from schemas.profile.money import MAX_RUPIAH
from schemas.profile.rows import ValueBand

MOST = 5.0


def read_value_bands(folder: Folder) -> tuple[ValueBand, ...]:
    """``value_bands.csv``: least (rupiah), factor, valid_from, valid_to, legal_basis."""
    found: list[ValueBand] = []
    spans = values.Spans(folder)
    columns = ("least", "factor", "valid_from", "legal_basis")
    for row in folder.table("value_bands.csv", columns, ("valid_to",), required=False):
        least = values.whole(folder, row, "least", low=0, high=MAX_RUPIAH)
        factor = values.number(folder, row, "factor", low=0, high=MOST)
        span = values.validity(folder, row)
        if least is None or factor is None or not span:
            continue
        if spans.add(row, f"golongan nilai {least}", *span):
            found.append(ValueBand(least, factor, *span, row["legal_basis"]))
    return tuple(sorted(found, key=lambda item: (item.least, item.valid_from)))

"""A row of a foreign table as typed fields of the contract, by a mapping."""

from __future__ import annotations

from collections.abc import Mapping as Values
from typing import Any
from zoneinfo import ZoneInfo

from producers.mapping import Mapping
from producers.values import convert


def typed_fields(row: Values[str, Any], mapping: Mapping, zone: ZoneInfo) -> dict[str, Any]:
    """Constants and mapped columns as values of the contract by field name; what is empty is left out.

    ``zone`` is for times without an offset. Raises RowValueError.
    """
    event: dict[str, Any] = dict(mapping.constants)
    for name, column in mapping.columns.items():
        value = row[column]
        mapped = mapping.values.get(name, {}).get(value, value) if isinstance(value, str) else value
        typed = convert(
            mapping.fields[name], mapped, column=column, zone=zone, number_format=mapping.number_format
        )
        if typed is not None:
            event[name] = typed
    return event

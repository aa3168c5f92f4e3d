"""A row as the event it would become, with what the contract says against it; nothing is sent."""

from __future__ import annotations

from typing import Any

from producers.gateway.faults import faults
from producers.pull.config import Source
from producers.pull.database import Row
from producers.pull.events import Maker, plain_value
from producers.redaction import mask, masked
from producers.values import RowValueError


def tried(source: Source, row: Row) -> dict[str, Any]:
    """``event`` (fields by name, numbers of persons masked) and ``problems`` (sentences)."""
    shown = {name: masked(plain_value(value)) for name, value in row.items()}
    try:
        fields = Maker(source, b"").fields(row)
    except RowValueError as error:
        return {"event": None, "row": shown, "problems": [mask(error.message)]}
    given = {"event_id": "", "source": source.mapping.source, "opd": source.mapping.opd, **fields}
    problems = [f"{fault.pointer}: {fault.detail}" for fault in faults(source.topic.schema, given)]
    return {"event": masked({"source": source.mapping.source, **fields}), "row": shown, "problems": problems}

"""A historic log as events of the contract: mapped, typed, sorted by time."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from producers.identity import NAMESPACE, event_id
from producers.log_files import SLICE_ROWS, LogFile
from producers.mapped import typed_fields
from producers.mapping import Mapping, MappingError
from producers.values import RowValueError, convert

NO_STEP = ("step", "officer_token", "officer_role", "kind", "occurred_at", "event_id")


@dataclass(slots=True)
class History:
    """Events sorted by (occurred_at, event_id), repeats included. ``rows`` counts input rows, ``repeats`` rows whose
    event stood in the log before, ``cases`` distinct keys; ``last_occurred_at`` is UTC ms, 0 for an empty log;
    ``counts`` is what the files' reader counted beside the rows, ``order`` the row at which each event id was read
    first, for what the time leaves open (many logs have only the day)."""

    events: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    repeats: int = 0
    cases: int = 0
    last_occurred_at: int = 0
    rejected: list[RowValueError] = field(default_factory=list)
    absent_fields: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    order: dict[str, int] = field(default_factory=dict)


def read_history(
    domain: str,
    logs: Iterable[LogFile],
    mapping: Mapping,
    zone: ZoneInfo,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> History:
    """Read log files through a mapping, all of them into memory, because time orders the whole log.

    ``zone`` is for times without an offset when the mapping names none. Raises MappingError (wrong domain or
    column); rows that cannot be typed are in ``rejected``.
    """
    if mapping.domain != domain:
        raise MappingError(f"the mapping is for {mapping.domain}, not for {domain}")
    history = History(absent_fields=mapping.absent)
    closings: dict[str, dict[str, Any]] = {}
    case_field = "case_id" if "case_id" in mapping.fields else None
    cases: set[str] = set()
    local = mapping.zone(zone)
    for path, number, total, row in _rows(logs, mapping, history.counts):
        history.rows += 1
        if history.rows % 5_000 == 0:
            progress(history.rows, total)
        try:
            event = _event(row, mapping, local)
            closing = _closing(row, event, mapping, local)
        except RowValueError as problem:
            history.rejected.append(problem.at(path.name, number))
            continue
        history.events.append(event)
        history.repeats += event["event_id"] in history.order
        history.order.setdefault(event["event_id"], history.rows)
        cases.add(event[case_field] if case_field else event["event_id"])
        if closing is not None and case_field:
            known = closings.get(closing[case_field])
            if known is None or event["occurred_at"] >= known["_read_at"]:
                closings[closing[case_field]] = closing | {"_read_at": event["occurred_at"]}
    for closing in closings.values():
        del closing["_read_at"]
        history.events.append(closing)
    history.events.sort(key=lambda e: (e["occurred_at"], e["event_id"]))
    history.cases = len(cases)
    history.last_occurred_at = history.events[-1]["occurred_at"] if history.events else 0
    progress(history.rows, history.rows)
    return history


def _rows(
    logs: Iterable[LogFile], mapping: Mapping, counts: Counter[str]
) -> Iterator[tuple[Path, int, int, dict[str, Any]]]:
    """(file, row number counted from 1 below the header, rows of the file, values by column)."""
    for log in logs:
        mapping.check_columns(log.frame.columns, log.path.name)
        counts.update(log.counts)
        number = 0
        for part in log.frame.iter_slices(SLICE_ROWS):
            for row in part.iter_rows(named=True):
                number += 1
                yield log.path, number, log.frame.height, row


def _event(row: dict[str, Any], mapping: Mapping, zone: ZoneInfo) -> dict[str, Any]:
    event: dict[str, Any] = {"source": mapping.source, "opd": mapping.opd, "mode": "backfill"}
    event.update(typed_fields(row, mapping, zone))
    event["event_id"] = event_id(event)
    return event


def _closing(
    row: dict[str, Any], event: dict[str, Any], mapping: Mapping, zone: ZoneInfo
) -> dict[str, Any] | None:
    if mapping.case is None:
        return None
    column = mapping.case.closing
    at = convert(mapping.fields["occurred_at"] | {"optional": True}, row[column], column=column, zone=zone)
    if at is None:
        return None
    closing = {name: value for name, value in event.items() if name not in NO_STEP}
    closing |= {"kind": mapping.case.kind, "occurred_at": at}
    closing["event_id"] = str(
        uuid.uuid5(NAMESPACE, f"{mapping.source}|{mapping.case.kind}|{event['case_id']}|{at}")
    )
    return closing

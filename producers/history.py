"""A historic log as events of the contract: mapped, typed, sorted by time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from producers.mapping import Mapping, MappingError
from producers.values import RowValueError, convert

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "nadi:file")
NO_STEP = ("step", "officer_token", "officer_role", "kind", "occurred_at", "event_id")
SLICE_ROWS = 20_000


@dataclass(slots=True)
class History:
    """Events sorted by (occurred_at, event_id), repeats included. ``rows`` counts input rows, ``repeats`` rows whose
    event stood in the log before, ``cases`` distinct keys; ``last_occurred_at`` is UTC ms, 0 for an empty log."""

    events: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    repeats: int = 0
    cases: int = 0
    last_occurred_at: int = 0
    rejected: list[RowValueError] = field(default_factory=list)
    absent_fields: set[str] = field(default_factory=set)


def read_history(
    domain: str,
    files: Sequence[Path],
    mapping: Mapping,
    zone: ZoneInfo,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> History:
    """Read CSV or Parquet files through a mapping, all of them into memory, because time orders the whole log.

    ``zone`` is for times without an offset when the mapping names none. Raises MappingError (wrong domain or
    column) and ValueError (a file that is no CSV or Parquet); rows that cannot be typed are in ``rejected``.
    """
    if mapping.domain != domain:
        raise MappingError(f"the mapping is for {mapping.domain}, not for {domain}")
    history = History(absent_fields=mapping.absent)
    closings: dict[str, dict[str, Any]] = {}
    case_field = "case_id" if "case_id" in mapping.fields else None
    cases: set[str] = set()
    seen: set[str] = set()
    local = mapping.zone(zone)
    for path, number, total, row in _rows(files, mapping):
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
        history.repeats += event["event_id"] in seen
        seen.add(event["event_id"])
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


def _rows(files: Sequence[Path], mapping: Mapping) -> Iterator[tuple[Path, int, int, dict[str, Any]]]:
    """(file, row number counted from 1 below the header, rows of the file, values by column)."""
    for path in files:
        frame = _frame(path)
        mapping.check_columns(frame.columns, path.name)
        number = 0
        for part in frame.iter_slices(SLICE_ROWS):
            for row in part.iter_rows(named=True):
                number += 1
                yield path, number, frame.height, row


def columns_of(path: Path) -> list[str]:
    """The columns of a CSV or Parquet file. Raises ValueError for a file that is neither."""
    return list(_frame(path).columns)


def _frame(path: Path) -> Any:
    import polars as pl

    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except pl.exceptions.NoDataError as error:
        raise ValueError(f"{path.name}: the file is empty; it needs a header and rows") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(
            f"{path.name}: cannot be read as {'Parquet' if path.suffix == '.parquet' else 'CSV'}: {error}"
        ) from error


def _event(row: dict[str, Any], mapping: Mapping, zone: ZoneInfo) -> dict[str, Any]:
    event: dict[str, Any] = {"source": mapping.source, "opd": mapping.opd, "mode": "backfill"}
    event.update(mapping.constants)
    for name, column in mapping.columns.items():
        value = row[column]
        mapped = mapping.values.get(name, {}).get(value, value) if isinstance(value, str) else value
        typed = convert(
            mapping.fields[name], mapped, column=column, zone=zone, number_format=mapping.number_format
        )
        if typed is not None:
            event[name] = typed
    event["event_id"] = _event_id(event)
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


def _event_id(event: dict[str, Any]) -> str:
    """UUIDv5 of the source and the row's content, so that a repeated row is a repeat; a given id is kept."""
    given = event.get("event_id")
    content = (
        f"id={given}"
        if given
        else "|".join(f"{name}={event[name]}" for name in sorted(event) if name != "mode")
    )
    try:
        return str(uuid.UUID(given)) if given else str(uuid.uuid5(NAMESPACE, f"{event['source']}|{content}"))
    except ValueError:
        return str(uuid.uuid5(NAMESPACE, f"{event['source']}|{content}"))

"""Two passes: all rows are checked before any is published, and what is refused is written beside the file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from producers.files.columns import Columns
from producers.files.reading import Row, read_rows
from producers.files.rows import RowProblem, convert_row
from schemas.catalogue import DOMAINS
from schemas.codec import Codec
from schemas.registry import LockFileIds

Progress = Callable[[int], None]
#: What else is wrong with the event of a sound row, in the eyes of whoever publishes it.
Further = Callable[[Row, dict[str, Any]], Iterable[RowProblem]]
SHOWN = 20
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Check:
    """What the first pass found. ``problems`` are the first twenty; ``rejected`` counts rows, all of them in
    ``refused_file`` where there are any."""

    rows: int = 0
    rejected: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    refused_file: Path | None = None

    @property
    def good(self) -> int:
        return self.rows - self.rejected


def check(
    path: Path, columns: Columns, progress: Progress = lambda _: None, further: Further = lambda *_: ()
) -> Check:
    """Read every row and publish none. Raises FileError for a file that cannot be read.

    Refused rows go to ``FILE.ditolak.csv`` with the column ``keterangan`` first; an older such file is removed.
    """
    result = Check()
    target = path.with_name(f"{path.name}.ditolak.csv")
    target.unlink(missing_ok=True)
    writer: Any = None
    stream: Any = None
    try:
        for row, _event, problems in judged(path, columns, further):
            result.rows += 1
            if result.rows % 5_000 == 0:
                progress(result.rows)
            if not problems:
                continue
            result.rejected += 1
            result.problems.extend(problems[: SHOWN - len(result.problems)])
            if stream is None:
                stream = target.open("w", encoding="utf-8-sig", newline="")
                result.refused_file = target
                names = list(row.values)
                writer = csv.writer(stream)
                writer.writerow(["keterangan", "baris", *names])
            reason = "; ".join(f"{p.column}: {p.value!r} {p.advice}" for p in problems)
            writer.writerow([reason, row.number, *(_cell(row.values.get(name)) for name in names)])
    finally:
        if stream is not None:
            stream.close()
    progress(result.rows)
    return result


def good_events(path: Path, columns: Columns, further: Further = lambda *_: ()) -> Iterator[dict[str, Any]]:
    """The second pass: the events of the rows without problems."""
    for _row, event, problems in judged(path, columns, further):
        if not problems:
            yield event


def judged(
    path: Path, columns: Columns, further: Further = lambda *_: ()
) -> Iterator[tuple[Row, dict[str, Any], list[RowProblem]]]:
    """(row, event, problems) of every row that is no example; the event counts only where there are no problems.
    ``further`` is asked about the rows that are sound.

    Raises FileError for what cannot be read, at once or where the damage is.
    """
    header, rows = read_rows(path)
    if header is not None:
        columns.check(header, path.name)
    codec = Codec(DOMAINS[columns.domain].schema, LockFileIds.load())
    known: set[str] = set()
    for row in rows:
        if columns.is_example(row):
            continue
        if header is None and not row.values.keys() <= known:
            columns.check({**dict.fromkeys(_required(columns)), **row.values}, path.name)
            known |= row.values.keys()
        event, problems = convert_row(row, columns, path.name)
        if not problems:
            problems = _contract(event, codec, row, columns, path.name) or list(further(row, event))
        yield row, event, problems


def _required(columns: Columns) -> list[str]:
    """In JSONL and Avro a missing field is a problem of its row, not of the file."""
    if columns.mapping:
        return list(columns.mapping.columns.values())
    return [name for name, spec in columns.fields.items() if "default" not in spec]


def _contract(event: dict[str, Any], codec: Codec, row: Row, columns: Columns, file: str) -> list[RowProblem]:
    """What only the whole contract sees: ranges, nested lists, amounts that must not be negative."""
    from schemas.acceptance import NOT_NEGATIVE

    found = [
        RowProblem(file, row.number, columns.column_of(name) or name, str(event[name]), "tidak boleh negatif")
        for name in NOT_NEGATIVE
        if isinstance(event.get(name), int) and event[name] < 0
    ]
    found.extend(
        RowProblem(file, row.number, columns.column_of(name) or name, "", "kosong; wajib diisi")
        for name in ("opd", "source", "kind")
        if event.get(name) == ""
    )
    if found:
        return found
    try:
        codec.encode(event)
    except ValueError as error:
        return [RowProblem(file, row.number, "(kontrak)", "", str(error))]
    return []


def _cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula; a plain negative number stays one."""
    text = "" if value is None else str(value)
    if text.startswith(FORMULA) and not text.lstrip("-+").replace(".", "").replace(",", "").isdigit():
        return "'" + text
    return text

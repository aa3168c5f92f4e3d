"""One row of a file as one event: values typed, persons replaced by tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from producers import corrections
from producers.files.columns import Columns
from producers.files.forms.titles import value_of
from producers.files.reading import Row
from producers.identity import event_id, row_id
from producers.numbers import NAMES, found_in
from producers.persons import suspicious
from producers.tokens import Tokens
from producers.values import RowValueError, convert

TOTAL = re.compile(r"\s*(grand\s+total|sub\s?-?total|total|jumlah)\b", re.IGNORECASE)
LISTS = ("array", "map")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One value of one row that cannot be taken. ``row`` is the line in the file."""

    file: str
    row: int
    column: str
    value: str
    advice: str

    def __str__(self) -> str:
        return f"berkas {self.file} baris {self.row} kolom {self.column}: {self.value!r} {self.advice}"


def convert_row(row: Row, columns: Columns, file: str) -> tuple[dict[str, Any], list[RowProblem]]:
    """(event, problems); the event counts only where there are no problems."""
    event, problems = read_fields(row, columns, file)
    if sum(problem.value == "" for problem in problems) > 1 and (total := _total(row, file)):
        return event, [total]
    problems.extend(_forbidden(event, columns, row, file))
    if columns.file_id and not event.get("event_id"):
        event["event_id"] = row_id(columns.file_id, row.number)
    else:
        event["event_id"] = event_id(event)
    if event.get("corrects"):
        event["corrects"] = corrections.canonical(event["corrects"], event.get("source", ""))
    if wrong := corrections.fault(event):
        column = columns.column_of(wrong.field) or wrong.field
        problems.append(RowProblem(file, row.number, column, _short(event.get(wrong.field)), wrong.sentence))
    return event, problems


def read_fields(row: Row, columns: Columns, file: str) -> tuple[dict[str, Any], list[RowProblem]]:
    """(typed values by field, problems): what a row says, and what is wrong or missing in it."""
    event: dict[str, Any] = {}
    problems: list[RowProblem] = []
    mapping = columns.mapping
    filled = {"event_id", *(["source"] if columns.source else []), *(["opd"] if columns.opd else [])}
    if row.values.get(""):
        problems.append(
            RowProblem(
                file,
                row.number,
                "(setelah kolom terakhir)",
                _short(row.values[""]),
                "lebih dari jumlah kolom",
            )
        )
    for name, spec in columns.fields.items():
        column = columns.column_of(name)
        if column is None or column not in row.values:
            continue
        raw = row.values[column]
        if name in filled and (raw is None or (isinstance(raw, str) and not raw.strip())):
            continue
        if mapping and isinstance(raw, str):
            raw = mapping.values.get(name, {}).get(raw, raw)
        elif name in columns.titles and isinstance(raw, str):
            raw = value_of(columns.domain, name, raw)
        try:
            value = _typed(spec, raw, column, columns)
        except RowValueError as error:
            problems.append(RowProblem(file, row.number, column, _short(error.value), _advice(error, name)))
            continue
        if value is not None:
            event[name] = _safe(name, value, columns.tokens)
    for name, constant in columns.constants.items():
        event.setdefault(name, constant)
    if columns.source:
        event.setdefault("source", columns.source)
    if columns.opd:
        event.setdefault("opd", columns.opd)
    told = {problem.column for problem in problems}
    for name, spec in columns.fields.items():
        if (
            "default" not in spec
            and name not in event
            and name != "event_id"
            and (columns.column_of(name) or name) not in told
        ):
            problems.append(
                RowProblem(file, row.number, columns.column_of(name) or name, "", "kosong; wajib diisi")
            )
    return event, problems


def _total(row: Row, file: str) -> RowProblem | None:
    """A row that adds up others, as people write them below tables; they are no events."""
    for column, value in row.values.items():
        if isinstance(value, str) and TOTAL.match(value):
            return RowProblem(
                file, row.number, column, _short(value), "baris jumlah, bukan kejadian; hapus baris ini"
            )
    return None


def _typed(spec: dict[str, Any], raw: Any, column: str, columns: Columns) -> Any:
    kind = spec["type"]
    if isinstance(kind, dict) and kind.get("type") in LISTS:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str):
            return raw
        try:
            return json.loads(raw)
        except ValueError:
            raise RowValueError("BadList", column, raw, "bukan daftar JSON, misalnya [1, 2]") from None
    if spec["name"].endswith("_token") and isinstance(raw, int) and not 10**15 <= raw < 10**16:
        raise RowValueError(
            "LostDigits",
            column,
            "(angka)",
            "nomor tersimpan sebagai angka sehingga nol di depan dapat hilang; ubah format kolom menjadi Teks, lalu "
            "ketik ulang",
        )
    return convert(
        spec,
        raw,
        column=column,
        zone=columns.zone,
        number_format="id" if columns.titles else columns.number_format,
    )


def _advice(error: RowValueError, name: str) -> str:
    if error.reason == "BadNumber" and "--number-format" in error.advice:
        rupiah = " rupiah" if name not in ("persons", "register_number") else ""
        return (
            f"bukan bilangan bulat{rupiah}; nyatakan --number-format id bila berkas memakai format Indonesia"
        )
    return error.advice


def _safe(name: str, value: Any, tokens: Tokens) -> Any:
    """Persons never reach Kafka: a number in a token field becomes its token."""
    if name.endswith("_token") and isinstance(value, str):
        return tokens.field(name, value)
    return value


def _forbidden(event: dict[str, Any], columns: Columns, row: Row, file: str) -> Iterable[RowProblem]:
    """A NIK in a field that is no token field is refused: replacing it would hide the mistake."""
    for name, value in event.items():
        if name.endswith("_token") or not isinstance(value, str):
            continue
        kind = suspicious(name, value)
        if kind is not None:
            what = NAMES[kind]
            advice = f"memuat {what}; nomor orang hanya boleh di kolom yang disediakan untuknya"
            yield RowProblem(file, row.number, columns.column_of(name) or name, f"({what})", advice)


def _short(value: Any) -> str:
    """A value as a message shows it, which never repeats a person's number."""
    text = "" if value is None else str(value)
    if (kind := found_in(text)) is not None:
        return f"({NAMES[kind]})"
    return text if len(text) <= 80 else text[:77] + "..."

"""One row of a file as one event: columns matched, values typed, persons replaced by tokens."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from producers.files.forms.titles import EXAMPLE, REMARK, titled, titles, value_of
from producers.files.reading import FileError, Row
from producers.identity import event_id, row_id
from producers.mapping import Mapping, event_fields
from producers.tokens import Tokens, holds_person_number
from producers.values import RowValueError, convert

FREE_TEXT = ("correction_reason", "void_reason", "invoice_number", "document_number", "case_id", "indicator")
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


@dataclass(slots=True)
class Columns:
    """How a file's columns become fields: by their own names, or through a mapping.

    ``zone`` is for times without an offset, ``source`` and ``opd`` fill those fields where the file lacks them.
    ``file_id`` is what event ids are made of, with the row's number, where the row has none; without it they are made
    of the content. ``titles`` is the column by field of a form with Indonesian titles (producers/files/forms), found
    by ``check``.
    """

    domain: str
    zone: ZoneInfo
    tokens: Tokens
    number_format: str = "plain"
    mapping: Mapping | None = None
    source: str = ""
    opd: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    file_id: str = ""
    titles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mapping:
            self.constants = dict(self.mapping.constants)
            self.source, self.opd = self.mapping.source, self.mapping.opd
            if self.number_format == "plain":
                self.number_format = self.mapping.number_format
            self.zone = self.mapping.zone(self.zone)

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The contract's fields by name."""
        return event_fields(self.domain)

    def column_of(self, name: str) -> str | None:
        """The column that holds a field; None where a mapping leaves it out."""
        return self.mapping.columns.get(name) if self.mapping else self.titles.get(name, name)

    def is_example(self, row: Row) -> bool:
        """Whether a row of a form shows how to fill it in."""
        remark = row.values.get(REMARK) if self.titles else None
        return isinstance(remark, str) and remark.strip().upper().startswith(EXAMPLE)

    def check(self, header: Iterable[str], file: str) -> None:
        """Raise FileError when a column is missing or unknown: what was found and which name is nearest."""
        found = list(header)
        if self.mapping:
            self.mapping.check_columns(found, file)
            return
        self.titles = titled(self.domain, found)
        filled = {"event_id"} | ({"source"} if self.source else set()) | ({"opd"} if self.opd else set())
        required = [n for n, f in self.fields.items() if "default" not in f and n not in filled]
        missing = [name for name in required if self.column_of(name) not in found]
        taken = {*self.fields, *self.titles.values(), *((REMARK,) if self.titles else ())}
        unknown = [name for name in found if name and name not in taken]
        if not missing and not unknown:
            return
        lines = []
        for name in missing:
            shown = titles(self.domain)[name].title if self.titles and name in titles(self.domain) else name
            near = difflib.get_close_matches(shown, unknown, 1, 0.5)
            lines.append(
                f"berkas {file}: kolom {shown} tidak ada"
                + (f"; apakah maksudnya {near[0]!r}?" if near else "")
            )
        for name in unknown:
            known = (
                [title.title for title in titles(self.domain).values()] if self.titles else list(self.fields)
            )
            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"; apakah maksudnya {near[0]!r}?" if near else ""
            lines.append(f"berkas {file}: kolom {name!r} tidak dikenal kontrak {self.domain}{hint}")
        lines.append(f"kolom yang ada: {', '.join(found)}")
        raise FileError("\n".join(lines))


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
    for name in FREE_TEXT:
        value = event.get(name)
        if isinstance(value, str) and holds_person_number(value):
            column = columns.column_of(name) or name
            yield RowProblem(
                file, row.number, column, "(16 angka)", "tampak seperti NIK; NIK hanya boleh di kolom *_token"
            )


def _short(value: Any) -> str:
    """A value as a message shows it, which never repeats a person's number."""
    text = "" if value is None else str(value)
    if holds_person_number(text):
        return "(16 angka)"
    return text if len(text) <= 80 else text[:77] + "..."

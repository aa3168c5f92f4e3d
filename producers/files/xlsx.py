"""Rows of the first sheet of an Excel workbook (.xlsx, ECMA-376), streamed, with the types of its cells.

The header is the first row with two filled cells or more, for reports begin with titles; only columns with a name are
read. Of a formula the value that was saved with it counts. The file is not trusted: a DTD, parts that grow beyond
measure and damaged archives end the reading with file, part and cure.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.parsers import expat

from producers.files.reading import FileError, Row

ENDING = ".xlsx"
CHUNK = 1 << 16
LARGEST_PART = 1 << 28
WORKBOOK, RELATIONS, STYLES, TEXTS = (
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
)
#: Numbers of the built-in formats that are dates or times.
DATES = frozenset({*range(14, 23), *range(45, 48)})
#: Day 0 of the two calendars that a workbook may count by.
FROM_1900, FROM_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001  (cells have no zones)
NOT_IN_CODE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')

Element = tuple[bool, str, dict[str, str], str]
"""Whether it begins here, local name, attributes (at its beginning), text (at its end)."""


def read_xlsx(path: Path) -> tuple[list[str], Iterator[Row]]:
    """(header, rows) of the first sheet; a row's number is that of the sheet. Numbers are int or float, dates are
    datetime without a zone. Raises FileError."""
    rows = _rows(path)
    for _, cells in rows:
        names = {column: str(value).strip() for column, value in cells.items()}
        if len(names) < 2:
            continue
        header = list(names.values())
        if twice := sorted({name for name in header if header.count(name) > 1}):
            raise FileError(f"berkas {path.name}: kolom {', '.join(twice)} ada dua kali di baris judul")
        return header, _named(rows, names)
    raise FileError(
        f"berkas {path.name}: lembar pertama tidak berisi baris judul; perlu judul kolom dan sedikitnya satu baris data"
    )


def _named(rows: Iterator[tuple[int, dict[int, Any]]], names: dict[int, str]) -> Iterator[Row]:
    for number, cells in rows:
        values = {name: cells.get(column) for column, name in names.items()}
        if any(value is not None for value in values.values()):
            yield Row(number, values)


def _rows(path: Path) -> Iterator[tuple[int, dict[int, Any]]]:
    """(number, values by column from 0) of every row; empty cells are left out."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _Book(archive, path.name).rows()
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise FileError(
            f"berkas {path.name}: bukan buku kerja Excel (.xlsx) yang utuh ({error}); simpan ulang sebagai .xlsx tanpa "
            "kata sandi, atau sebagai CSV UTF-8"
        ) from error


class _Book:
    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name
        self._parts = set(archive.namelist())
        self._start = FROM_1900
        self._sheet = self._first_sheet()
        self._texts = self._shared_texts()
        self._dates = self._date_styles()

    def rows(self) -> Iterator[tuple[int, dict[int, Any]]]:
        number = column = 0
        cells: dict[int, Any] = {}
        cell: dict[str, str] = {}
        raw: list[str] = []
        for begins, name, attributes, text in self._elements(self._sheet):
            if begins and name == "row":
                number, cells, column = int(attributes.get("r", number + 1)), {}, -1
            elif begins and name == "c":
                column = _column(attributes["r"]) if "r" in attributes else column + 1
                cell, raw = attributes, []
            elif not begins and name in ("v", "t"):
                raw.append(text)
            elif not begins and name == "c":
                value = self._value(cell, "".join(raw))
                if value is not None:
                    cells[column] = value
            elif not begins and name == "row":
                yield number, cells

    def _value(self, cell: dict[str, str], raw: str) -> Any:
        kind = cell.get("t", "n")
        if kind == "s":
            raw = self._texts[int(raw)]
        if kind != "n":
            return raw if raw.strip() else None
        if not raw:
            return None
        if cell.get("s") in self._dates:
            return self._start + timedelta(days=round(float(raw) * 86_400) / 86_400)
        return int(raw) if re.fullmatch(r"-?\d+", raw) else float(raw)

    def _first_sheet(self) -> str:
        first = ""
        for begins, name, attributes, _ in self._elements(WORKBOOK):
            if begins and name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._start = FROM_1904
            if begins and name == "sheet" and not first and attributes.get("state", "visible") == "visible":
                first = next(value for key, value in attributes.items() if key.endswith(":id"))
        for begins, name, attributes, _ in self._elements(RELATIONS):
            if begins and name == "Relationship" and attributes["Id"] == first:
                target = attributes["Target"]
                return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        raise FileError(f"berkas {self._name}: tidak berisi satu lembar pun")

    def _shared_texts(self) -> list[str]:
        texts: list[str] = []
        parts: list[str] = []
        phonetic = False
        for begins, name, _, text in self._elements(TEXTS) if TEXTS in self._parts else ():
            if name == "rPh":
                phonetic = begins
            elif not begins and name == "t" and not phonetic:
                parts.append(text)
            elif not begins and name == "si":
                texts.append("".join(parts))
                parts = []
        return texts

    def _date_styles(self) -> set[str | None]:
        """The styles of cells, as the cells name them, whose numbers are dates."""
        codes: dict[int, str] = {}
        found: set[str | None] = set()
        styles, inside = 0, False
        for begins, name, attributes, _ in self._elements(STYLES) if STYLES in self._parts else ():
            if name == "cellXfs":
                inside = begins
            elif begins and name == "numFmt":
                codes[int(attributes["numFmtId"])] = attributes["formatCode"]
            elif begins and name == "xf" and inside:
                number = int(attributes.get("numFmtId", 0))
                code = NOT_IN_CODE.sub("", codes.get(number, "")).lower()
                if number in DATES or any(sign in code for sign in ("d", "y", "h:", "m/", "m-")):
                    found.add(str(styles))
                styles += 1
        return found

    def _elements(self, part: str) -> Iterator[Element]:
        """The elements of a part, each where it begins and where it ends."""
        if self._archive.getinfo(part).file_size > LARGEST_PART:
            raise FileError(
                f"berkas {self._name}: bagian {part} lebih dari {LARGEST_PART >> 20} MiB; pakai CSV untuk data sebesar ini"
            )
        found: list[Element] = []
        text: list[str] = []

        def begin(name: str, attributes: dict[str, str]) -> None:
            text.clear()
            found.append((True, _local(name), attributes, ""))

        def end(name: str) -> None:
            found.append((False, _local(name), {}, "".join(text)))
            text.clear()

        def refuse(*_: Any) -> None:
            raise FileError(
                f"berkas {self._name}: bagian {part} memuat DTD, yang tidak dibaca; simpan ulang di Excel"
            )

        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = begin, end
        parser.CharacterDataHandler = text.append
        parser.StartDoctypeDeclHandler = refuse
        with self._archive.open(part) as stream:
            while True:
                data = stream.read(CHUNK)
                try:
                    parser.Parse(data, not data)
                except expat.ExpatError as error:
                    raise FileError(
                        f"berkas {self._name}: bagian {part} rusak ({error}); simpan ulang di Excel"
                    ) from error
                yield from found
                found.clear()
                if not data:
                    return


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _column(reference: str) -> int:
    """The column of a cell such as ``AB12``, from 0."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1

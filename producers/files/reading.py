"""Rows of a file as they stand in it, streamed: a file of any size takes a few megabytes."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

DELIMITERS = ",;\t"
CHUNK = 1 << 20
LONGEST_FIELD = 1 << 20
OTHER_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


class FileError(ValueError):
    """A file that cannot be read at all; the message names file, place and cure, in Indonesian."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file (CSV, JSONL; the header is line 1), its number in the sheet or among the records
    (workbooks, Avro), and its values."""

    number: int
    values: dict[str, Any]


def read_rows(path: Path) -> tuple[list[str] | None, Iterator[Row]]:
    """(header of a CSV or workbook or None, rows) of a ``.csv``, ``.tsv``, ``.txt``, ``.xlsx``, ``.ods``, ``.xls``, ``.jsonl``,
    ``.ndjson``, ``.avro``, ``.xes`` or ``.xes.gz`` file.

    Raises FileError at once for an empty file, a wrong kind or a damaged beginning, and later where the damage is.
    """
    if not path.is_file():
        raise FileError(f"berkas {path}: tidak ada")
    if path.stat().st_size == 0:
        raise FileError(f"berkas {path.name}: kosong; perlu baris judul dan sedikitnya satu baris data")
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv", ".txt"):
        return _csv(path)
    if kind in (".jsonl", ".ndjson"):
        return None, _jsonl(path)
    if kind == ".avro":
        return None, _avro(path)
    from producers.files import workbooks, xes

    if kind in workbooks.ENDINGS:
        return workbooks.read_workbook(path)
    if kind in workbooks.REFUSED:
        raise FileError(
            f"berkas {path.name}: jenis {kind} dapat berisi makro dan tidak dibuka; simpan ulang sebagai .xlsx"
        )
    if xes.is_xes(path):
        return None, xes.read_xes(path)
    raise FileError(
        f"berkas {path.name}: jenis {kind or '(tanpa akhiran)'} tidak dikenal; pakai .csv, .xlsx, .ods, .xls, "
        ".jsonl, .avro, atau .xes"
    )


def _csv(path: Path) -> tuple[list[str], Iterator[Row]]:
    csv.field_size_limit(LONGEST_FIELD)
    stream = _open_text(path)
    try:
        first = stream.readline(LONGEST_FIELD)
        delimiter = max(DELIMITERS, key=first.count)
        header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    except csv.Error as error:
        raise FileError(f"berkas {path.name} baris 1: bukan judul CSV ({error})") from error
    if not any(header):
        raise FileError(f"berkas {path.name} baris 1: judul kolom kosong")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise FileError(f"berkas {path.name} baris 1: kolom {', '.join(twice)} ada dua kali")
    return header, _csv_rows(path, stream, header, delimiter)


def _csv_rows(path: Path, stream: TextIO, header: list[str], delimiter: str) -> Iterator[Row]:
    with stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        line = 2
        try:
            for cells in reader:
                if cells and any(cell.strip() for cell in cells):
                    if len(cells) > len(header):
                        values: dict[str, Any] = {"": delimiter.join(cells[len(header) :])}
                        values |= dict(zip(header, cells, strict=False))
                        yield Row(line, values)
                    else:
                        yield Row(line, dict(zip(header, cells, strict=False)))
                line = reader.line_num + 2
        except csv.Error as error:
            raise FileError(f"berkas {path.name} baris {reader.line_num + 1}: bukan CSV ({error})") from error


def _jsonl(path: Path) -> Iterator[Row]:
    with _open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except ValueError as error:
                raise FileError(f"berkas {path.name} baris {number}: bukan JSON ({error})") from error
            if not isinstance(values, dict):
                raise FileError(
                    f"berkas {path.name} baris {number}: bukan objek JSON, melainkan {type(values).__name__}"
                )
            yield Row(number, values)


def _avro(path: Path) -> Iterator[Row]:
    import fastavro

    with path.open("rb") as stream:
        try:
            reader = fastavro.reader(stream)
        except (ValueError, KeyError, EOFError, IndexError, TypeError) as error:
            raise FileError(f"berkas {path.name}: bukan wadah Avro ({error})") from error
        number = 0
        try:
            for values in reader:
                number += 1
                if not isinstance(values, dict):
                    raise FileError(f"berkas {path.name} rekaman {number}: bukan record Avro")
                yield Row(number, values)
        except FileError:
            raise
        except Exception as error:
            raise FileError(
                f"berkas {path.name}: rusak setelah rekaman {number}, dekat byte {stream.tell()} "
                f"({type(error).__name__}: {error}); kirim ulang berkas yang utuh"
            ) from error


def _open_text(path: Path) -> TextIO:
    """UTF-8 text with or without its byte-order mark; damage is reported with its byte position."""
    with path.open("rb") as stream:
        head = stream.read(4)
    for mark, name in OTHER_MARKS.items():
        if head.startswith(mark):
            raise FileError(f"berkas {path.name} byte 0: berkas {name}; simpan ulang sebagai CSV UTF-8")
    if not head.startswith(codecs.BOM_UTF8) and _damaged_mark(head):
        raise FileError(
            f"berkas {path.name} byte 0: tanda urutan byte (BOM) rusak: {head[:3].hex(' ')}, seharusnya ef bb bf; "
            "simpan ulang sebagai CSV UTF-8"
        )
    if b"\x00" in head:
        raise FileError(f"berkas {path.name} byte {head.index(0)}: berisi byte nol; ini bukan berkas teks")
    raw = _Utf8(path, len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)
    return io.TextIOWrapper(io.BufferedReader(raw, CHUNK), encoding="utf-8", newline="")


def _damaged_mark(head: bytes) -> bool:
    """Whether a file begins like a UTF-8 byte-order mark with a byte wrong, lost or encoded twice."""
    mark = codecs.BOM_UTF8
    alike = sum(a == b for a, b in zip(head, mark, strict=False))
    return alike >= 2 or head[:2] == mark[1:] or head[:1] == mark[:1] or head[:4] == "ï»".encode()


class _Utf8(io.RawIOBase):
    """A file's bytes, checked to be UTF-8 while they pass; raises FileError with the position of the first that is not."""

    def __init__(self, path: Path, skip: int) -> None:
        self._name, self._stream, self._position = path.name, path.open("rb"), skip
        self._stream.seek(skip)
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            place = self._position - pending + error.start
            found = error.object[error.start : error.start + 1].hex()
            raise FileError(
                f"berkas {self._name} byte {place}: 0x{found} bukan UTF-8; simpan ulang sebagai CSV UTF-8"
            ) from error
        self._position += len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()

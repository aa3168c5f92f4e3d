"""Rows of the first visible sheet of a workbook (.xlsx, .ods, .xls), with the types of its cells, through calamine.

The header is the first row with two filled cells or more, for reports begin with titles; only columns with a name are
read. Of a formula the value that was saved with it counts; macros, links and entities are never followed. The file is
not trusted: what its directory says it unpacks to is summed before anything is unpacked, and it is read by a process
with limits of its own (producers/files/sheet_process.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from producers.files.reading import FileError, Row

ENDINGS = (".xlsx", ".ods", ".xls")
#: The same with macros in them, or binary: never opened.
REFUSED = (".xlsm", ".xltm", ".xlam", ".xlsb")
#: Bytes of the file, bytes it unpacks to, rows and columns of the sheet.
LARGEST_FILE = 64 << 20
LARGEST_UNPACKED = 256 << 20
MOST_ROWS = 200_000
MOST_COLUMNS = 500
#: Of the process that reads: address space in MiB, CPU seconds.
MEGABYTES, SECONDS = 2048, 120
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROCESS = Path(__file__).with_name("sheet_process.py")
CSV_INSTEAD = "pecah menjadi beberapa berkas, atau simpan sebagai CSV UTF-8"


def read_workbook(path: Path) -> tuple[list[str], Iterator[Row]]:
    """(header, rows) of the first visible sheet; a row's number is that of the sheet. Numbers are int or float (those
    of 10^15 and more float: their last digits may be lost), dates are datetime without a zone. Raises FileError."""
    _check_size(path)
    rows = _rows(path)
    _number, about = next(rows)
    for number, cells in rows:
        names = {column: str(value).strip() for column, value in cells.items()}
        if len(names) < 2:
            continue
        _check_merged(path, number, about["merged"])
        header = list(names.values())
        if twice := sorted({name for name in header if header.count(name) > 1}):
            raise FileError(
                f"berkas {path.name}: kolom {', '.join(twice)} ada dua kali di baris judul; beri nama yang berbeda"
            )
        return header, _named(rows, names)
    raise FileError(
        f"berkas {path.name}: lembar pertama tidak berisi baris judul; perlu judul kolom dan sedikitnya satu baris data"
    )


def _check_size(path: Path) -> None:
    """Refuse what is too large, what holds macros and what is no workbook, from its directory alone."""
    name, size = path.name, path.stat().st_size
    if size > LARGEST_FILE:
        raise FileError(f"berkas {name}: {size >> 20} MiB, batasnya {LARGEST_FILE >> 20} MiB; {CSV_INSTEAD}")
    with path.open("rb") as stream:
        if stream.read(len(OLE)) == OLE:
            return  # .xls, or a workbook under a password; neither is packed
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        _damaged(name, error)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED:
        raise FileError(
            f"berkas {name}: menjadi {unpacked >> 20} MiB bila dibuka, batasnya {LARGEST_UNPACKED >> 20} MiB; tidak "
            f"dibuka; {CSV_INSTEAD}"
        )
    if any(entry.filename.lower().endswith("vbaproject.bin") for entry in entries):
        raise FileError(f"berkas {name}: berisi makro; simpan ulang sebagai .xlsx tanpa makro")


def _check_merged(path: Path, number: int, merged: list[list[int]]) -> None:
    for top, left, bottom, right in merged:
        if top <= number - 1 <= bottom and right > left:
            cells = f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"
            raise FileError(
                f"berkas {path.name} baris {number}: sel judul {cells} digabung; pisahkan (Unmerge Cells) dan beri "
                "setiap kolom judulnya sendiri dalam satu baris"
            )


def _named(rows: Iterator[tuple[int, dict[Any, Any]]], names: dict[int, str]) -> Iterator[Row]:
    for number, cells in rows:
        values = {name: cells.get(column) for column, name in names.items()}
        if any(value is not None for value in values.values()):
            yield Row(number, values)


def _rows(path: Path) -> Iterator[tuple[int, dict[Any, Any]]]:
    """(0, what the process says of the sheet), then (number from 1, values by column from 0) of every row that is not
    empty."""
    command = [sys.executable, "-I", str(PROCESS), str(path.absolute()), str(MEGABYTES), str(SECONDS)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            lines = cast("IO[bytes]", process.stdout)
            first = lines.readline()
            if not first:
                _ended(path.name, process.wait(), said)
            about = json.loads(first)
            if "error" in about:
                _refuse(path.name, about)
            if about["rows"] > MOST_ROWS or about["columns"] > MOST_COLUMNS:
                raise FileError(
                    f"berkas {path.name}: lembar pertama {about['rows']} baris x {about['columns']} kolom, batasnya "
                    f"{MOST_ROWS} x {MOST_COLUMNS}; hapus baris dan kolom kosong yang berformat, atau {CSV_INSTEAD}"
                )
            yield 0, about
            for line in lines:
                number, cells = json.loads(line)
                yield number + 1, {int(column): _value(value) for column, value in cells.items()}
            if code := process.wait():
                _ended(path.name, code, said)
        finally:
            process.kill()


def _value(value: Any) -> Any:
    return datetime.fromisoformat(value["at"]) if isinstance(value, dict) else value


def _refuse(name: str, about: dict[str, Any]) -> NoReturn:
    if about["error"] == "no-sheet":
        raise FileError(f"berkas {name}: tidak berisi satu lembar pun yang terlihat")
    if about["error"] == "password":
        raise FileError(f"berkas {name}: berkata sandi; simpan ulang tanpa kata sandi")
    _damaged(name, about["text"])


def _damaged(name: str, why: object) -> NoReturn:
    raise FileError(
        f"berkas {name}: bukan buku kerja ({', '.join(ENDINGS)}) yang utuh ({why}); simpan ulang di Excel atau "
        "LibreOffice tanpa kata sandi, atau sebagai CSV UTF-8"
    )


def _ended(name: str, code: int, said: IO[bytes]) -> NoReturn:
    """The process ended before the sheet did: by a limit, by a file its reader stumbles over, or by our own mistake."""
    said.seek(0)
    text = said.read().decode(errors="replace")
    if code > 0 and "PanicException" in text:
        _damaged(name, "pembacanya gagal")
    if code >= 0 and "MemoryError" not in text:
        raise RuntimeError(f"{PROCESS.name} ended with {code} on {name}: {text[-2000:]}")
    raise FileError(
        f"berkas {name}: pembacaannya melewati batas ({MEGABYTES} MiB memori, {SECONDS} detik) dan dihentikan; hapus "
        f"sel yang jauh di luar tabel, {CSV_INSTEAD}"
    )


def _letters(column: int) -> str:
    """The name of a column counted from 0: A, B, …, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name

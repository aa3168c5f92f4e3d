"""Reading the files of a profile: text, CSV rows and TOML documents that know their lines.

Nothing here raises for a fault in a file; it is noted in ``Folder.problems`` and reading goes on, so that one run
of ``nadi profile check`` shows everything.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.profile.problems import Problem

BOM = b"\xef\xbb\xbf"
OTHER_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
MAX_FILE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file: its values by column and its line."""

    file: str
    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")

    def at(self, _key: str) -> int:
        """The line of a value: the row's own."""
        return self.line


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a TOML file: its values and the lines they stand on."""

    file: str
    path: tuple[str | int, ...]
    values: Mapping[str, Any]
    lines: Mapping[tuple[str | int, ...], int]

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key)

    @property
    def line(self) -> int:
        """Where the table begins."""
        return self.lines.get(self.path, 1)

    def at(self, key: str) -> int:
        """The line of a key, the table's own where the key is missing."""
        return self.lines.get((*self.path, key), self.line)


@dataclass
class Folder:
    """A profile folder while it is read: collects problems and the content that its hash is made of."""

    path: Path
    problems: list[Problem] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)

    def note(self, file: str, line: int, message: str, cure: str) -> None:
        """Remember a fault."""
        self.problems.append(Problem(file, line, message, cure))

    def text(self, file: str, *, required: bool = True) -> str | None:
        """The text of a file, None where there is none or it is not UTF-8."""
        path = self.path / file
        if not path.is_file():
            if required:
                self.note(file, 0, "berkas tidak ada", f"buat {file}; contohnya ada di profil contoh")
            return None
        if path.stat().st_size > MAX_FILE_BYTES:
            self.note(
                file, 0, "berkas lebih besar dari 20 MB", "profil berisi daftar, bukan data; kurangi isinya"
            )
            return None
        data = path.read_bytes()
        for mark, name in OTHER_BOMS.items():
            if data.startswith(mark):
                self.note(
                    file,
                    1,
                    f"berkas tersimpan sebagai {name}",
                    "simpan ulang sebagai UTF-8 (di Excel: CSV UTF-8)",
                )
                return None
        if data.startswith(BOM):
            self.note(file, 1, "berkas diawali tanda BOM", "simpan ulang sebagai UTF-8 tanpa BOM")
            data = data.removeprefix(BOM)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.note(
                file, line, f"bait 0x{data[error.start]:02x} bukan UTF-8", "simpan ulang berkas sebagai UTF-8"
            )
            return None
        if "\x00" in text:
            self.note(
                file,
                text.count("\n", 0, text.index("\x00")) + 1,
                "berkas memuat bait nol",
                "simpan ulang sebagai teks",
            )
            return None
        return text

    def table(
        self, file: str, columns: Sequence[str], optional: Sequence[str] = (), *, required: bool = True
    ) -> list[Row]:
        """The rows of a CSV file with exactly these columns; damaged rows are noted and left out.

        ``columns`` must be in the header and must not be empty in any row; ``optional`` may be missing or empty.
        """
        text = self.text(file, required=required)
        if text is None:
            return []
        if not text.strip():
            self.note(file, 1, "berkas kosong", f"tulis baris judul: {','.join(columns)}")
            return []
        rows = self._rows(file, text)
        _, header = next(rows, (1, []))
        header = [name.strip() for name in header]
        known = (*columns, *optional)
        if len(header) == 1 and ";" in header[0]:
            self.note(file, 1, "kolom dipisahkan titik koma", "simpan dengan pemisah koma")
            return []
        faults = [
            (f"kolom {name!r} tidak dikenal", f"kolom yang dikenal: {', '.join(known)}")
            for name in header
            if name not in known
        ]
        faults += [
            (f"kolom {name!r} ditulis dua kali", "hapus salah satunya")
            for name in {n for n in header if header.count(n) > 1}
        ]
        faults += [
            (f"kolom {name!r} tidak ada", f"judul yang benar: {','.join(columns)}")
            for name in columns
            if name not in header
        ]
        for message, cure in faults:
            self.note(file, 1, message, cure)
        if faults:
            return []
        found: list[Row] = []
        for line, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                self.note(
                    file,
                    line,
                    f"{len(cells)} kolom, seharusnya {len(header)}",
                    "beri tanda kutip pada nilai yang memuat koma",
                )
                continue
            row = Row(file, line, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
            empty = [name for name in columns if not row[name]]
            for name in empty:
                self.note(file, line, f"kolom {name!r} kosong", "isi nilainya atau hapus barisnya")
            if not empty:
                found.append(row)
        self.content[file] = sorted(sorted((k, v) for k, v in row.values.items() if v) for row in found)
        return found

    def _rows(self, file: str, text: str) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        line = 1
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            self.note(file, line, f"baris CSV rusak ({error})", "periksa tanda kutip pada baris ini")

    def document(self, file: str, *, required: bool = True) -> Section | None:
        """A TOML file as its outermost table, None where it is missing or broken."""
        text = self.text(file, required=required)
        if text is None:
            return None
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+), column (\d+)", str(error))
            line = int(found[1]) if found else text.count("\n") + 1
            reason = re.sub(r" \(at .*\)$", "", str(error))
            self.note(
                file,
                line,
                f"TOML tidak terbaca ({reason})",
                "periksa tanda kutip, kurung, dan tanda sama dengan",
            )
            return None
        self.content[file] = values
        return Section(file, (), values, _lines(text))

    def known(self, section: Section, keys: Sequence[str]) -> None:
        """Note every key of a table that is not one of ``keys``."""
        for key in section.values:
            if key not in keys:
                self.note(
                    section.file,
                    section.at(key),
                    f"kunci {key!r} tidak dikenal",
                    f"kunci yang dikenal: {', '.join(keys)}",
                )

    def sections(self, parent: Section, key: str, keys: Sequence[str]) -> list[Section]:
        """The ``[[key]]`` tables under a table, each with only these ``keys``."""
        values = parent[key]
        if values is None:
            return []
        if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
            self.note(
                parent.file,
                parent.at(key),
                f"{key!r} harus berupa tabel berulang",
                f"tulis sebagai [[{key}]]",
            )
            return []
        found = [
            Section(parent.file, (*parent.path, key, i), item, parent.lines) for i, item in enumerate(values)
        ]
        for section in found:
            self.known(section, keys)
        return found


_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\" ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]*\")\s*=")


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Line of every table and key of a TOML text, by path; good enough to point at, tomllib keeps none."""
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    here: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = [name.strip().strip('"') for name in header[2].split(".")]
            path: tuple[str | int, ...] = ()
            for depth, name in enumerate(names):
                path = (*path, name)
                last = depth == len(names) - 1
                if last and header[1] == "[[":
                    counts[path] = counts.get(path, -1) + 1
                if path in counts:
                    lines.setdefault(path, number)
                    path = (*path, counts[path])
            here = path
            lines[here] = number
        elif key := _KEY.match(line):
            lines.setdefault((*here, key[1].strip('"')), number)
    return lines

"""An official report as a file (CSV, XLSX, ODS, XLS): its lines, or every value that cannot be taken, with its place and cure.

Reports are made for people: titles, headings, totals and signatures stand among the lines. What has no amount is no
line; a total without a code is left out; both are counted. Everything else is read or refused.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from producers.files import Columns, FileError, Row, RowProblem, read_rows
from producers.files.rows import read_fields
from producers.log_files import LogFile
from producers.mapping import Mapping, MappingError, load_mapping
from producers.official import REPORTS, Report
from producers.proposal import propose
from producers.proposal.names import ranked, usual
from producers.tokens import Tokens
from schemas.profile import Profile

Key = tuple[str, ...]

DEPOSITS = "revenue.deposits"
SHOWN = 20
#: The first figure of the accounts that belong to a domain: revenue; spending and financing.
ACCOUNTS = {"revenue": ("4",), "budget": ("5", "6")}
CODE = re.compile(r"(\d+(?:\.\d+)*)\.?(?:\s+\D.*)?")
DASHES = frozenset({"-", "–", "—"})
TOTALS = re.compile(r"\s*(jumlah|total|surplus|defisit|sisa|silpa)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it stands, what it is about (parts as ``Official.keys``; "" is any) and its amounts in rupiah by
    measure. ``day`` is YYYY-MM-DD, empty in reports that say where things stand."""

    row: int
    key: Key
    amounts: dict[str, int]
    day: str = ""


@dataclass(slots=True)
class Official:
    """A report as read. ``opd`` is the only department it is about, empty for all; ``skipped`` are rows left out, by why."""

    name: str
    file: str
    sha256: str
    keys: Key
    measures: Key
    opd: str
    columns: dict[str, str]
    lines: list[Line] = field(default_factory=list)
    skipped: dict[str, list[int]] = field(default_factory=dict)

    @property
    def report(self) -> Report:
        return REPORTS[self.name]


def read_official(
    path: Path, domain: str, profile: Profile, mapping: Path | None = None, opd: str = ""
) -> Official:
    """Read a report of a domain; without a ``mapping`` file its columns are told from names and values.

    Raises FileError or MappingError, whose message is for people: the file, and the first twenty values to mend.
    """
    header, found = read_rows(path)
    if header is None:
        raise FileError(
            f"berkas {path.name}: laporan dibaca dari .csv, .xlsx, .ods, atau .xls; simpan ulang sebagai salah satunya"
        )
    rows = list(found)
    if mapping is not None:
        chosen = load_mapping(mapping)
        if chosen.domain not in REPORTS or REPORTS[chosen.domain].domain != domain:
            fitting = " atau ".join(name for name, report in REPORTS.items() if report.domain == domain)
            raise MappingError(
                f"{mapping}: domain = {chosen.domain!r}; untuk pencocokan {domain} tulis {fitting}"
            )
    else:
        chosen = _proposed(path, domain, header, rows)
    reader = _Reader(path, chosen, profile, opd)
    reader.columns.check(header, path.name)
    return reader.read(rows)


class _Reader:
    def __init__(self, path: Path, mapping: Mapping, profile: Profile, opd: str) -> None:
        report = REPORTS[mapping.domain]
        self.columns = Columns(mapping.domain, profile.timezone, Tokens({}), "id", mapping)
        self.columns.source = self.columns.opd = ""  # those are of events
        if opd and "opd" in report.keys:
            self.columns.constants["opd"] = opd
        self._mapping, self._profile, self._file = mapping, profile, path.name
        named = {*mapping.columns, *self.columns.constants}
        self._out = Official(
            mapping.domain,
            path.name,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            tuple(name for name in report.keys if name in named),
            tuple(name for name in report.measures if name in named),
            opd or str(mapping.constants.get("opd", "")),
            dict(mapping.columns),
        )
        self._departments = {
            name.casefold(): d.code
            for d in profile.departments.values()
            for name in (d.code, d.name, d.short)
        }
        self._problems: list[RowProblem] = []

    def read(self, rows: Sequence[Row]) -> Official:
        if not any(name in self._mapping.columns for name in self._out.keys):
            wanted = ", ".join(self._out.report.keys)
            raise MappingError(
                f"berkas {self._file}: tidak ada kolom kunci; petakan salah satu dari {wanted}"
            )
        for row in rows:
            self._row(row)
        if self._problems:
            shown = [str(problem) for problem in self._problems[:SHOWN]]
            if more := len(self._problems) - len(shown):
                shown.append(f"… dan {more} nilai lagi")
            raise FileError("\n".join([*shown, "Tidak ada yang dicocokkan. Perbaiki berkas, lalu ulangi."]))
        if not self._out.lines:
            raise FileError(
                f"berkas {self._file}: tidak ada baris yang dapat dicocokkan; periksa kolom jumlahnya"
            )
        return self._out

    def _row(self, row: Row) -> None:
        values = dict(row.values)
        for name in self._out.measures:
            text = self._raw(values, name)
            if isinstance(text, str) and text.strip() in DASHES:
                values[self._mapping.columns[name]] = "0"
        if all(_blank(self._raw(values, name)) for name in self._out.measures):
            return
        keyless = all(_blank(self._raw(values, name)) for name in self._out.keys)
        if keyless and any(isinstance(v, str) and TOTALS.match(v) for v in values.values()):
            self._skip("baris jumlah tanpa kode", row)
            return
        outside = ACCOUNTS[self._out.report.domain]
        account = CODE.fullmatch(str(self._raw(values, "account")).strip())
        if account and account[1].partition(".")[0] not in outside:
            self._skip(f"akun yang tidak berawalan {' atau '.join(outside)}", row)
            return
        fields, problems = read_fields(Row(row.number, values), self.columns, self._file)
        if problems:
            self._problems.extend(problems)
            return
        amounts = {name: int(fields.get(name, 0)) for name in self._out.measures}
        if self._out.report.dated and not any(amounts.values()):
            self._skip("tanpa setoran", row)
            return
        key = tuple(self._part(name, str(fields.get(name, "")), row) for name in self._out.keys)
        if self._out.opd and "opd" in self._out.keys and key[self._out.keys.index("opd")] != self._out.opd:
            self._skip("OPD lain", row)
            return
        day = ""
        if self._out.report.dated:
            day = self._profile.local_day(int(fields["occurred_at"]))
            key = key if any(key) else (f"(tanpa nomor, baris {row.number})",)
        elif keyless:
            self._refuse(
                row,
                "/".join(self._out.keys),
                "",
                "kosong; isi kodenya, atau hapus baris ini bila bukan baris laporan",
            )
        self._out.lines.append(Line(row.number, key, amounts, day))

    def _raw(self, values: dict[str, Any], name: str) -> Any:
        """What a row has for a field, None where no column is for it."""
        column = self._mapping.columns.get(name)
        return None if column is None else values.get(column)

    def _part(self, name: str, text: str, row: Row) -> str:
        """One part of a key as our figures have it; a code may be followed by its name."""
        text = text.strip()
        if not text or name == "deposit_number":
            return text
        if name == "opd":
            known = self._departments.get(text.casefold()) or self._departments.get(
                text.split()[0].casefold()
            )
            if known is None:
                self._refuse(row, name, text, "bukan kode OPD dari profil kabupaten; tulis kodenya")
            return known or ""
        code = CODE.fullmatch(text)
        if code is None:
            self._refuse(row, name, text, "bukan kode; tulis kode bertitik, misalnya 5.1.02.01")
        return code[1] if code else ""

    def _refuse(self, row: Row, name: str, value: str, advice: str) -> None:
        column = self._mapping.columns.get(name, name)
        self._problems.append(RowProblem(self._file, row.number, column, value, advice))

    def _skip(self, why: str, row: Row) -> None:
        self._out.skipped.setdefault(why, []).append(row.number)


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _proposed(path: Path, domain: str, header: Sequence[str], rows: Sequence[Row]) -> Mapping:
    """The mapping told from names and values; a list of revenue with numbers of deposits is a list of deposits."""
    names = [name for name in header if name]
    lists = ranked("deposit_number", names, usual(DEPOSITS).columns)
    report = DEPOSITS if domain == "revenue" and lists else f"{domain}.lra"
    frame = pl.DataFrame(
        {name: [_text(row.values.get(name)) for row in rows] for name in names},
        schema=dict.fromkeys(names, pl.String),
    )
    return Mapping.model_validate(tomllib.loads(propose(report, [LogFile(path, frame)]).toml))


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value.strip() in DASHES):
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)

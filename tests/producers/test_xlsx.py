"""Workbooks as offices make them: titles above the header, dates and numbers as such, and what is no workbook."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from producers.files import Columns, FileError, check, good_events, read_rows
from producers.tokens import Tokens


def book(path: Path, *rows: list[Any]) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"}) as made:
        sheet = made.add_worksheet("LRA")
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
        made.add_worksheet("Catatan").write_row(0, 0, ["bukan", "ini"])
    return path


def replaced(path: Path, part: str, content: bytes) -> Path:
    """The workbook with another content of one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | {part: content}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_rows_of_the_first_sheet_with_their_types(tmp_path: Path) -> None:
    path = book(
        tmp_path / "lra.xlsx",
        ["PEMERINTAH KABUPATEN CONTOH"],
        [None],
        [None, "Kode", "Tanggal", "Realisasi"],
        [None, "5.1.02", date(2026, 9, 30), 1_500_000],
        [None, "5.2", datetime(2026, 9, 30, 14, 5), 0.5],  # noqa: DTZ001
        [None, None, None, None],
        [None, "=1+1", None, "(1.000)"],
    )
    header, rows = read_rows(path)
    assert header == ["Kode", "Tanggal", "Realisasi"]
    found = list(rows)
    assert [row.number for row in found] == [4, 5, 7]
    assert found[0].values == {"Kode": "5.1.02", "Tanggal": datetime(2026, 9, 30), "Realisasi": 1_500_000}  # noqa: DTZ001
    assert isinstance(found[0].values["Realisasi"], int)
    assert found[1].values == {"Kode": "5.2", "Tanggal": datetime(2026, 9, 30, 14, 5), "Realisasi": 0.5}  # noqa: DTZ001
    assert found[2].values["Realisasi"] == "(1.000)"


def test_events_come_from_a_workbook_too(tmp_path: Path) -> None:
    columns = Columns("revenue", ZoneInfo("Asia/Jakarta"), Tokens.open(tmp_path / "tokens.key"))
    path = book(
        tmp_path / "kas.xlsx",
        ["source", "opd", "occurred_at", "kind", "cash_office", "account", "amount"],
        [
            "/opd/5.02.01/kas",
            "5.02.01",
            datetime(2026, 11, 23, 8, 1),  # noqa: DTZ001
            "receipt",
            "BPD",
            "4.1.01.15.01.0001",
            150_000,
        ],
    )
    assert check(path, columns).rejected == 0
    (event,) = good_events(path, columns)
    assert (event["occurred_at"], event["amount"]) == (1_795_395_660_000, 150_000)


def test_inline_texts_and_the_calendar_from_1904(tmp_path: Path) -> None:
    path = book(tmp_path / "lain.xlsx", ["Kode", "Tanggal"], ["a", date(2026, 9, 30)])
    with zipfile.ZipFile(path) as archive:
        workbook = archive.read("xl/workbook.xml").replace(b"<workbookPr ", b'<workbookPr date1904="1" ')
        sheet = archive.read("xl/worksheets/sheet1.xml")
    inline = b'<c r="A2" t="inlineStr"><is><r><t>b</t></r><r><t>c</t></r></is></c>'
    sheet = sheet.replace(b'<c r="A2" t="s"><v>2</v></c>', inline)
    assert inline in sheet
    replaced(replaced(path, "xl/workbook.xml", workbook), "xl/worksheets/sheet1.xml", sheet)
    _, rows = read_rows(path)
    assert next(rows).values == {"Kode": "bc", "Tanggal": datetime(2030, 10, 1)}  # noqa: DTZ001


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["satu sel"]], "tidak berisi baris judul"),
        ([["Kode", "Kode"], ["1", "2"]], "kolom Kode ada dua kali"),
    ],
)
def test_a_sheet_without_a_proper_header(tmp_path: Path, rows: list[list[Any]], said: str) -> None:
    with pytest.raises(FileError, match=said):
        read_rows(book(tmp_path / "x.xlsx", *rows))


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "palsu.xlsx"
    path.write_text("Kode;Realisasi\n")
    with pytest.raises(FileError, match=r"bukan buku kerja Excel.*simpan ulang"):
        read_rows(path)
    good = book(tmp_path / "dtd.xlsx", ["a", "b"], ["1", "2"])
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>'
    with pytest.raises(FileError, match="DTD"):
        read_rows(replaced(good, "xl/sharedStrings.xml", bomb))
    with pytest.raises(FileError, match=r"sharedStrings.xml rusak"):
        read_rows(replaced(good, "xl/sharedStrings.xml", b"<sst><si>"))

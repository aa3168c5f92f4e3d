"""Workbooks as offices make them: titles above the header, dates and numbers as such, and what is no workbook."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from producers.files import Columns, FileError, check, good_events, read_rows
from producers.tokens import Tokens
from tests.producers.workbook_files import old_book, open_book


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
    with pytest.raises(FileError, match=r"bukan buku kerja .*simpan ulang"):
        read_rows(path)
    good = book(tmp_path / "rusak.xlsx", ["a", "b"], ["1", "2"])
    with pytest.raises(FileError, match=r"bukan buku kerja"):
        read_rows(replaced(good, "xl/sharedStrings.xml", b"<sst><si>"))
    macros = tmp_path / "makro.xlsm"
    macros.write_bytes(b"x")
    with pytest.raises(FileError, match=r"makro.*\.xlsx"):
        read_rows(macros)
    with pytest.raises(FileError, match="makro"):
        read_rows(replaced(book(tmp_path / "m.xlsx", ["a", "b"]), "xl/vbaProject.bin", b"x"))


def test_an_entity_is_never_expanded(tmp_path: Path) -> None:
    good = book(tmp_path / "dtd.xlsx", ["a", "b"], ["1", "2"])
    part = (
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst count="2">'
        b"<si><t>a</t></si><si><t>&a;</t></si><si><t>c</t></si><si><t>d</t></si></sst>"
    )
    try:
        header, rows = read_rows(replaced(good, "xl/sharedStrings.xml", part))
    except FileError:
        return
    assert "root:" not in str(header) + str(list(rows))


def test_a_zip_bomb_is_refused_from_its_directory(tmp_path: Path) -> None:
    good = book(tmp_path / "bom.xlsx", ["a", "b"], ["1", "2"])
    with zipfile.ZipFile(good, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/isi.xml", "w") as part:
        for _ in range(300):
            part.write(bytes(1 << 20))
    assert good.stat().st_size < 1 << 20
    with pytest.raises(FileError, match=r"menjadi 300 MiB bila dibuka, batasnya 256 MiB; tidak dibuka"):
        read_rows(good)


def test_two_cells_far_apart_end_the_reading_process_alone(tmp_path: Path) -> None:
    path = tmp_path / "jauh.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(FileError, match=r"melewati batas.*hapus sel yang jauh"):
        read_rows(path)


def test_a_merged_header_is_refused_with_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "gabung.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet()
        sheet.merge_range(0, 0, 0, 3, "LAPORAN")
        sheet.write(1, 0, "Kode")
        sheet.merge_range(1, 1, 1, 2, "Realisasi")
    with pytest.raises(FileError, match=r"baris 2: sel judul B2:C2 digabung"):
        read_rows(path)


def test_an_open_document_is_read_too(tmp_path: Path) -> None:
    path = open_book(tmp_path / "kas.ods", ["Kode", "Tanggal", "Jumlah"], ["4.1", date(2026, 9, 30), 150_000])
    header, found = read_rows(path)
    assert header == ["Kode", "Tanggal", "Jumlah"]
    (row,) = found
    assert (row.number, row.values["Jumlah"]) == (2, 150_000)
    assert str(row.values["Tanggal"]).startswith("2026-09-30")


PERSON = ["source", "opd", "occurred_at", "kind", "cash_office", "account", "amount", "payer_token"]


def person(number: Any, at: Any = "23/11/2026 08.01") -> list[Any]:
    return ["/opd/5.02.01/kas", "5.02.01", at, "receipt", "BPD", "4.1.01.15.01.0001", 150_000, number]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (9901010101900001, "angka terakhirnya hilang.*Teks"),
        ("9,90101E+15", "angka terakhirnya hilang.*Teks"),
        ("9.90101E+15", "angka terakhirnya hilang.*Teks"),
        (12345678, "nol di depan.*Teks"),
    ],
)
def test_a_person_number_that_lost_digits_is_refused(tmp_path: Path, number: Any, said: str) -> None:
    columns = Columns("revenue", ZoneInfo("Asia/Jakarta"), Tokens.open(tmp_path / "tokens.key"))
    path = book(tmp_path / "kas.xlsx", PERSON, person(number), person("9901010101900001"))
    result = check(path, columns)
    assert (result.rows, result.rejected) == (2, 1)
    (problem,) = result.problems
    assert (problem.row, problem.column) == (2, "payer_token")
    assert re.search(said, problem.advice)


def test_a_date_that_lost_its_format_is_still_that_date(tmp_path: Path) -> None:
    columns = Columns("revenue", ZoneInfo("Asia/Jakarta"), Tokens.open(tmp_path / "tokens.key"))
    path = book(
        tmp_path / "kas.xlsx", PERSON, person("", 46349), person("", 46349.5), person("", "23/11/2026")
    )
    assert check(path, columns).problems == []
    midnight = 1_795_366_800_000
    assert [e["occurred_at"] for e in good_events(path, columns)] == [
        midnight,
        midnight + 43_200_000,
        midnight,
    ]


def test_a_row_of_totals_is_named_as_such(tmp_path: Path) -> None:
    columns = Columns("revenue", ZoneInfo("Asia/Jakarta"), Tokens.open(tmp_path / "tokens.key"))
    total = ["TOTAL", None, None, None, None, None, 150_000, None]
    result = check(book(tmp_path / "kas.xlsx", PERSON, person(""), total), columns)
    assert [(p.row, p.advice) for p in result.problems] == [
        (3, "baris jumlah, bukan kejadian; hapus baris ini")
    ]


@pytest.mark.parametrize("cell", [-6.914, "-6.914", "-6,914"])
def test_degrees_are_no_thousands(cell: Any) -> None:
    from producers.mapping import event_fields
    from producers.values import convert

    field = event_fields("activities")["latitude"]
    assert convert(field, cell, column="Lintang", zone=ZoneInfo("Asia/Jakarta"), number_format="id") == -6.914


def test_a_workbook_of_excel_97_is_read_too(tmp_path: Path) -> None:
    path = old_book(
        tmp_path / "kas.xls",
        ["Kode", "Jumlah", "Bagian"],
        ["4.1", 150_000.0, 0.5],
        ["4.2", 9901010101900001.0, 1.0],
    )
    header, rows = read_rows(path)
    assert header == ["Kode", "Jumlah", "Bagian"]
    first, second = rows
    assert (first.number, first.values) == (2, {"Kode": "4.1", "Jumlah": 150_000, "Bagian": 0.5})
    assert isinstance(second.values["Jumlah"], float), "its last digits may be lost"

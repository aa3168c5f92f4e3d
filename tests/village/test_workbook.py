"""A workbook sent from the village's page: what is wrong is said row by row, and what is right arrives."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from phone import Phone
from village_ground import OPD, VILLAGE, Ground

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]
SOURCE = f"/opd/{OPD}/kependudukan"


def filled(path: Path, card: str) -> Path:
    """A template with one birth in it."""
    row = {
        "Sumber": SOURCE, "Kode OPD": OPD, "Waktu kejadian": "23/11/2026 08.05", "Jenis kejadian": "kelahiran",
        "Status laporan": "dilaporkan desa", "Kode desa": VILLAGE, "Nomor KK": card,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Data")
        for at, (title, value) in enumerate(row.items()):
            sheet.write_string(0, at, title)
            sheet.write_string(1, at, value)
    return path


def arrived(ground: Ground) -> int:
    """How many events of the workbooks' source are on the topic."""
    return sum(source == SOURCE for _, _, source in ground.arrived())


def test_a_workbook_is_refused_with_its_rows_and_then_taken(
    ground: Ground, phone: Phone, tmp_path: Path
) -> None:
    said, before = phone.page.locator("#file-report"), arrived(ground)
    phone.page.locator("#file").set_input_files(filled(tmp_path / "salah.xlsx", "1234567890123456"))
    phone.page.get_by_text("Kirim lembar kerja").click()
    phone.until("document.getElementById('file-report').textContent === 'Masukkan kunci desa dulu.'")
    phone.visit(f"#kunci={ground.key()}")
    phone.page.get_by_text("Kirim lembar kerja").click()
    phone.until("document.getElementById('file-errors').childElementCount === 1", 60)
    assert (said.text_content() or "").startswith("Ditolak: tidak satu baris pun diterima.")
    assert (phone.page.locator("#file-errors").text_content() or "").startswith("Baris 2, Nomor KK")
    assert arrived(ground) == before
    phone.page.locator("#file").set_input_files(filled(tmp_path / "benar.xlsx", "9901010101090010"))
    phone.page.get_by_text("Kirim lembar kerja").click()
    phone.until("document.getElementById('file-report').textContent.startsWith('Selesai')", 60)
    assert arrived(ground) == before + 1
    assert phone.problems == []

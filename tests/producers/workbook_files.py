"""Workbooks of kinds that no library here writes: OpenDocument, and Excel 97."""

from __future__ import annotations

import struct
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def open_book(path: Path, *rows: list[Any]) -> Path:
    """A workbook as LibreOffice writes it; cells are texts, dates and numbers."""
    lines = "".join(f"<table:table-row>{''.join(map(_cell, cells))}</table:table-row>" for cells in rows)
    content = (
        f'<?xml version="1.0"?><office:document-content {NAMESPACES}><office:body><office:spreadsheet>'
        f'<table:table table:name="Kas">{lines}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    kind = (
        f'date" office:date-value="{value.isoformat()}'
        if isinstance(value, date)
        else f'float" office:value="{value}'
    )
    return f'<table:table-cell office:value-type="{kind}"><text:p>seperti tampil</text:p></table:table-cell>'


def old_book(path: Path, *rows: list[Any]) -> Path:
    """A workbook as Excel 97 writes it: BIFF8 records in the one stream of a compound file."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def cell(row: int, column: int, value: Any) -> bytes:
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            return record(0x0204, place + struct.pack("<HB", len(value), 0) + value.encode("latin-1"))
        return record(0x0203, place + struct.pack("<d", value))

    name = b"Kas"
    beginning = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 1996, 0, 6))
    bound = 4 + 6 + 2 + len(name)
    start = len(beginning) + bound + 4
    stream = (
        beginning
        + record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name)
        + record(0x000A, b"")
    )
    stream += record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 1996, 0, 6))
    for number, cells in enumerate(rows):
        stream += b"".join(cell(number, column, value) for column, value in enumerate(cells))
    stream = (stream + record(0x000A, b"")).ljust(4096, b"\0")
    sectors = len(stream) // 512
    end, free, fat_mark = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    chain = [fat_mark, end, *range(3, 2 + sectors), end]
    fat = struct.pack("<128I", *(chain + [free] * (128 - len(chain))))

    def entry(title: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = (title + "\0").encode("utf-16-le")
        return (
            text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) if title else 0, kind, 1, free, free, child)
            + bytes(36) + struct.pack("<IQ", first, size)
        )  # fmt: skip

    folder = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream))
    folder += 2 * entry("", 0, free, 0, 0)
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", 0, *([free] * 108))
    path.write_bytes(head + fat + folder + stream)
    return path

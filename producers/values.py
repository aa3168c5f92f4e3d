"""From text to the contract's types, with errors that say column, value and cure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from producers.mapping import is_time

PLAIN_INTEGER = re.compile(r"[+-]?\d+")
INDONESIAN_NUMBER = re.compile(
    r"(?:Rp\.?\s*)?\(?[+-]?\d{1,3}(?:\.\d{3})*(?:,\d+)?\)?|(?:Rp\.?\s*)?\(?[+-]?\d+(?:,\d+)?\)?"
)
INDONESIAN_DATE = re.compile(
    r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[ T](\d{1,2})[.:](\d{2})(?:[.:](\d{2}))?)?"
)
#: A long number as a spreadsheet shows it once it took it for a quantity: 3,51E+15.
SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?[eE]\+\d+")
#: Spreadsheets keep fifteen digits of a number.
EXACT = 10**15
#: A day as spreadsheets count it, for cells that lost their date format: from 1954 to 2119, never UTC milliseconds.
DAY_NUMBERS = (20_000, 80_000)
DAY_NUMBER = re.compile(r"\d{5}(?:\.\d+)?")
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  (the caller sets the zone)
TRUE = frozenset({"true", "1", "ya", "y", "benar"})
FALSE = frozenset({"false", "0", "tidak", "t", "n", "salah"})


class RowValueError(ValueError):
    """One value that cannot be taken. ``reason`` is an error class: BadTime, BadNumber, BadFlag, LostDigits,
    MissingValue."""

    def __init__(self, reason: str, column: str, value: Any, advice: str) -> None:
        super().__init__(reason, column, value, advice)
        self.reason, self.column, self.value, self.advice = reason, column, value, advice
        self.file, self.row = "", 0

    def at(self, file: str, row: int) -> Self:
        """The same problem, with its place: row counted from 1 below the header."""
        self.file, self.row = file, row
        return self

    @property
    def message(self) -> str:
        """File, row, column, value and what to do, in Indonesian."""
        place = f"{self.file} baris {self.row}, " if self.file else ""
        return f"{place}kolom {self.column}: {self.value!r} {self.advice}"

    def __str__(self) -> str:
        return self.message


def convert(
    field: dict[str, Any], value: Any, *, column: str, zone: ZoneInfo, number_format: str = "plain"
) -> Any:
    """A file's value as the type of an Avro field; None where an optional value is empty. Raises RowValueError.

    ``zone`` is for times without an offset. ``number_format`` ``id`` reads 1.500.000,00 and (1.000).
    """
    kind = field["type"]
    optional = isinstance(kind, list) or "default" in field or field.get("optional", False)
    base = kind[1] if isinstance(kind, list) else kind
    if value is None or (isinstance(value, str) and not value.strip()):
        if optional:
            return None
        raise RowValueError("MissingValue", column, value, "kosong; kolom ini wajib diisi")
    if base == "string":
        return _text(value, column)
    if is_time(field):
        return _instant(value, column, zone)
    if base in ("long", "int"):
        return _integer(value, column, number_format)
    if base == "double":
        if "degrees" in field.get("doc", "") and isinstance(value, str):  # -6.914 is not six thousand
            value, number_format = value.replace(",", "."), "plain"
        return _decimal(value, column, number_format)
    if base == "boolean":
        return _flag(value, column)
    raise RowValueError("BadNumber", column, value, f"tidak dapat diisi dari satu kolom ({field['name']})")


def _text(value: Any, column: str) -> str:
    """A text; a number in its place must still have all of its digits."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == datetime.min.time() else "%Y-%m-%dT%H:%M:%S")
    text = value.strip() if isinstance(value, str) else str(value)
    if (isinstance(value, float) and abs(value) >= EXACT) or SCIENTIFIC.fullmatch(text):
        raise RowValueError(
            "LostDigits",
            column,
            text if SCIENTIFIC.fullmatch(text) else f"({len(str(int(value)))} angka)",
            "nomor panjang tersimpan sebagai angka sehingga angka terakhirnya hilang (Excel hanya menyimpan 15); ubah "
            "format kolom menjadi Teks, lalu ketik ulang nomornya dari dokumen asli",
        )
    return text


def _instant(value: Any, column: str, zone: ZoneInfo) -> int:
    first, last = DAY_NUMBERS
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float) and first <= value < last:
        moment = _day(value)
    elif isinstance(value, int):
        return value
    else:
        text = str(value).strip()
        if re.fullmatch(r"\d{11,14}", text):
            return int(text)
        if DAY_NUMBER.fullmatch(text) and first <= float(text) < last:
            text = _day(float(text)).isoformat()
        moment = _parse(text, column)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    span = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1000 + span.microseconds // 1000


def _day(number: float) -> datetime:
    return DAY_ZERO + timedelta(seconds=round(number * 86_400))


def _parse(text: str, column: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    match = INDONESIAN_DATE.fullmatch(text)
    try:
        if match:
            day, month, year, *clock = match.groups()
            hour, minute, second = (int(part or 0) for part in clock)
            return datetime(int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001  (the caller sets the zone)
    except ValueError:
        pass
    raise RowValueError(
        "BadTime", column, text, "bukan waktu; tulis 2026-11-23T14:05:00+07:00 atau 23/11/2026 14.05"
    )


def _integer(value: Any, column: str, number_format: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        if value.is_integer():
            return int(value)
        raise RowValueError("BadNumber", column, value, "bukan bilangan bulat")
    text = str(value).strip()
    if PLAIN_INTEGER.fullmatch(text):
        return int(text)
    if INDONESIAN_NUMBER.fullmatch(text):
        if number_format != "id":
            raise RowValueError(
                "BadNumber",
                column,
                text,
                "bukan bilangan bulat; bila ini format Indonesia, nyatakan --number-format id",
            )
        number = _indonesian(text)
        if number == int(number):
            return int(number)
        raise RowValueError("BadNumber", column, text, "punya sen; rupiah harus bilangan bulat")
    raise RowValueError("BadNumber", column, text, "bukan bilangan bulat")


def _decimal(value: Any, column: str, number_format: str) -> float:
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip()
    try:
        return (
            _indonesian(text) if number_format == "id" and INDONESIAN_NUMBER.fullmatch(text) else float(text)
        )
    except ValueError:
        raise RowValueError("BadNumber", column, text, "bukan bilangan") from None


def _indonesian(text: str) -> float:
    negative = "(" in text
    digits = re.sub(r"[^\d,+-]", "", text).replace(",", ".")
    return -float(digits) if negative else float(digits)


def _flag(value: Any, column: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise RowValueError("BadFlag", column, value, "bukan ya/tidak")

"""Single values of a profile: text, numbers, dates, codes. A bad one is noted and comes back as None."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime

from schemas.profile.folder import Folder, Row, Section

Place = Row | Section

OPD_CODE = re.compile(r"\d{1,2}\.\d{2}\.\d{2}(\.\d{4})?")
VILLAGE_CODE = re.compile(r"\d{2}\.\d{2}\.\d{2}\.[123]\d{3}")
REGENCY_CODE = re.compile(r"\d{2}\.\d{2}")
ACCOUNT_CODE = re.compile(r"\d(\.\d)?(\.\d{2}){0,3}(\.\d{4})?")
PLAIN_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/\-]*")
#: Codes of permit types and steps: what the logs of real systems have, so that they need no renaming.
LOG_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/&\-]{0,78}[A-Za-z0-9._/&\-])?")
LOG_CODE_FORM = "huruf, angka, spasi, atau . _ - / & di antaranya, paling panjang 80 karakter"
TOKEN = re.compile(r"[a-z2-7]{26}")
SOURCE_ID = re.compile(r"[A-Za-z0-9/:._\-]+")


def text(folder: Folder, place: Place, key: str, *, required: bool = True) -> str | None:
    """Text that is not blank."""
    value = place[key]
    if value is None or value == "":
        if required:
            folder.note(place.file, place.at(key), f"{key!r} belum diisi", f"isi {key}")
        return None
    if not isinstance(value, str) or not value.strip():
        folder.note(place.file, place.at(key), f"{key} = {value!r} bukan teks", "tulis di antara tanda kutip")
        return None
    return value.strip()


def code(folder: Folder, place: Place, key: str, pattern: re.Pattern[str], form: str) -> str | None:
    """Text of one form; ``form`` says it to a person."""
    value = text(folder, place, key)
    if value is not None and not pattern.fullmatch(value):
        folder.note(
            place.file, place.at(key), f"{key} = {value!r} salah bentuk", f"bentuk yang benar: {form}"
        )
        return None
    return value


def one_of(folder: Folder, place: Place, key: str, allowed: Collection[str]) -> str | None:
    """Text that is one of a few words."""
    value = text(folder, place, key)
    if value is not None and value not in allowed:
        folder.note(
            place.file,
            place.at(key),
            f"{key} = {value!r} tidak dikenal",
            f"pilih salah satu: {', '.join(allowed)}",
        )
        return None
    return value


def known(
    folder: Folder, place: Place, key: str, codes: Collection[str] | None, what: str, file: str
) -> str | None:
    """A code that another file of the profile defines; ``codes`` None where that file cannot be read itself."""
    value = text(folder, place, key)
    if value is not None and codes is not None and value not in codes:
        folder.note(
            place.file,
            place.at(key),
            f"{key} = {value!r}: {what} tidak dikenal",
            f"tambahkan ke {file} atau perbaiki kodenya",
        )
        return None
    return value


def flag(folder: Folder, place: Place, key: str, default: bool | None = None) -> bool | None:
    """``true`` or ``false``."""
    value = place[key]
    if value is None and default is not None:
        return default
    if not isinstance(value, bool):
        shown = "belum diisi" if value is None else f"= {value!r} bukan true atau false"
        folder.note(place.file, place.at(key), f"{key} {shown}", f"tulis {key} = true atau {key} = false")
        return None
    return value


def number(folder: Folder, place: Place, key: str, *, low: float, high: float) -> float | None:
    """A number with a decimal point, between two bounds."""
    value = place[key]
    try:
        if isinstance(value, bool) or value in (None, ""):
            raise ValueError
        found = float(value)
    except (TypeError, ValueError):
        shown = "belum diisi" if value in (None, "") else f"= {value!r} bukan angka"
        folder.note(
            place.file,
            place.at(key),
            f"{key} {shown}",
            "tulis angka dengan titik desimal, tanpa pemisah ribuan",
        )
        return None
    if not low <= found <= high:
        folder.note(
            place.file, place.at(key), f"{key} = {value} di luar batas", f"isi antara {low:g} dan {high:g}"
        )
        return None
    return found


def whole(folder: Folder, place: Place, key: str, *, low: int, high: int) -> int | None:
    """A whole number without separators, between two bounds."""
    value = place[key]
    written = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", written):
        shown = "belum diisi" if value in (None, "") else f"= {value!r} bukan bilangan bulat"
        folder.note(
            place.file, place.at(key), f"{key} {shown}", "tulis angka saja, tanpa titik, koma, atau Rp"
        )
        return None
    found = int(written)
    if not low <= found <= high:
        folder.note(
            place.file, place.at(key), f"{key} = {found} di luar batas", f"isi antara {low} dan {high}"
        )
        return None
    return found


def day(folder: Folder, place: Place, key: str, *, required: bool = True) -> date | None:
    """A day, ``YYYY-MM-DD``, between the years 1970 and 2100."""
    value = place[key]
    if value in (None, ""):
        if required:
            folder.note(
                place.file,
                place.at(key),
                f"{key!r} belum diisi",
                "tulis tanggal TTTT-BB-HH, misalnya 2026-01-31",
            )
        return None
    found: date | None = None
    if isinstance(value, date) and not isinstance(value, datetime):
        found = value
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
    if found is None or not 1970 <= found.year <= 2100:
        folder.note(
            place.file,
            place.at(key),
            f"{key} = {str(value)!r} bukan tanggal",
            "tulis TTTT-BB-HH, misalnya 2026-01-31",
        )
        return None
    return found


def validity(folder: Folder, place: Place) -> tuple[date, date | None] | None:
    """``valid_from`` and, where given, ``valid_to``."""
    first = day(folder, place, "valid_from")
    last = day(folder, place, "valid_to", required=False)
    if first is None or (last is None and place["valid_to"] not in (None, "")):
        return None
    if last is not None and last < first:
        folder.note(
            place.file,
            place.at("valid_to"),
            f"valid_to {last} sebelum valid_from {first}",
            "tukar kedua tanggalnya",
        )
        return None
    return first, last


def open_validity(folder: Folder, place: Place) -> tuple[date | None, date | None] | None:
    """``valid_from`` and ``valid_to``, each only where given."""
    if place["valid_from"] not in (None, ""):
        return validity(folder, place)
    last = day(folder, place, "valid_to", required=False)
    return None if last is None and place["valid_to"] not in (None, "") else (None, last)


class Once:
    """Sees that a code is used once in a file."""

    def __init__(self, folder: Folder, what: str) -> None:
        self._folder = folder
        self._what = what
        self._lines: dict[str, int] = {}

    def new(self, place: Place, key: str, value: str) -> bool:
        """Whether ``value`` is new; notes it where it is not."""
        if value in self._lines:
            self._folder.note(
                place.file,
                place.at(key),
                f"{self._what} {value!r} sudah ada di baris {self._lines[value]}",
                "hapus atau ubah salah satunya",
            )
            return False
        self._lines[value] = place.at(key)
        return True


class Spans:
    """Sees that the validities of one thing do not overlap."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._spans: dict[str, list[tuple[date, date | None, int]]] = {}

    def add(self, place: Place, thing: str, first: date | None, last: date | None) -> bool:
        """Whether the span is free; notes it where it is not."""
        first = first or date.min
        spans = self._spans.setdefault(thing, [])
        for other_first, other_last, line in spans:
            if (other_last is None or first <= other_last) and (last is None or other_first <= last):
                self._folder.note(
                    place.file,
                    place.at("valid_from"),
                    f"masa berlaku {thing} bertumpang tindih dengan baris {line}",
                    "isi valid_to pada yang lama, sehari sebelum valid_from yang baru",
                )
                return False
        spans.append((first, last, place.at("valid_from")))
        return True

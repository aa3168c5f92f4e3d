"""``calendar.toml``: working hours, Ramadan, days added to and taken from the holidays, units with own hours."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from schemas.calendar import (
    PERPRES_HOURS,
    DatedHours,
    Interval,
    Period,
    WeekHours,
    WorkingCalendar,
    national_holidays,
)
from schemas.profile import values
from schemas.profile.folder import Folder, Section

FILE = "calendar.toml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INTERVAL = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
FORM = 'jam ditulis ["07:30-12:00", "13:00-16:00"]: berurutan, tidak bertumpang tindih, paling akhir 24:00'
SPAN_KEYS = ("valid_from", "legal_basis", "normal", "ramadan")


@dataclass(frozen=True, slots=True)
class Calendars:
    """The government's calendar and those of units with hours of their own."""

    general: WorkingCalendar
    units: dict[str, WorkingCalendar]


def read_calendars(folder: Folder, zone: ZoneInfo, units: Collection[str]) -> Calendars:
    """Calendars of the profile; Perpres 21/2023 in full where ``calendar.toml`` does not set hours."""
    document = folder.document(FILE, required=False)
    if document is None:
        return Calendars(WorkingCalendar(zone), {})
    folder.known(document, ("hours", "ramadan", "holiday_added", "holiday_removed", "unit"))
    ramadan = _ramadan(folder, document)
    added = _days(folder, document, "holiday_added")
    removed = _days(folder, document, "holiday_removed")
    for day, line in removed.items():
        if day not in national_holidays(day.year):
            folder.note(FILE, line, f"{day} bukan hari libur nasional atau cuti bersama", "hapus baris ini")
        if day in added:
            folder.note(FILE, line, f"{day} ditambahkan sekaligus dihapus", "hapus salah satunya")
    hours = _dated(folder, document, "hours") or list(PERPRES_HOURS)
    plain = WorkingCalendar(zone, ramadan=ramadan, added=frozenset(added), removed=frozenset(removed))
    general = _with_hours(folder, document, plain, hours) or plain
    own: dict[str, WorkingCalendar] = {}
    once = values.Once(folder, "jam kerja unit")
    for section in folder.sections(document, "unit", ("unit", "national_holidays", "hours")):
        unit = values.known(folder, section, "unit", units, "unit", "units.csv")
        holidays = values.flag(folder, section, "national_holidays", default=True)
        dated = _dated(folder, section, "hours")
        if not section["hours"]:
            folder.note(FILE, section.line, f"unit {unit} tidak punya jam kerja", "tambahkan [[unit.hours]]")
        if unit and once.new(section, "unit", unit) and dated and holidays is not None:
            calendar = _with_hours(folder, section, replace(plain, national_holidays=holidays), dated)
            if calendar is not None:
                own[unit] = calendar
    return Calendars(general, own)


def _with_hours(
    folder: Folder, section: Section, calendar: WorkingCalendar, hours: list[DatedHours]
) -> WorkingCalendar | None:
    try:
        return replace(calendar, hours=hours)
    except ValueError:
        message = "jam kerja tidak dapat dihitung tepat: terlalu banyak panjang hari yang berbeda"
        folder.note(FILE, section.at("hours"), message, "samakan, atau bulatkan ke setengah jam")
        return None


def _dated(folder: Folder, parent: Section, key: str) -> list[DatedHours]:
    found: dict[date, DatedHours] = {}
    for section in folder.sections(parent, key, SPAN_KEYS):
        first = values.day(folder, section, "valid_from")
        values.text(folder, section, "legal_basis")
        normal = _week(folder, section, "normal", required=True)
        ramadan = _week(folder, section, "ramadan", required=False)
        if first is None or normal is None:
            continue
        if first in found:
            folder.note(
                FILE, section.at("valid_from"), f"jam kerja {first} ditulis dua kali", "hapus salah satunya"
            )
            continue
        found[first] = DatedHours(first, normal, ramadan)
    return [found[first] for first in sorted(found)]


def _week(folder: Folder, parent: Section, key: str, *, required: bool) -> WeekHours | None:
    table = parent[key]
    if table is None and not required:
        return None
    if not isinstance(table, dict):
        folder.note(
            FILE,
            parent.at(key),
            f"{key} harus berupa tabel jam per hari",
            f"tulis [hours.{key}] lalu monday = …",
        )
        return None
    section = _child(parent, key, table)
    folder.known(section, WEEKDAYS)
    days = [_intervals(folder, section, name) for name in WEEKDAYS]
    if any(day is None for day in days):
        return None
    if not any(days):
        folder.note(FILE, section.line, "tidak ada hari kerja dalam seminggu", "isi jam sedikitnya satu hari")
        return None
    return WeekHours(tuple(day for day in days if day is not None))


def _child(parent: Section, key: str, table: dict[str, Any]) -> Section:
    return Section(parent.file, (*parent.path, key), table, parent.lines)


def _intervals(folder: Folder, section: Section, name: str) -> tuple[Interval, ...] | None:
    written = section[name]
    if written is None:
        return ()
    found: list[Interval] = []
    before = -1
    for item in written if isinstance(written, list) else [written]:
        match = INTERVAL.fullmatch(item) if isinstance(item, str) else None
        start, end = (
            (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        )
        minutes_real = match is not None and int(match[2]) < 60 and int(match[4]) < 60
        if not minutes_real or not before < start < end <= 1440:
            folder.note(FILE, section.at(name), f"{name}: jam {item!r} tidak mungkin", FORM)
            return None
        found.append((start, end))
        before = end
    return tuple(found)


def _ramadan(folder: Folder, document: Section) -> list[Period]:
    found: list[Period] = []
    for section in folder.sections(document, "ramadan", ("first", "last")):
        first, last = values.day(folder, section, "first"), values.day(folder, section, "last")
        if first is None or last is None:
            continue
        if not 28 <= (last - first).days + 1 <= 30:
            folder.note(
                FILE,
                section.at("last"),
                f"Ramadan {first} sampai {last} bukan 28 sampai 30 hari",
                "isi hari pertama dan hari terakhir puasa",
            )
        elif any(first <= other.last and other.first <= last for other in found):
            folder.note(
                FILE, section.at("first"), f"Ramadan {first} bertumpang tindih", "hapus salah satunya"
            )
        else:
            found.append(Period(first, last))
    return sorted(found, key=lambda period: period.first)


def _days(folder: Folder, document: Section, key: str) -> dict[date, int]:
    found: dict[date, int] = {}
    once = values.Once(folder, "tanggal")
    for section in folder.sections(document, key, ("date", "name", "legal_basis")):
        day = values.day(folder, section, "date")
        values.text(folder, section, "name")
        values.text(folder, section, "legal_basis")
        if day and once.new(section, "date", str(day)):
            found[day] = section.at("date")
    return found

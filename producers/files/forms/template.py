"""A workbook for people to fill in: a domain's columns with Indonesian titles, lists to choose from, an example and
explanations. What is filled in needs no mapping to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from producers.files.forms.titles import EXAMPLE, REMARK, Title, titles, words
from producers.mapping import event_fields, is_time
from schemas.profile import Profile

DATA, EXPLAINED, CHOICES = "Data", "Petunjuk", "Daftar"
#: Rows below the header that have lists, formats and checks.
ROWS = 5_000
YES_NO = {"ya": "true", "tidak": "false"}
WIDTH = 20

HOW_TO = (
    f"Isi lembar {DATA}, satu baris untuk satu kejadian; jangan mengubah judul kolom dan jangan menggabungkan sel.",
    "Kolom berlatar kuning wajib diisi; kolom lain boleh dihapus bila tidak dipakai.",
    f"Baris yang kolom {REMARK}-nya diawali {EXAMPLE} hanya contoh dan tidak dibaca; boleh dihapus.",
    "NIK, Nomor KK, dan nomor lain ditulis sebagai teks. Kolomnya sudah berformat Teks; tempel dengan Paste Values.",
    "Jumlah uang dalam rupiah bulat. Tanggal ditulis 23/11/2026, dengan jam 23/11/2026 08.05.",
    "Jangan menambahkan baris jumlah atau total. Satu baris yang salah menahan seluruh berkas.",
)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its field, its title and what may be chosen (value to what it means)."""

    name: str
    title: Title
    spec: dict[str, Any]
    choices: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        base = self.spec["type"][1] if isinstance(self.spec["type"], list) else self.spec["type"]
        return "time" if is_time(self.spec) else str(base)


def make_template(target: Path, domain: str, profile: Profile, opd: str = "") -> None:
    """Write the template of a domain. ``opd`` limits the lists of departments and sources to one department.

    Raises ValueError for a department that the profile does not have.
    """
    import xlsxwriter

    if opd and opd not in profile.departments:
        raise ValueError(
            f"kode OPD {opd!r} tidak ada di profil {profile.name}; yang ada: {', '.join(profile.departments)}"
        )
    chosen = choices(domain, profile, opd)
    columns = [
        _Column(
            name,
            title,
            event_fields(domain)[name],
            YES_NO if _is_flag(event_fields(domain)[name]) else chosen.get(name, {}),
        )
        for name, title in titles(domain).items()
    ]
    with xlsxwriter.Workbook(
        str(target), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    ) as book:
        data, explained, lists = (book.add_worksheet(name) for name in (DATA, EXPLAINED, CHOICES))
        places = _write_lists(book, lists, columns)
        _write_data(book, data, columns, places)
        _write_explanation(book, explained, columns)


def _is_flag(spec: dict[str, Any]) -> bool:
    return "boolean" in (spec["type"] if isinstance(spec["type"], list) else [spec["type"]])


def choices(domain: str, profile: Profile, opd: str) -> dict[str, dict[str, str]]:
    """Values to choose from by field, each with what it means."""
    found = {name: dict.fromkeys(known, "") for name, known in words(domain).items()}
    departments = {d.code: d.name for d in profile.departments.values() if opd in ("", d.code)}
    found["opd"] = departments
    found["source"] = {
        s.id: s.name for s in profile.sources.values() if s.domain == domain and s.opd in departments
    }
    found["permit_type"] = {t.code: t.name for t in profile.permit_types.values()}
    found["step"] = {step.code: step.name for t in profile.permit_types.values() for step in t.steps}
    found["unit"] = {u.code: u.name for u in profile.units.values()}
    found["cash_office"] = {c.code: c.name for c in profile.cash_offices.values()}
    found["account"] = {
        code: name for code, name in profile.accounts.items() if code.startswith("4") == (domain == "revenue")
    }
    found["sub_activity"] = {s.code: s.name for s in profile.sub_activities.values() if opd in ("", s.opd)}
    villages = {v.code: v.name for v in profile.villages.values()}
    found |= dict.fromkeys(("village", "origin_village", "destination_village"), villages)
    return found


def _write_lists(book: Any, sheet: Any, columns: Sequence[_Column]) -> dict[str, str]:
    """Write what may be chosen, two columns each; returns the range of each field's values."""
    from xlsxwriter.utility import xl_range_abs

    bold = book.add_format({"bold": True})
    places: dict[str, str] = {}
    written: list[tuple[dict[str, str], str]] = []
    left = 0
    for column in columns:
        if not column.choices:
            continue
        place = next((place for choices, place in written if choices == column.choices), "")
        if not place:
            sheet.write_string(0, left, column.title.title, bold)
            for row, (value, meaning) in enumerate(column.choices.items(), 1):
                sheet.write_string(row, left, value)
                sheet.write_string(row, left + 1, meaning if column.choices is not YES_NO else "")
            place = f"={CHOICES}!{xl_range_abs(1, left, len(column.choices), left)}"
            written.append((column.choices, place))
            sheet.set_column(left, left + 1, WIDTH)
            left += 2
        places[column.name] = place
    sheet.freeze_panes(1, 0)
    return places


def _write_data(book: Any, sheet: Any, columns: Sequence[_Column], places: dict[str, str]) -> None:
    head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
    needed = book.add_format({**head, "bg_color": "#FFF2B3"})
    plain = book.add_format({**head, "bg_color": "#E8EEF4"})
    grey = {"font_color": "#707070", "italic": True}
    formats = {"string": {"num_format": "@"}, "long": {"num_format": "#,##0"}}
    formats |= {"time": {"num_format": "dd/mm/yyyy hh:mm"}, "int": {"num_format": "0"}}
    sheet.write_string(0, 0, REMARK, plain)
    sheet.write_string(1, 0, f"{EXAMPLE} (tidak dibaca)", book.add_format(grey))
    sheet.set_column(0, 0, WIDTH)
    for at, column in enumerate(columns, 1):
        look = formats.get(column.kind, {})
        sheet.set_column(at, at, WIDTH, book.add_format(look))
        needs = "default" not in column.spec and column.name != "event_id"
        sheet.write_string(0, at, column.title.title, needed if needs else plain)
        if example := _example(column):
            if column.kind in ("int", "long", "double"):
                sheet.write_number(1, at, float(example), book.add_format({**look, **grey}))
            else:
                sheet.write_string(1, at, example, book.add_format({**look, **grey}))
        if column.name in places:
            sheet.data_validation(
                1, at, ROWS, at,
                {"validate": "list", "source": places[column.name], "error_title": column.title.title[:32],
                 "error_message": "Pilih dari daftar (lembar Daftar)."},
            )  # fmt: skip
        elif column.kind in ("int", "long"):
            sheet.data_validation(
                1, at, ROWS, at,
                {"validate": "integer", "criteria": ">=", "value": 0, "error_title": column.title.title[:32],
                 "error_message": "Tulis bilangan bulat, tanpa Rp dan tanpa huruf."},
            )  # fmt: skip
    sheet.freeze_panes(1, 1)


def _example(column: _Column) -> str:
    """A value that shows how to fill the column in; empty for those that are rarely filled in."""
    if column.title.example:
        return column.title.example
    if "default" not in column.spec or column.name in ("permit_type", "unit", "account", "village"):
        return next(iter(column.choices), "")
    return ""


def _write_explanation(book: Any, sheet: Any, columns: Sequence[_Column]) -> None:
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 32, wrap)
    sheet.set_column(1, 1, 12, wrap)
    sheet.set_column(2, 2, 80, wrap)
    for row, sentence in enumerate(HOW_TO):
        sheet.merge_range(row, 0, row, 2, sentence, wrap)
    start = len(HOW_TO) + 1
    for at, title in enumerate(("Kolom", "Wajib", "Isi")):
        sheet.write_string(start, at, title, bold)
    for row, column in enumerate(columns, start + 1):
        needs = "default" not in column.spec and column.name != "event_id"
        sheet.write_string(row, 0, column.title.title)
        sheet.write_string(row, 1, "wajib" if needs else "boleh kosong")
        sheet.write_string(row, 2, column.title.note)

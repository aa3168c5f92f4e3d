"""The order of a permit type's steps, and the pairs that one officer must not both do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

from schemas.profile import values
from schemas.profile.folder import Folder, Section
from schemas.profile.rows import KIND_PREFIX, PERMIT_KINDS, Incompatible, Step

PLACE = "[[type.step]] jenis izin ini"


def read_after(folder: Folder, section: Section, codes: Collection[str]) -> tuple[str, ...]:
    """``after`` of a step: codes of other steps of the type. What is wrong is noted and left out."""
    listed = section["after"]
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        folder.note(
            section.file,
            section.at("after"),
            f"after = {listed!r} bukan daftar kode langkah",
            'tulis sebagai daftar, misalnya after = ["DAFTAR"]',
        )
        return ()
    found: list[str] = []
    for item in listed:
        fault: tuple[str, str] | None = None
        if item == section["code"]:
            fault = (f"langkah {item} mengikuti dirinya sendiri", f"hapus {item} dari after")
        elif item not in codes:
            fault = (
                f"after memuat {item!r}: langkah tidak dikenal",
                f"tambahkan ke {PLACE}, atau perbaiki kodenya",
            )
        elif item in found:
            fault = (f"after memuat {item!r} dua kali", "hapus salah satunya")
        if fault:
            folder.note(section.file, section.at("after"), *fault)
        else:
            found.append(item)
    return tuple(found)


def check_order(folder: Folder, steps: Sequence[tuple[Step, Section]]) -> None:
    """Note where ``after`` leads in a circle on any day; each circle is said once."""
    said: set[frozenset[str]] = set()
    for day in _days_of_change([step for step, _ in steps]):
        valid = [(step, section) for step, section in steps if step.holds(day)]
        around = circle({step.code: step.after for step, _ in valid})
        if not around or frozenset(around) in said:
            continue
        said.add(frozenset(around))
        section = next(section for step, section in valid if step.code == around[0])
        folder.note(
            section.file,
            section.at("after"),
            f"urutan langkah berputar: {' → '.join((*around, around[0]))}",
            "hapus salah satu after di antaranya",
        )


def _days_of_change(steps: Sequence[Step]) -> list[date]:
    days = {date.min} | {step.valid_from for step in steps if step.valid_from}
    return sorted(days | {step.valid_to + timedelta(days=1) for step in steps if step.valid_to})


def circle(before: Mapping[str, Iterable[str]]) -> list[str]:
    """Codes that lead back to the first, each after the next; empty where there is no circle."""
    left = {code: [item for item in items if item in before] for code, items in before.items()}
    while free := [code for code, items in left.items() if not items]:
        for code in free:
            del left[code]
        left = {code: [item for item in items if item in left] for code, items in left.items()}
    if not left:
        return []
    walk = [next(iter(left))]
    while (following := left[walk[-1]][0]) not in walk:
        walk.append(following)
    return walk[walk.index(following) :]


def read_pairs(folder: Folder, parent: Section, steps: Collection[str]) -> tuple[Incompatible, ...]:
    """``[[type.incompatible]]``: first, second, valid_from, valid_to, legal_basis."""
    found: list[Incompatible] = []
    spans = values.Spans(folder)
    keys = ("first", "second", "valid_from", "valid_to", "legal_basis")
    for section in folder.sections(parent, "incompatible", keys):
        first = _member(folder, section, "first", steps)
        second = _member(folder, section, "second", steps)
        span = values.validity(folder, section)
        basis = values.text(folder, section, "legal_basis")
        if first and first == second:
            folder.note(
                section.file,
                section.at("second"),
                f"pasangan mustahil: {first} dengan dirinya sendiri",
                "isi first dan second dengan dua bagian yang berbeda",
            )
            continue
        if not first or not second or span is None:
            continue
        thing = f"pasangan {' dan '.join(sorted((first, second)))}"
        if spans.add(section, thing, *span) and basis:
            found.append(Incompatible(first, second, *span, basis))
    return tuple(found)


def _member(folder: Folder, section: Section, key: str, steps: Collection[str]) -> str | None:
    value = values.text(folder, section, key)
    if value is None or value in steps:
        return value
    kind = value.removeprefix(KIND_PREFIX)
    if kind == value:
        fault = (f"{value!r} bukan langkah jenis izin ini", f"tambahkan ke {PLACE}, atau perbaiki kodenya")
    elif kind in PERMIT_KINDS:
        return value
    else:
        fault = (f"jenis kejadian {kind!r} tidak dikenal", f"pilih salah satu: {', '.join(PERMIT_KINDS)}")
    message, cure = fault
    folder.note(section.file, section.at(key), f"pasangan mustahil: {message}", cure)
    return None

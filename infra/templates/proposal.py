"""A proposal as ``permit_types.toml``: what a person reads, edits and approves. Texts are for officials."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date

from infra.templates.mining import (
    LOOP_SHARE,
    MANDATORY_SHARE,
    ORDER_SHARE,
    MinedPair,
    MinedStep,
    MinedType,
)
from schemas.profile.values import LOG_CODE, LOG_CODE_FORM


def written(types: Iterable[MinedType], units: Collection[str], log: str, first_day: date) -> str:
    """The TOML text. ``units`` are those of the profile: others are only named in comments; ``log`` is its name.

    Codes that a profile cannot have are left out and named.
    """
    parts = [
        f"# Usulan dari {log}. Isinya yang pernah dikerjakan, bukan yang seharusnya: periksa setiap baris.\n"
        "# Setelah disetujui: simpan sebagai permit_types.toml, lalu nadi profile check dan nadi profile activate.\n"
        f"# mandatory: ada di paling sedikit {_percent(MANDATORY_SHARE)} perkara yang terbit atau ditutup.\n"
        f"# after: urutannya tetap di paling sedikit {_percent(ORDER_SHARE)} perkara yang memiliki keduanya.\n"
        f"# loop: berulang di paling sedikit {_percent(LOOP_SHARE)} perkara yang memilikinya.\n"
    ]
    for kind in types:
        if not LOG_CODE.fullmatch(kind.code):
            parts.append(_left_out("jenis izin", kind.code))
        elif not any(LOG_CODE.fullmatch(step.code) for step in kind.steps):
            parts.append(f"# Jenis izin {_text(kind.code)} tidak punya langkah dalam log: dilewati.\n")
        else:
            parts.append(_type(kind, units, first_day))
    return "\n".join(parts)


def _type(kind: MinedType, units: Collection[str], first_day: date) -> str:
    judged = kind.finished or kind.cases
    lines = [
        f"# {kind.cases} perkara, {kind.finished} terbit atau ditutup",
        "[[type]]",
        f"code = {_text(kind.code)}",
        f"name = {_text(kind.code)}",
    ]
    for step in kind.steps:
        lines.append("")
        if LOG_CODE.fullmatch(step.code):
            lines += _step(step, judged, units)
        else:
            lines.append(_left_out("langkah", step.code).rstrip("\n"))
    if kind.pairs:
        lines += [
            "",
            "# Pasangan yang paling jarang dikerjakan petugas yang sama. Hapus tanda # di depan baris pasangan yang memang",
            "# tidak boleh dirangkap, dan isi dasar hukumnya.",
        ]
    for pair in kind.pairs:
        lines += _pair(pair, first_day)
    return "\n".join(lines) + "\n"


def _step(step: MinedStep, judged: int, units: Collection[str]) -> list[str]:
    lines = [
        "[[type.step]]",
        f"code = {_text(step.code)}",
        f"name = {_text(step.code)}",
        f"mandatory = {_flag(step.mandatory)} # ada di {_of(step.cases, judged)}",
    ]
    if step.unit and step.unit in units:
        lines.append(f"unit = {_text(step.unit)} # {_percent(step.unit_share)} kejadian langkah ini")
    elif step.unit:
        lines.append(f"# unit = {_text(step.unit)} # {_percent(step.unit_share)}; belum ada di units.csv")
    else:
        lines.append("# unit tidak disebut dalam log")
    after = {code: cases for code, cases in sorted(step.after.items()) if LOG_CODE.fullmatch(code)}
    if after:
        counts = ", ".join(str(cases) for cases in after.values())
        lines.append(f"after = [{', '.join(map(_text, after))}] # tetap dalam {counts} perkara")
    if step.repeated:
        said = f"loop = {_flag(step.loop)} # berulang di {_of(step.repeated, step.seen)}"
        lines.append(said)
    if step.automatic:
        lines.append("automatic = true")
    return lines


def _pair(pair: MinedPair, first_day: date) -> list[str]:
    return [
        f"# petugas sama di {_of(pair.both, pair.cases)}:",
        "# [[type.incompatible]]",
        f"# first = {_text(pair.first)}",
        f"# second = {_text(pair.second)}",
        f"# valid_from = {first_day.isoformat()}",
        '# legal_basis = ""',
    ]


def _left_out(what: str, code: str) -> str:
    return f"# Kode {what} {_text(code)} dilewati; bentuk yang benar: {LOG_CODE_FORM}.\n"


def _of(part: int, whole: int) -> str:
    return f"{part} dari {whole} perkara ({_percent(part / whole if whole else 0.0)})"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".rstrip("0").rstrip(".").replace(".", ",") + " %"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

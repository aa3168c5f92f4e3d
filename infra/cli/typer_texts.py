"""Typer's own words in Indonesian: headings of the help, and what it says about wrong usage.

Typer has no translations of these, so the text it has made is translated, phrase by phrase.
"""

from __future__ import annotations

import io
import re

from typer import _click

from infra.cli.texts import INDONESIAN, language

PHRASES = tuple(
    (re.compile(pattern, re.MULTILINE), text)
    for pattern, text in (
        (r"^Usage: ", "Pemakaian: "),
        (r"\[OPTIONS\]", "[PILIHAN]"),
        (r"COMMAND \[ARGS\]\.\.\.", "PERINTAH [ARGUMEN]..."),
        (r"^Options:$", "Pilihan:"),
        (r"^Arguments:$", "Argumen:"),
        (r"^Commands:$", "Perintah:"),
        (r"Show this message and exit\.", "Menampilkan bantuan ini."),
        (r"Install completion for the current shell\.", "Memasang pelengkapan perintah untuk shell ini."),
        (
            r"Show completion for the current shell, to copy it or\s+customize the installation\.",
            "Menampilkan pelengkapan perintah untuk shell ini.",
        ),
        (r"\brequired\]", "wajib]"),
        (r"\[default: ", "[bawaan: "),
        (r"^Error: ", "Gagal: "),
        (r"^Try '(.+)' for help\.", r"Lihat '\1'."),
        (r"No such command (.+)\.$", r"tidak ada perintah \1."),
        (r"No such option: (\S+)", r"tidak ada pilihan \1"),
        (r"Did you mean ", "Maksudnya "),
        (r"\(Possible options: (.+)\)", r"(mungkin: \1)"),
        (r"Missing command\.", "perintah belum disebut."),
        (r"Missing argument (.+)\.$", r"argumen \1 belum diberikan."),
        (r"Missing option (.+)\.$", r"pilihan \1 belum diberikan."),
        (r"Invalid value for (.+?): ", r"nilai \1 salah: "),
        (r"Invalid value: ", "nilai salah: "),
        (r"(File|Path) ('.+') does not exist\.", r"\2 tidak ada."),
        (r"Got unexpected extra argument\(s\) \((.+)\)", r"argumen berlebih: \1"),
        (r"Option (\S+) requires an argument\.", r"pilihan \1 memerlukan nilai."),
    )
)


def translated(text: str) -> str:
    """The text as it should be shown in the language chosen."""
    if language() == INDONESIAN:
        for pattern, replacement in PHRASES:
            text = pattern.sub(replacement, text)
    return text


class Formatter(_click.formatting.HelpFormatter):
    """The help as typer lays it out, in the language chosen."""

    def getvalue(self) -> str:
        return translated(super().getvalue())


def said(error: _click.exceptions.ClickException) -> str:
    """What typer says about wrong usage, in the language chosen."""
    text = io.StringIO()
    error.show(file=text)
    return translated(text.getvalue())

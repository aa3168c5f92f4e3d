"""The tables of a document about a case, and what was said, in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from kasus_story import Spoken

from streams.rules import rules

FOLDER = Path(__file__).parents[2] / "docs" / "kasus"
#: Names of the columns of a table of what was said; what else a row has is for people.
COLUMNS = ("Aturan", "Pertama kali", "Tingkat", "Jumlah", "Bukti", "Dikirim")
LEVELS = {"warning": "mendekati batas", "breach": "lewat batas", "severe": "jauh lewat batas"}


class Line(NamedTuple):
    """Alerts of one rule and level: the first day, how many of them, the events that show the first of them, and whether the
    rule reaches the inspectorate from the first day."""

    rule: str
    day: str
    level: str
    alerts: str
    evidence: str
    delivered: str


def lines(said: Iterable[Spoken]) -> list[Line]:
    """What was said, by rule and level in order of the first days."""
    order = sorted(said, key=lambda one: (one.rule, one.alert["level"], one.day, one.subject, one.scope))
    found = []
    for (rule, level), some in groupby(order, key=lambda one: (one.rule, one.alert["level"])):
        first, *others = some
        delivered = "ya" if rules()[rule].delivers else "diamati"
        proof = f"{first.alert['evidence_total']} peristiwa"
        found.append(Line(rule, first.day, LEVELS[level], str(1 + len(others)), proof, delivered))
    return sorted(found, key=lambda line: (line.day, line.rule))


def section(name: str, heading: str) -> str:
    """The text of a document below a heading, up to the next one. Raises ValueError where it is not there."""
    text = (FOLDER / name).read_text("utf-8")
    _, found, rest = text.partition(f"\n## {heading}\n")
    if not found:
        raise ValueError(f"{name}: no heading {heading!r}")
    return rest.partition("\n## ")[0]


def table(text: str) -> list[list[str]]:
    """The cells of the rows that begin with a rule."""
    rows = re.findall(r"^\| ([A-Z]\d\d \|.*)\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def quotes(text: str) -> list[str]:
    """The sentences that are quoted."""
    return re.findall(r"^> (Indikasi .*)$", text, re.MULTILINE)


def silenced(text: str) -> set[str]:
    """The rules that a section says no longer speak."""
    named = re.search(r"^Tidak lagi bersuara: ([A-Z0-9, ]+)\.", text, re.MULTILINE)
    return set(named[1].split(", ")) if named else set()

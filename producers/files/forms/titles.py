"""What the fields of the contract are called in workbooks for people, and the words for their values.

``titles.csv`` and ``words.csv`` beside this file say it; a field without a title is not asked of people.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from producers.mapping import event_fields

FOLDER = Path(__file__).parent
#: The column of remarks, which is not read, but for rows that begin so there: they are examples.
REMARK, EXAMPLE = "Catatan", "CONTOH"


@dataclass(frozen=True, slots=True)
class Title:
    """A column of a workbook: its title, a value as an example ("" for none) and one sentence that explains it."""

    title: str
    example: str
    note: str


@cache
def titles(domain: str) -> dict[str, Title]:
    """The columns of a domain by field, in the order people fill them in."""
    known = event_fields(domain)
    return {
        row["field"]: Title(row["title"], row["example"], row["note"])
        for row in _read("titles.csv")
        if row["field"] in known
    }


@cache
def words(domain: str) -> dict[str, dict[str, str]]:
    """The value of the contract by word, by field."""
    found: dict[str, dict[str, str]] = {}
    for row in _read("words.csv"):
        if row["domain"] == domain:
            found.setdefault(row["field"], {})[row["word"]] = row["value"]
    return found


def titled(domain: str, header: Iterable[str]) -> dict[str, str]:
    """The column of the header by field, for those that bear their field's title; empty unless ``header`` is that of a
    form, which has at least two titles."""
    by_title = {_plain(title.title): field for field, title in titles(domain).items()}
    found = {by_title[_plain(name)]: name for name in header if _plain(name) in by_title}
    return found if len(found) > 1 else {}


def value_of(domain: str, field: str, word: str) -> str:
    """The contract's value for a word, whatever its case; a word that is not known stays."""
    known = _plain_words(domain).get(field)
    return known.get(_plain(word), word) if known else word


@cache
def _plain_words(domain: str) -> dict[str, dict[str, str]]:
    return {
        field: {_plain(word): value for word, value in known.items()}
        for field, known in words(domain).items()
    }


def _plain(name: str) -> str:
    return " ".join(name.replace("*", " ").split()).casefold()


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))

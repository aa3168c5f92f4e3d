"""Names of columns: what they are compared by, and which are usual for a field (``names.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

CASE = "case:"
SHORT = {"no": "nomor", "nmr": "nomor", "tgl": "tanggal"}


class Usual(BaseModel):
    """What is usual in logs of one domain; see the comments of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, list[str]] = Field(default_factory=dict)
    kind: str = ""
    kinds: dict[str, str] = Field(default_factory=dict)
    closing_steps: dict[str, str] = Field(default_factory=dict)


@cache
def usual(domain: str) -> Usual:
    """The usual names of a domain; nothing but the contract's own where the file does not list it."""
    text = files("producers.proposal").joinpath("names.toml").read_text(encoding="utf-8")
    return Usual.model_validate(tomllib.loads(text).get(domain, {}))


def plain(name: str) -> str:
    """A name as it is compared: ``No. Permohonan`` is ``nomor permohonan``; keys of XES stay as they are."""
    if name.removeprefix(CASE).count(":") == 1:
        return name.strip().lower()
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return " ".join(SHORT.get(word, word) for word in map(str.lower, words))


def ranked(
    field: str, header: Sequence[str], names: Mapping[str, Sequence[str]], *, whole: bool = False
) -> list[str]:
    """Columns whose name says that they may hold a field, the surest first.

    The whole name counts before a name of several words that is part of it, which does not count with ``whole``;
    attributes of a case (``case:…``) are also compared without the prefix, after the others.
    """
    wanted = [plain(name) for name in (field, field.replace("_", " "), *names.get(field, ()))]
    found: dict[str, tuple[int, int, int]] = {}
    for column in header:
        for stripped, name in enumerate((plain(column), plain(column.removeprefix(CASE)))):
            if stripped and (name == plain(column) or ":" in name):
                continue
            for rank, known in enumerate(wanted):
                if name == known:
                    score = (0, stripped, rank)
                elif not whole and " " in known and ":" not in name and f" {known} " in f" {name} ":
                    score = (1, stripped, rank)
                else:
                    continue
                found[column] = min(found.get(column, score), score)
    return sorted(found, key=lambda column: found[column])

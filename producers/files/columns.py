"""How the columns of a file become fields of the contract: by their own names, by the titles of a form, or by a mapping."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from producers.files.forms.titles import EXAMPLE, REMARK, titled, titles
from producers.files.reading import FileError, Row
from producers.mapping import Mapping, event_fields
from producers.protected import token_fields
from producers.tokens import Tokens


@dataclass(slots=True)
class Columns:
    """How a file's columns become fields: by their own names, or through a mapping.

    ``zone`` is for times without an offset, ``source`` and ``opd`` fill those fields where the file lacks them.
    ``file_id`` is what event ids are made of, with the row's number, where the row has none; without it they are made
    of the content. ``titles`` is the column by field of a form with Indonesian titles (producers/files/forms), found
    by ``check``, as is ``plain``: token fields whose numbers come under a plain name of ``producers.protected``.
    """

    domain: str
    zone: ZoneInfo
    tokens: Tokens
    number_format: str = "plain"
    mapping: Mapping | None = None
    source: str = ""
    opd: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    file_id: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mapping:
            self.constants = dict(self.mapping.constants)
            self.source, self.opd = self.mapping.source, self.mapping.opd
            if self.number_format == "plain":
                self.number_format = self.mapping.number_format
            self.zone = self.mapping.zone(self.zone)

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The contract's fields by name."""
        return event_fields(self.domain)

    def column_of(self, name: str) -> str | None:
        """The column that holds a field; None where a mapping leaves it out."""
        return (
            self.mapping.columns.get(name)
            if self.mapping
            else self.titles.get(name) or self.plain.get(name, name)
        )

    def is_example(self, row: Row) -> bool:
        """Whether a row of a form shows how to fill it in."""
        remark = row.values.get(REMARK) if self.titles else None
        return isinstance(remark, str) and remark.strip().upper().startswith(EXAMPLE)

    def check(self, header: Iterable[str], file: str) -> None:
        """Raise FileError when a column is missing or unknown: what was found and which name is nearest."""
        found = list(header)
        if self.mapping:
            self.mapping.check_columns(found, file)
            return
        self.titles = titled(self.domain, found)
        names = token_fields(self.domain)
        self.plain = {names[name]: name for name in found if names.get(name, name) != name}
        filled = {"event_id"} | ({"source"} if self.source else set()) | ({"opd"} if self.opd else set())
        required = [n for n, f in self.fields.items() if "default" not in f and n not in filled]
        missing = [name for name in required if self.column_of(name) not in found]
        taken = {
            *self.fields,
            *self.titles.values(),
            *self.plain.values(),
            *((REMARK,) if self.titles else ()),
        }
        unknown = [name for name in found if name and name not in taken]
        if not missing and not unknown:
            return
        lines = []
        for name in missing:
            shown = titles(self.domain)[name].title if self.titles and name in titles(self.domain) else name
            near = difflib.get_close_matches(shown, unknown, 1, 0.5)
            lines.append(
                f"berkas {file}: kolom {shown} tidak ada"
                + (f"; apakah maksudnya {near[0]!r}?" if near else "")
            )
        for name in unknown:
            known = (
                [title.title for title in titles(self.domain).values()] if self.titles else list(self.fields)
            )
            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"; apakah maksudnya {near[0]!r}?" if near else ""
            lines.append(f"berkas {file}: kolom {name!r} tidak dikenal kontrak {self.domain}{hint}")
        lines.append(f"kolom yang ada: {', '.join(found)}")
        raise FileError("\n".join(lines))

"""A mapping file: which column of a foreign file is which field of the contract.

domain = "permits"
source = "/telaah/wabo"
timezone = "Europe/Amsterdam"        # of times without an offset; offsets in the data are kept

[columns]                            # field of the contract = column of the file
case_id = "case:concept:name"

[constants]
kind = "finished"

[values.kind]                        # value in the file = value in the contract
"Selesai" = "finished"

[case]                               # one closing event per case, at the time in this column; empty is open
closing = "case:enddate"
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from producers.official import REPORTS
from schemas.catalogue import DOMAINS
from schemas.registry import current

FILLED_IN = frozenset({"event_id", "source", "opd", "mode", "simulated"})


class MappingError(ValueError):
    """A mapping that does not fit the contract or the file; the message names file, key and cure."""


class CaseMapping(BaseModel):
    """``closing`` is the column with a case's closing time, ``kind`` the kind of the event made from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    closing: str
    kind: str = "closed"


class Mapping(BaseModel):
    """The parsed file; see the module's docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str
    source: str
    opd: str = "telaah"
    timezone: str | None = None
    number_format: Literal["plain", "id"] = "plain"
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str | int | float | bool] = Field(default_factory=dict)
    values: dict[str, dict[str, str | int | float | bool]] = Field(default_factory=dict)
    case: CaseMapping | None = None

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The Avro fields of the domain's event, by name."""
        return event_fields(self.domain)

    @property
    def absent(self) -> set[str]:
        """Optional fields of the contract that this mapping does not fill."""
        return set(self.fields) - set(self.columns) - set(self.constants) - FILLED_IN

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """The zone of times without an offset."""
        return ZoneInfo(self.timezone) if self.timezone else default

    def check_columns(self, header: Iterable[str], where: str) -> None:
        """Raise MappingError when the file lacks a column, with what it found instead."""
        found = list(header)
        wanted = {f"columns.{field}": column for field, column in self.columns.items()}
        if self.case:
            wanted["case.closing"] = self.case.closing
        missing = {key: column for key, column in wanted.items() if column not in found}
        if missing:
            lines = [f"{where}: the mapping asks for columns that are not there"]
            for key, column in missing.items():
                near = difflib.get_close_matches(column, found, 1)
                lines.append(f"  {key} = {column!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
            lines.append(f"  columns found: {', '.join(found)}")
            raise MappingError("\n".join(lines))


@cache
def event_fields(domain: str) -> dict[str, dict[str, Any]]:
    """The Avro fields by name: of a domain's event, of an official report, or of a schema that is no domain's (heartbeats)."""
    if domain in REPORTS:
        return REPORTS[domain].fields
    schema = DOMAINS[domain].schema if domain in DOMAINS else domain
    return {field["name"]: field for field in json.loads(current(schema))["fields"]}


def is_time(field: dict[str, Any]) -> bool:
    """Whether a field is an instant (a long in UTC milliseconds)."""
    return "UTC milliseconds" in field.get("doc", "")


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file. Raises MappingError."""
    try:
        text = path.read_text(encoding="utf-8")
        mapping = Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise MappingError(f"{path}: {problems}") from error
    if mapping.domain not in (*DOMAINS, *REPORTS):
        known_domains = ", ".join((*DOMAINS, *REPORTS))
        raise MappingError(f"{path}: domain = {mapping.domain!r} is none of {known_domains}")
    _check_zone(mapping, path)
    known = mapping.fields
    for part, names in (
        ("columns", mapping.columns),
        ("constants", mapping.constants),
        ("values", mapping.values),
    ):
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; fields: {', '.join(known)}"
                raise MappingError(
                    f"{path}{_line(text, name)}: {part}.{name} is no field of {mapping.domain}{hint}"
                )
    required = {n for n, f in known.items() if "default" not in f} - FILLED_IN
    if missing := sorted(required - set(mapping.columns) - set(mapping.constants)):
        raise MappingError(
            f"{path}: {mapping.domain} needs {', '.join(missing)}; add them to [columns] or [constants]"
        )
    return mapping


def same_names(domain: str, header: Iterable[str], source: str) -> Mapping:
    """The mapping of a file whose columns have the names of the contract; other columns are left aside.

    Raises MappingError when a column that every event needs is missing.
    """
    known, found = event_fields(domain), list(header)
    columns = {name: name for name in found if name in known}
    required = {name for name, field in known.items() if "default" not in field} - FILLED_IN
    if missing := sorted(required - set(columns)):
        raise MappingError(
            f"columns missing for {domain}: {', '.join(missing)}; name them so, or give a mapping file. "
            f"Columns found: {', '.join(found)}"
        )
    return Mapping(domain=domain, source=source, columns=columns)


def _check_zone(mapping: Mapping, path: Path) -> None:
    try:
        mapping.zone(ZoneInfo("UTC"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MappingError(
            f"{path}: timezone = {mapping.timezone!r} is no IANA time zone, such as Asia/Jakarta"
        ) from error


def _line(text: str, name: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[?(values\.)?\"?{re.escape(name)}\"?\s*[=\]]", line):
            return f":{number}"
    return ""

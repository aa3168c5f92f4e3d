"""The file of one source: where its rows are, and how they are told apart and ordered.

table = "izin"                  # or query = "SELECT …" with the columns of the mapping, the key and the watermark
key = "id"                      # one column without repeats
watermark = "diubah"            # a time or a growing number
mapping = "pemetaan.toml"       # the file of `nadi audit`, beside this one
database = "SIMPEL_DATABASE"    # the name under which the address stands in the .env or the environment
overlap = 900                   # read again each round: seconds, or so much of a number
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Values
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from producers.mapping import Mapping, MappingError, load_mapping
from producers.relay.environment import TABLE, Environment
from schemas.catalogue import DOMAINS

_TABLE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)?")
_ONE_SELECT = re.compile(r"\s*(SELECT|WITH)\b[^;]*", re.IGNORECASE)


class PullError(ValueError):
    """A source that cannot be read as its file says; the message (Bahasa Indonesia) says where and what to do."""


class PullFile(BaseModel):
    """The parsed file; see the module's docstring. ``pause`` is seconds between rounds, ``timeout`` seconds of one
    statement, ``sweep_hours`` the time between two readings of the whole table; ``first`` is the ``mode`` of what the
    first reading finds; ``on_change`` says what a row is whose content changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = ""
    query: str = ""
    key: str
    watermark: str
    mapping: Path
    database: str = ""
    database_file: Path | None = None
    overlap: int = Field(900, ge=0)
    page: int = Field(1000, ge=1, le=10_000)
    pause: float = Field(60.0, ge=0.1)
    timeout: float = Field(30.0, gt=0)
    sweep_hours: float = Field(24.0, gt=0)
    first: Literal["backfill", "live"] = "backfill"
    on_change: Literal["correction", "new", "report"] = "correction"

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if bool(self.table) == bool(self.query):
            raise ValueError("isi salah satu: table atau query")
        if self.table and not _TABLE.fullmatch(self.table):
            raise ValueError(f"table = {self.table!r} bukan nama tabel")
        if self.query and not _ONE_SELECT.fullmatch(self.query):
            raise ValueError("query harus satu SELECT tanpa titik koma")
        if bool(self.database) == bool(self.database_file):
            raise ValueError("isi salah satu: database (nama di .env) atau database_file")
        if "://" in self.database:
            raise ValueError("database adalah nama di .env, bukan alamatnya; sandi tidak ditulis di sini")
        return self


class Source:
    """One source, ready to be read: its ``file``, ``mapping``, the ``zone`` of times without an offset, and the
    ``columns`` that are read (those of the mapping, the key, the watermark)."""

    def __init__(self, path: Path) -> None:
        """Read the file and its mapping. Raises PullError, MappingError."""
        self.name = path.stem
        self.file = _parsed(path)
        self._folder = path.parent
        where = path.parent / self.file.mapping
        if not where.is_file():
            raise PullError(f"{path}: mapping = {str(self.file.mapping)!r} tidak ada di {path.parent}")
        self.mapping: Mapping = load_mapping(where)
        if self.mapping.domain not in DOMAINS:
            raise MappingError(f"{where}: domain = {self.mapping.domain!r}; pilih {', '.join(DOMAINS)}")
        if self.mapping.case is not None:
            raise MappingError(
                f"{where}: [case] tidak dipakai di sini, satu baris adalah satu kejadian; baca penutupan berkas "
                "sebagai sumber kedua dengan query sendiri"
            )
        if self.mapping.timezone is None:
            raise MappingError(f'{where}: timezone belum diisi, misalnya timezone = "Asia/Jakarta"')
        self.zone = ZoneInfo(self.mapping.timezone)
        self.topic = DOMAINS[self.mapping.domain]
        self.columns = list(
            dict.fromkeys([self.file.key, self.file.watermark, *self.mapping.columns.values()])
        )

    def address(self, *named: Values[str, str]) -> str:
        """The database's address from the first of the given tables that has it, or from its file. Raises PullError."""
        if self.file.database_file is not None:
            try:
                return (self._folder / self.file.database_file).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise PullError(f"database_file: tidak dapat dibaca ({error})") from error
        for values in named:
            if found := values.get(self.file.database):
                return found
        raise PullError(
            f"{self.file.database} belum diisi di .env; contoh: {self.file.database}=mysql://baca:sandi@127.0.0.1:3306/simpel"
        )

    def gateway(self, values: Values[str, str], where: str, outbox: Path) -> Environment:
        """The relay's environment: the gateway and key of a ``.env``, this source, and the outbox in our state.

        Raises EnvironmentFileError.
        """
        own = {
            "NADI_SOURCE": self.mapping.source,
            "NADI_OUTBOX": f"sqlite:///{outbox.absolute()}",
            "NADI_OUTBOX_TABLE": TABLE,
        }
        return Environment.of({**values, **own}, where)

    @property
    def fingerprint(self) -> str:
        """What the remembered rows depend on: with another of these they would all seem changed."""
        f = self.file
        return "\n".join([f.table, f.query, f.key, f.watermark, self.mapping.source, *sorted(self.columns)])


def _parsed(path: Path) -> PullFile:
    try:
        return PullFile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PullError(f"{path}: tidak dapat dibaca: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            ": ".join(filter(None, [".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")]))
            for e in error.errors()
        )
        raise PullError(f"{path}: {problems}") from error

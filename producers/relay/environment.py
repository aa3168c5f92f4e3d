"""The ``.env`` file of a department: what ``nadi opd add`` prints, and the address of the outbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: The name Debezium's EventRouter looks for unless it is told another.
TABLE = "outboxevent"
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")


class RelayEnvironmentError(ValueError):
    """A ``.env`` that cannot be used; the message (Bahasa Indonesia) names the file, the key and what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """``url`` and ``key`` of the gateway, the ``source`` of all events, ``signing_key`` (``whsk_…``) or empty, and the
    outbox: ``database`` is an address ``mysql://user:password@host:port/name``, ``postgresql://…`` or ``sqlite:///path``."""

    url: str
    key: str = field(repr=False)
    source: str
    signing_key: str = field(repr=False)
    database: str = field(repr=False)
    table: str

    @classmethod
    def load(cls, path: Path) -> Environment:
        """Read a file. Raises RelayEnvironmentError."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RelayEnvironmentError(
                f"{path}: tidak dapat dibaca ({error}). Sebutkan berkas .env dari Diskominfo dengan --env."
            ) from error
        return cls.of(values(text), str(path))

    @classmethod
    def of(cls, found: Mapping[str, str], where: str) -> Environment:
        """From values by name; ``where`` is for the message. Raises RelayEnvironmentError."""
        missing = [n for n in ("NADI_URL", "NADI_KEY", "NADI_SOURCE", "NADI_OUTBOX") if not found.get(n)]
        if missing:
            raise RelayEnvironmentError(f"{where}: {', '.join(missing)} belum diisi.")
        if not found["NADI_URL"].startswith(("http://", "https://")):
            raise RelayEnvironmentError(f"{where}: NADI_URL harus diawali https:// atau http://.")
        table = found.get("NADI_OUTBOX_TABLE") or TABLE
        if not _TABLE.fullmatch(table):
            raise RelayEnvironmentError(
                f"{where}: NADI_OUTBOX_TABLE = {table!r} bukan nama tabel; pakai huruf, angka, dan garis bawah."
            )
        source = found["NADI_SOURCE"]
        return cls(
            found["NADI_URL"].rstrip("/"),
            found["NADI_KEY"],
            source + "outbox" if source.endswith("/") else source,  # a key's scope is a prefix
            found.get("NADI_SIGNING_KEY", ""),
            found["NADI_OUTBOX"],
            table,
        )


def values(text: str) -> dict[str, str]:
    """``NAME=value`` lines; empty lines and ``#`` lines are skipped, one pair of quotes around a value is taken off."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name.removeprefix("export ").strip()] = value
    return found

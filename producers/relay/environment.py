"""The relay's ``.env``: the gateway's address and key, and the address of the outbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from producers.sending.environment import EnvironmentFileError, Gateway, read, require

#: The name Debezium's EventRouter looks for unless it is told another.
TABLE = "outboxevent"
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_NAMES = ("NADI_URL", "NADI_KEY", "NADI_SOURCE", "NADI_OUTBOX")


@dataclass(frozen=True, slots=True)
class Environment:
    """The ``gateway``, the ``source`` of all events, and the outbox: ``database`` is an address
    ``mysql://user:password@host:port/name``, ``postgresql://…`` or ``sqlite:///path``."""

    gateway: Gateway
    source: str
    database: str = field(repr=False)
    table: str

    @classmethod
    def load(cls, path: Path) -> Environment:
        """Read a file. Raises EnvironmentFileError."""
        return cls.of(read(path), str(path))

    @classmethod
    def of(cls, found: Mapping[str, str], where: str) -> Environment:
        """From values by name; ``where`` is for the message. Raises EnvironmentFileError."""
        require(found, _NAMES, where)
        gateway = Gateway.of(found, where)
        table = found.get("NADI_OUTBOX_TABLE") or TABLE
        if not _TABLE.fullmatch(table):
            raise EnvironmentFileError(
                f"{where}: NADI_OUTBOX_TABLE = {table!r} bukan nama tabel; pakai huruf, angka, dan garis bawah."
            )
        source = found["NADI_SOURCE"]
        if source.endswith("/"):  # a key's scope is a prefix
            source += "outbox"
        return cls(gateway, source, found["NADI_OUTBOX"], table)

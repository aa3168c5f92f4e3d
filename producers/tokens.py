"""Persons never reach Kafka: their numbers are replaced by keyed tokens.

A plain hash would not do: all person numbers of a regency can be tried in seconds. A token is HMAC-SHA-256 under a
key that stays with the deployment, cut to 128 bits, in base32. One key a kind, so that tokens of different kinds
cannot be joined.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from producers import secret_file

Kind = Literal["person", "family_card", "account", "address"]

KINDS: tuple[Kind, ...] = ("person", "family_card", "account", "address")
TOKEN_BITS = 128
_SEPARATORS = str.maketrans("", "", " .-")
_TOKEN = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes tokens; equal input gives equal tokens as long as the key file lives."""

    keys: dict[str, bytes]

    @classmethod
    def open(cls, path: Path) -> Tokens:
        """The keys in ``path`` (one ``kind hex`` a line, mode 0600), made at the first start."""
        if not path.exists():
            secret_file.make(path, "".join(f"{kind} {secrets.token_hex(32)}\n" for kind in KINDS))
        lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
        keys = {kind: bytes.fromhex(key) for kind, key in lines}
        if missing := set(KINDS) - set(keys):
            raise ValueError(
                f"{path}: keys for {', '.join(sorted(missing))} are missing; restore the file from its backup"
            )
        return cls(keys)

    def token(self, kind: Kind, number: str) -> str:
        """The token of a number; spaces, dots and hyphens do not count."""
        canonical = number.translate(_SEPARATORS).upper()
        digest = hmac.digest(self.keys[kind], canonical.encode(), "sha256")[: TOKEN_BITS // 8]
        return base64.b32encode(digest).decode().rstrip("=").lower()

    def field(self, name: str, value: str) -> str:
        """The value of a token field: a token stays, anything else is replaced by its token."""
        return value if _TOKEN.fullmatch(value) else self.token(kind_of(name), value)


def kind_of(field: str) -> Kind:
    """Which key a token field uses."""
    if "family_card" in field:
        return "family_card"
    if "account" in field:
        return "account"
    return "address" if "address" in field else "person"

"""The keys there are, as the entries of ``nadi.access`` make them: a projection, the same in every process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from producers.access.caller import Quota
from producers.access.credentials import Made, hashed
from producers.access.entries import KEY_ENDS, KEY_ISSUED, KEY_REVOKED, Entry

State = Literal["live", "expired", "revoked"]
MOST_LIVE = 2


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``system`` is what it is for: a department may have several systems, each with its own keys. ``hash`` is
    all that is kept of the secret; ``public`` the signing key. Times are UTC ms; ``addresses`` networks (CIDR), empty for
    any. ``replaces`` is the key it was made to follow. An
    ``operator`` looks at all departments and sends nothing."""

    key_id: str
    opd: str
    system: str
    hash: str
    public: str
    sources: tuple[str, ...]
    types: tuple[str, ...]
    quota: Quota
    addresses: tuple[str, ...]
    sandbox: bool
    signed: bool
    issued_at: int
    issued_by: str
    expires_at: int
    replaces: str = ""
    revoked_at: int | None = None
    revoked_by: str = ""
    reason: str = ""
    operator: bool = False

    def state(self, now: int) -> State:
        """What it is at an instant; a revoked key stays revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if now < self.expires_at else "expired"

    def issued(self) -> dict[str, Any]:
        """What the entry that issues it says."""
        return {
            "opd": self.opd,
            "system": self.system,
            "hash": self.hash,
            "public": self.public,
            "sources": list(self.sources),
            "types": list(self.types),
            "quota": {name: getattr(self.quota, name) for name in Quota.__dataclass_fields__},
            "addresses": list(self.addresses),
            "sandbox": self.sandbox,
            "signed": self.signed,
            "expires_at": self.expires_at,
            "replaces": self.replaces,
            **({"operator": True} if self.operator else {}),
        }


class Book:
    """All keys by id. ``apply`` may be called while others read: a key is replaced as a whole."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}

    def apply(self, entry: Entry) -> None:
        """Take one entry. Raises ValueError, KeyError or TypeError for one that makes no sense; others are ignored."""
        known = self.keys.get(entry.subject)
        if entry.kind == KEY_ISSUED:
            if known is None:  # an id is given once; whatever comes later cannot take it over
                self.keys[entry.subject] = _key(entry)
        elif known is None:
            return
        elif entry.kind == KEY_ENDS:
            ends = min(known.expires_at, int(entry.values["expires_at"]))
            self.keys[entry.subject] = replace(known, expires_at=ends)
        elif entry.kind == KEY_REVOKED and known.revoked_at is None:
            reason = str(entry.values.get("reason", ""))
            self.keys[entry.subject] = replace(
                known, revoked_at=entry.at, revoked_by=entry.who, reason=reason
            )

    def live(
        self, opd: str, now: int, *, system: str | None = None, sandbox: bool | None = None
    ) -> list[Key]:
        """The live keys of a department, the newest first."""
        found = [
            key
            for key in self.keys.values()
            if key.opd == opd
            and key.state(now) == "live"
            and system in (None, key.system)
            and sandbox in (None, key.sandbox)
        ]
        return sorted(found, key=lambda key: (key.issued_at, key.key_id), reverse=True)

    def signers(self, key_id: str, now: int) -> tuple[Key, ...]:
        """Whose signatures count for a key: its own, and while keys are being changed the live one before or after it."""
        own = self.keys[key_id]
        others = (
            key
            for key in self.keys.values()
            if key.opd == own.opd
            and key.state(now) == "live"
            and (key.replaces == key_id or key.key_id == own.replaces)
        )
        return (own, *others)


def new_key(made: Made, opd: str, now: int, **scope: Any) -> Key:
    """The record of a key just made; ``scope`` are the other fields of ``Key``."""
    return Key(
        made.key_id, opd, hash=hashed(made.key), public=made.public, issued_at=now, issued_by="", **scope
    )


def _key(entry: Entry) -> Key:
    values: Mapping[str, Any] = entry.values
    return Key(
        key_id=entry.subject,
        opd=str(values["opd"]),
        system=str(values["system"]),
        hash=str(values["hash"]),
        public=str(values["public"]),
        sources=tuple(map(str, values["sources"])),
        types=tuple(map(str, values["types"])),
        quota=Quota(**values["quota"]),
        addresses=tuple(map(str, values["addresses"])),
        sandbox=bool(values["sandbox"]),
        signed=bool(values["signed"]),
        issued_at=entry.at,
        issued_by=entry.who,
        expires_at=int(values["expires_at"]),
        replaces=str(values.get("replaces", "")),
        operator=bool(values.get("operator", False)),
    )

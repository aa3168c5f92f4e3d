"""What stands on ``nadi.access``: who did what with keys and identities, one JSON object a record."""

from __future__ import annotations

import json
import os
import pwd
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEY_ISSUED = "key.issued"
KEY_ENDS = "key.ends"
KEY_REVOKED = "key.revoked"
#: An operator looked at what a department sent; ``who`` is the key.
OPERATOR_LOOKED = "operator.looked"
REVEAL_REQUESTED = "reveal.requested"
REVEAL_APPROVED = "reveal.approved"
REVEAL_OPENED = "reveal.opened"
IDENTITY_FORGOTTEN = "identity.forgotten"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. ``subject`` (the Kafka key) is the key id, or the id of a request to reveal; ``at`` is UTC
    ms, ``who`` the user of the machine, ``values`` what the kind needs."""

    kind: str
    subject: str
    at: int
    who: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def now(cls, kind: str, subject: str, **values: Any) -> Entry:
        """An entry made now by the user of this process."""
        return cls(kind, subject, time.time_ns() // 1_000_000, user(), values)

    @classmethod
    def parse(cls, key: bytes | None, value: bytes | None) -> Entry:
        """Read a record back. Raises ValueError for one that is no entry."""
        try:
            found = json.loads(value or b"")
            own = {name: found.pop(name) for name in ("kind", "at", "who")}
            return cls(str(own["kind"]), (key or b"").decode(), int(own["at"]), str(own["who"]), dict(found))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no entry of nadi.access: {type(error).__name__}") from error

    def as_json(self) -> dict[str, Any]:
        """Everything but the subject."""
        return {"kind": self.kind, "at": self.at, "who": self.who, **self.values}

    def encoded(self) -> bytes:
        return json.dumps(self.as_json(), ensure_ascii=False).encode()


def user() -> str:
    """The name of this process's user as the operating system has it; the environment cannot change it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

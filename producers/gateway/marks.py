"""What the gateway writes beside an event: Kafka headers by which it is found again and its sender's signature is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from producers.access.caller import Caller, Signed

HASH = "nadi_sha256"
RECEIVED_AT = "nadi_received_at"
KEY = "nadi_key"
SIGNATURE = "nadi_signature"
BODY_HASH = "nadi_body_sha256"
OPD = "nadi_opd"
#: On a correction of an event that the gateway did not accept lately; whose that event is, the stream decides.
CORRECTS = "nadi_corrects"
UNVERIFIED = b"unverified"


class Mark(NamedTuple):
    """What the index reads back of one record."""

    event_id: str
    source: str
    opd: str
    hash: bytes
    received_at: int


def of_request(
    caller: Caller, signed: Signed | None, body_hash: bytes, received_at: int
) -> list[tuple[str, bytes]]:
    """The headers that all events of one request share. ``body_hash`` is the SHA-256 of the body as it was sent, which
    the signature covers with its id and timestamp; whoever has the body can verify it at any time."""
    found = [
        (RECEIVED_AT, str(received_at).encode()),
        (KEY, caller.key_id.encode()),
        (OPD, caller.opd.encode()),
    ]
    if signed is not None:
        kept = {
            "id": signed.webhook_id,
            "timestamp": signed.timestamp,
            "signature": signed.signature,
            "key": signed.key,
        }
        found += [(SIGNATURE, msgspec.json.encode(kept)), (BODY_HASH, body_hash)]
    return found


def read(headers: Sequence[tuple[str, bytes | None]] | None) -> Mark | None:
    """The mark of a record; None for one that the gateway did not write."""
    found = dict(headers or ())
    try:
        return Mark(
            found["ce_id"].decode(),  # type: ignore[union-attr]
            found["ce_source"].decode(),  # type: ignore[union-attr]
            found[OPD].decode(),  # type: ignore[union-attr]
            found[HASH] or b"",
            int(found[RECEIVED_AT] or b""),
        )
    except (KeyError, AttributeError, ValueError):
        return None

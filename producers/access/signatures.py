"""Signatures of requests in the form of Standard Webhooks (github.com/standard-webhooks/standard-webhooks): ``v1a`` is
Ed25519 over ``id.timestamp.body``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from producers.access.caller import Signed
from producers.access.credentials import PRIVATE_PREFIX, PUBLIC_PREFIX
from producers.access.refusals import refused

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300
LONGEST_ID = 256
MOST_SIGNATURES = 8
#: A webhook-id is remembered for as long as a request with its timestamp can still be taken, and as much again.
REMEMBERED_SECONDS = 4 * TOLERANCE_SECONDS
MOST_REMEMBERED = 200_000


def signed_text(webhook_id: str, timestamp: int, body: bytes) -> bytes:
    """What is signed."""
    return f"{webhook_id}.{timestamp}.".encode() + body


def sign(private: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """One signature (``v1a,…``) with a private key (``whsk_…``)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = base64.b64decode(private.removeprefix(PRIVATE_PREFIX))[:32]
    made = Ed25519PrivateKey.from_private_bytes(seed).sign(signed_text(webhook_id, timestamp, body))
    return "v1a," + base64.b64encode(made).decode()


def matches(public: str, signature: str, text: bytes) -> bool:
    """Whether a signature (``v1a,…``) over a text is of the holder of a public key (``whpk_…``)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(signature.removeprefix("v1a,"), validate=True)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix(PUBLIC_PREFIX)))
        key.verify(raw, text)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def verified(
    publics: Iterable[str], headers: Mapping[str, str], body: bytes, now: int, *, required: bool
) -> Signed | None:
    """The signature of a request by one of the public keys; None where there is none and none is required.

    ``headers`` have lower-case names, ``now`` is UTC ms. Raises RefusedError.
    """
    webhook_id, stamp, given = (headers.get(name) for name in (ID, TIMESTAMP, SIGNATURE))
    if not (webhook_id or stamp or given):
        if required:
            raise refused("signature-missing")
        return None
    if not (webhook_id and stamp and given) or len(webhook_id) > LONGEST_ID or not webhook_id.isprintable():
        raise refused("signature-malformed")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise refused("signature-malformed")
    ours = [item for item in given.split(" ") if item.startswith("v1a,")]
    if not ours or len(ours) > MOST_SIGNATURES:
        raise refused("signature-malformed")
    timestamp = int(stamp)
    if abs(now / 1000 - timestamp) > TOLERANCE_SECONDS:
        raise refused("signature-time")
    text = f"{webhook_id}.{stamp}.".encode() + body
    keys = tuple(publics)
    for signature in ours:
        for public in keys:
            if matches(public, signature, text):
                return Signed(webhook_id, timestamp, signature, public)
    raise refused("signature-wrong")


class Seen:
    """The bodies that came under each webhook-id of late. It forgets at a restart, which lets nobody in: another body
    under an old id needs the private key, and the same body is a repeat that the events' own ids recognise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: OrderedDict[tuple[str, str], tuple[int, bytes]] = OrderedDict()

    def check(self, key_id: str, webhook_id: str, body: bytes, now: int) -> None:
        """Remember a body. Raises RefusedError when the id came with another one."""
        digest = hashlib.sha256(body).digest()
        with self._lock:
            self._forget(now)
            _, before = self._bodies.setdefault((key_id, webhook_id), (now, digest))
        if before != digest:
            raise refused("signature-reused")

    def _forget(self, now: int) -> None:
        while self._bodies:
            first = next(iter(self._bodies))
            fresh = now - self._bodies[first][0] < REMEMBERED_SECONDS * 1000
            if fresh and len(self._bodies) <= MOST_REMEMBERED:
                break
            del self._bodies[first]

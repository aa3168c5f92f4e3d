"""Signatures in the form of Standard Webhooks: ``v1a`` is Ed25519 over ``id.timestamp.body``."""

from __future__ import annotations

import base64
import binascii
import time
import uuid

from producers.relay.environment import RelayEnvironmentError

PRIVATE_PREFIX = "whsk_"


class Signer:
    """Signs bodies with a private key ``whsk_…``: base64 of seed and public key (64 bytes) or of the seed (32)."""

    def __init__(self, private: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            raw = base64.b64decode(private.removeprefix(PRIVATE_PREFIX), validate=True)
        except binascii.Error:
            raw = b""
        if not private.startswith(PRIVATE_PREFIX) or len(raw) not in (32, 64):
            raise RelayEnvironmentError(
                "NADI_SIGNING_KEY harus diawali whsk_; salin dari berkas .env seutuhnya."
            )
        self._key = Ed25519PrivateKey.from_private_bytes(raw[:32])

    def headers(self, body: bytes) -> dict[str, str]:
        """The three headers of one request. Its id is new each time: the events' own ids make a repeat one."""
        number, now = f"msg_{uuid.uuid4().hex}", int(time.time())
        made = base64.b64encode(self._key.sign(f"{number}.{now}.".encode() + body)).decode()
        return {"webhook-id": number, "webhook-timestamp": str(now), "webhook-signature": f"v1a,{made}"}

"""Signatures in the form of Standard Webhooks: ``v1a`` is Ed25519 over ``id.timestamp.body``."""

from __future__ import annotations

import base64
import binascii
import time
import uuid

from producers.access.credentials import PRIVATE_PREFIX
from producers.access.signatures import sign
from producers.sending.environment import EnvironmentFileError


class Signer:
    """Signs bodies with a private key ``whsk_…``: base64 of seed and public key (64 bytes) or of the seed (32)."""

    def __init__(self, private: str) -> None:
        try:
            raw = base64.b64decode(private.removeprefix(PRIVATE_PREFIX), validate=True)
        except binascii.Error:
            raw = b""
        if not private.startswith(PRIVATE_PREFIX) or len(raw) not in (32, 64):
            raise EnvironmentFileError(
                "NADI_SIGNING_KEY harus diawali whsk_; salin dari berkas .env seutuhnya."
            )
        self._private = private

    def headers(self, body: bytes) -> dict[str, str]:
        """The three headers of one request. Its id is new each time: the events' own ids make a repeat one."""
        number, now = f"msg_{uuid.uuid4().hex}", int(time.time())
        made = sign(self._private, number, now, body)
        return {"webhook-id": number, "webhook-timestamp": str(now), "webhook-signature": made}

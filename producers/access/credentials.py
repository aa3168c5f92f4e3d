"""Keys as departments hold them: ``nadi_<opd>_<id>.<secret>``, and an Ed25519 pair in the form of Standard Webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

SECRET_BYTES = 32
PUBLIC_PREFIX, PRIVATE_PREFIX = "whpk_", "whsk_"
_FORM = re.compile(r"nadi_(?P<opd>[0-9.]{7,16})_(?P<id>[a-z2-7]{12})\.(?P<secret>[a-z2-7]{52})")


@dataclass(frozen=True, slots=True)
class Presented:
    """A key as it was sent; ``whole`` is all of it."""

    opd: str
    key_id: str
    whole: str


@dataclass(frozen=True, slots=True)
class Made:
    """A new key. ``key`` and ``private`` are shown once and kept by nobody but the department."""

    key_id: str
    key: str
    public: str
    private: str


def make(opd: str) -> Made:
    """A key and a signing pair of a department. The secret has 256 bits."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key_id = _base32(secrets.token_bytes(8))[:12]
    private = Ed25519PrivateKey.generate()
    seed = private.private_bytes_raw()
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Made(
        key_id,
        f"nadi_{opd}_{key_id}.{_base32(secrets.token_bytes(SECRET_BYTES))}",
        PUBLIC_PREFIX + base64.b64encode(public).decode(),
        PRIVATE_PREFIX + base64.b64encode(seed + public).decode(),  # 64 bytes, what libsodium signs with
    )


def presented(authorization: str) -> Presented | None:
    """The key in an ``Authorization`` header (``Bearer``), None where it has not that form."""
    scheme, _, value = authorization.partition(" ")
    found = _FORM.fullmatch(value.strip()) if scheme.lower() == "bearer" else None
    return Presented(found["opd"], found["id"], found[0]) if found else None


def hashed(key: str) -> str:
    """What is kept of a key. Its 256 random bits cannot be tried, so a slow hash would protect nothing more."""
    return hashlib.sha256(b"nadi key\0" + key.encode()).hexdigest()


def same(kept: str, key: str) -> bool:
    """Whether a key is the one kept, in constant time."""
    return hmac.compare_digest(kept, hashed(key))


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()

"""What the gateway asks about its callers, answered from the keys that ``nadi.access`` tells of."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Self

from producers.access.book import Book, Key
from producers.access.caller import Caller, Left, Signed
from producers.access.credentials import hashed, presented
from producers.access.log import Follower
from producers.access.quotas import Days, Quotas
from producers.access.refusals import refused
from producers.access.signatures import Seen, verified
from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from schemas.profile.rows import ANY
from schemas.settings import KafkaSettings

TYPE_PREFIX = "id.go.nadi."
#: What an unknown key is compared with, so that it takes as long as a known one.
_NOBODY = hashed("nobody")


class Keys:
    """``producers.access.caller.Access`` over a book of keys. Safe to share between threads.

    ``follow`` makes one that knows what the topic says and hears of changes at once.
    """

    def __init__(self, book: Book, profile: Profile, counts: Path | None = None) -> None:
        self.book = book
        self._profile = profile
        self._days = Days(profile.timezone)
        self._quotas = Quotas(self._days, counts)
        self._seen = Seen()
        self._follower: Follower | None = None
        self._to_sign: dict[tuple[str, str], frozenset[str]] = {}

    @classmethod
    def follow(cls, kafka: KafkaSettings, profile: Profile, counts: Path | None = None) -> Keys:
        """Read ``nadi.access`` to its end, and follow it in a thread: a revoked key stops within a second.

        ``counts`` is the file of the day's counts (quotas.py). Raises AccessLogError when the broker does not answer.
        Close it, or use it as a context manager.
        """
        keys = cls(Book(), profile, counts)
        follower = Follower(kafka, keys.book.apply)
        try:
            follower.catch_up()
        except BaseException:
            follower.close()
            raise
        follower.start()
        keys._follower = follower
        return keys

    def close(self) -> None:
        if self._follower is not None:
            self._follower.close()
        self._quotas.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def authenticate(self, authorization: str | None, address: str, now: int) -> Caller:
        """Whose key it is: 401 for none, an unknown, an expired or a revoked one, 403 for a wrong address.

        What is wrong with a key is said only to who knows its secret.
        """
        if not authorization:
            raise refused("key-missing")
        sent = presented(authorization)
        key = self.book.keys.get(sent.key_id) if sent else None
        whole = sent.whole if sent else authorization
        known = hmac.compare_digest(key.hash if key else _NOBODY, hashed(whole))
        if key is None or sent is None or not known or key.opd != sent.opd:
            raise refused("key-unknown")
        state = key.state(now)
        wrong = "" if state == "live" else f"key-{state}"
        if not wrong and key.addresses and not _within(key.addresses, address):
            wrong = "address-not-allowed"
        if wrong:
            error = refused(wrong, address=address[:45])
            error.opd, error.key_id = key.opd, key.key_id
            raise error
        return Caller(
            key.opd, key.key_id, key.sources, key.types, key.quota, key.sandbox, self._must_sign(key, now),
            key.operator,
        )  # fmt: skip

    def verify(self, caller: Caller, headers: Mapping[str, str], body: bytes, now: int) -> Signed | None:
        """The signature of a request (Standard Webhooks, ``v1a``); None where there is none and none is required.

        ``headers`` have lower-case names, or answer to them. A repeat of a webhook-id with the same body is a retry.
        """
        signers = (key.public for key in self.book.signers(caller.key_id, now))
        signed = verified(signers, headers, body, now, required=caller.signed)
        if signed is not None:
            self._seen.check(caller.key_id, signed.webhook_id, body, now)
        return signed

    def permits(self, caller: Caller, source: str, type_: str) -> None:
        """403 where the source or the type is not the caller's. A prefix ends at a part of the path."""
        if not _source_allowed(caller.sources, source):
            raise refused("source-not-allowed", source=source[:120], allowed=", ".join(caller.sources))
        if not _type_allowed(caller.types, type_):
            raise refused("type-not-allowed", type=type_[:120], allowed=", ".join(caller.types))

    def spend(self, caller: Caller, events: int, size: int, now: int) -> Left:
        """Count a request of so many events and bytes: 429 where the quota does not hold it."""
        return self._quotas.spend(caller, events, size, now)

    def _must_sign(self, key: Key, now: int) -> bool:
        """Whether a key signs every request: its own rule, or it may send what the profile wants signed."""
        if key.signed:
            return True
        day = self._days.day(now)[0]
        asked = (key.opd, day)
        domains = self._to_sign.get(asked)
        if domains is None:
            domains = self._profile.domains_to_sign(key.opd, date.fromisoformat(day))
            self._to_sign[asked] = domains
        return bool(domains) and (ANY in domains or any(may_send(key.types, domain) for domain in domains))


def may_send(types: tuple[str, ...], domain: str) -> bool:
    """Whether patterns could match an event type of a domain; in doubt they could."""
    start = f"{TYPE_PREFIX}{DOMAINS[domain].name}."
    return any(head.startswith(start) or start.startswith(head) for head in map(_head, types))


def _head(pattern: str) -> str:
    """What stands before the first wildcard."""
    return pattern[: min((at for at in map(pattern.find, "*?[") if at >= 0), default=len(pattern))]


@lru_cache(4096)
def _source_allowed(prefixes: tuple[str, ...], source: str) -> bool:
    if ".." in source.split("/") or not source.isprintable():  # it names another place than it begins with
        return False
    return any(source == p or source.startswith(p.rstrip("/") + "/") for p in prefixes)


@lru_cache(4096)
def _type_allowed(patterns: tuple[str, ...], type_: str) -> bool:
    return any(fnmatchcase(type_, pattern) for pattern in patterns)


@lru_cache(4096)
def _within(networks: tuple[str, ...], address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ipaddress.ip_network(network) for network in networks)

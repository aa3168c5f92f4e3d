"""What the gateway knows of whoever calls it, and how a call is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Quota:
    """What one key may send; ``batch`` is the most events in one request."""

    requests_per_second: float
    events_per_day: int
    bytes_per_day: int
    batch: int


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a key. ``sources`` are prefixes of the sources it may send from, ``types`` the event types (``fnmatch``
    patterns). What a ``sandbox`` key sends reaches no wall. ``signed``: every request must carry a signature. An
    ``operator`` sends nothing and may look at what all departments sent."""

    opd: str
    key_id: str
    sources: tuple[str, ...]
    types: tuple[str, ...]
    quota: Quota
    sandbox: bool = False
    signed: bool = False
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was verified: what is kept with the event so that it can be verified again."""

    webhook_id: str
    timestamp: int
    signature: str
    key: str


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a quota, for the ``RateLimit`` headers; ``resets_in`` is seconds."""

    limit: int
    remaining: int
    resets_in: int


class RefusedError(Exception):
    """A call that is refused. ``code`` names it in the error table, ``sentence`` is Bahasa Indonesia and says what to do;
    ``retry_after`` is seconds. ``opd`` and ``key_id`` say whose key was turned away, where its secret was right."""

    def __init__(self, status: int, code: str, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence, self.retry_after = status, code, sentence, retry_after
        self.opd = self.key_id = ""


class Access(Protocol):
    """Decides about calls. Times are UTC ms; ``address`` is the caller's IP address. All may raise RefusedError."""

    def authenticate(self, authorization: str | None, address: str, now: int) -> Caller:
        """Whose key it is: 401 for none, an unknown, an expired or a revoked one, 403 for a wrong address."""
        ...

    def verify(self, caller: Caller, headers: Mapping[str, str], body: bytes, now: int) -> Signed | None:
        """The signature of a request (Standard Webhooks, ``v1a``); None where there is none and none is required."""
        ...

    def permits(self, caller: Caller, source: str, type_: str) -> None:
        """403 where the source or the type is not the caller's."""
        ...

    def spend(self, caller: Caller, events: int, size: int, now: int) -> Left:
        """Count a request of so many events and bytes: 429 where the quota does not hold it."""
        ...

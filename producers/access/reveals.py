"""Requests to reveal an identity, as the entries of ``nadi.access`` make them.

Two persons take part, both with a role in the profile on the day, one of them of the inspectorate. What an entry may do
is judged here, whoever wrote it, so that a forged entry opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from producers.access.entries import REVEAL_APPROVED, REVEAL_OPENED, REVEAL_REQUESTED, Entry
from schemas.profile.rows import INSPECTORATE

LIVES_MS = 24 * 3_600_000
#: The role of a user at an instant (UTC ms), None for none.
Roles = Callable[[str, int], str | None]
State = Literal["waiting", "approved", "opened", "lapsed"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Times are UTC ms; ``case`` is the number of the case it is for."""

    id: str
    token: str
    reason: str
    case: str
    at: int
    who: str
    approved_at: int | None = None
    approved_by: str = ""
    opened_at: int | None = None

    def state(self, now: int) -> State:
        """Waiting and approved requests lapse after a day."""
        if self.opened_at is not None:
            return "opened"
        since = self.at if self.approved_at is None else self.approved_at
        if now - since > LIVES_MS:
            return "lapsed"
        return "waiting" if self.approved_at is None else "approved"


class Reveals:
    """All requests by id; ``roles`` says who takes part."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self.requests: dict[str, Request] = {}

    def apply(self, entry: Entry) -> None:
        """Take one entry; what is not allowed changes nothing."""
        known = self.requests.get(entry.subject)
        if entry.kind == REVEAL_REQUESTED and known is None:
            if self._roles(entry.who, entry.at) is not None:
                token, reason, case = (str(entry.values[name]) for name in ("token", "reason", "case"))
                self.requests[entry.subject] = Request(
                    entry.subject, token, reason, case, entry.at, entry.who
                )
        elif known is None:
            return
        elif entry.kind == REVEAL_APPROVED:
            if self.hindrance(known, entry.who, entry.at) is None:
                self.requests[entry.subject] = replace(known, approved_at=entry.at, approved_by=entry.who)
        elif entry.kind == REVEAL_OPENED and self.may_open(known, entry.who, entry.at):
            self.requests[entry.subject] = replace(known, opened_at=entry.at)

    def hindrance(
        self, request: Request, who: str, now: int
    ) -> Literal["state", "same", "role", "inspectorate"] | None:
        """Why a user may not approve a request; None where they may."""
        if request.state(now) != "waiting":
            return "state"
        if who == request.who:
            return "same"
        theirs, ours = self._roles(request.who, now), self._roles(who, now)
        if theirs is None or ours is None:
            return "role"
        return None if INSPECTORATE in (theirs, ours) else "inspectorate"

    def may_open(self, request: Request, who: str, now: int) -> bool:
        """Whether a user may see the number now: their own request, approved, and once."""
        return request.state(now) == "approved" and who == request.who and self._roles(who, now) is not None

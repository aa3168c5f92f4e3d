# ruff: noqa: ARG002
"""Keys of the tests: a plain table in place of the topic that keys are kept on."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from producers.access.caller import Caller, Left, Quota, RefusedError, Signed

AMPLE = Quota(1e9, 10**9, 10**12, 500)


def caller(opd: str, name: str = "", **more: object) -> Caller:
    values: dict[str, object] = {"sources": (f"/opd/{opd}/",), "types": ("*",), "quota": AMPLE, **more}
    return Caller(opd=opd, key_id=name or opd, **values)  # type: ignore[arg-type]


class Table:
    """Keys by what stands after ``Bearer``; ``tired`` has no quota left."""

    def __init__(self, *callers: Caller) -> None:
        self._callers = {c.key_id: c for c in callers}

    def authenticate(self, authorization: str | None, address: str, now: int) -> Caller:
        found = self._callers.get((authorization or "").removeprefix("Bearer "))
        if found is None:
            raise RefusedError(401, "unauthorized", "Kunci tidak dikenal.")
        return found

    def verify(self, caller: Caller, headers: Mapping[str, str], body: bytes, now: int) -> Signed | None:
        if "webhook-signature" in headers:
            return Signed(
                headers["webhook-id"], int(headers["webhook-timestamp"]), headers["webhook-signature"], "k"
            )
        return None

    def permits(self, caller: Caller, source: str, type_: str) -> None:
        if not source.startswith(caller.sources):
            raise RefusedError(403, "forbidden", f"Sumber {source} bukan milik kunci ini.")
        if not any(fnmatch.fnmatch(type_, pattern) for pattern in caller.types):
            raise RefusedError(403, "forbidden", f"Jenis {type_} tidak diizinkan.")

    def spend(self, caller: Caller, events: int, size: int, now: int) -> Left:
        if caller.key_id == "tired":
            raise RefusedError(429, "quota", "Kuota habis.", 7)
        return Left(1000, 999, 1)


def table() -> Table:
    return Table(
        caller("2.18.01"), caller("5.02.02"), caller("2.18.01", "uji", sandbox=True), caller("2.18.01", "tired"),
        caller("1.03.01", "narrow", types=("id.go.nadi.activity.*",)),
    )  # fmt: skip

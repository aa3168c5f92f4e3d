"""Nobody may send: what the gateway stands on where no keys are kept."""

from __future__ import annotations

from collections.abc import Mapping

from producers.access.caller import Caller, Left, RefusedError, Signed


class Locked:
    """An ``Access`` that refuses every call with 401."""

    def authenticate(self, authorization: str | None, address: str, now: int) -> Caller:  # noqa: ARG002
        raise RefusedError(
            401, "unauthorized", "Belum ada kunci yang diterbitkan di sini. Hubungi Diskominfo."
        )

    def verify(self, caller: Caller, headers: Mapping[str, str], body: bytes, now: int) -> Signed | None:  # noqa: ARG002
        return None

    def permits(self, caller: Caller, source: str, type_: str) -> None:  # noqa: ARG002
        raise RefusedError(403, "forbidden", "Kunci ini tidak berwenang. Hubungi Diskominfo.")

    def spend(self, caller: Caller, events: int, size: int, now: int) -> Left:  # noqa: ARG002
        return Left(0, 0, 0)

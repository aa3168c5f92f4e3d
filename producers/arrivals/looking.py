"""Whose arrivals somebody looks at; what operators look at stands on ``nadi.access`` before it is shown."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from producers.access import log
from producers.access.caller import Caller
from producers.access.entries import OPERATOR_LOOKED, Entry
from producers.gateway.acceptance import now_ms
from producers.gateway.problems import Problem, ProblemError
from schemas.settings import KafkaSettings

AGAIN_MS = 3_600_000
EVERYBODY = "*"


def department_of(request: Request, caller: Caller) -> str:
    """The department asked for: an operator's choice (``?opd=``; empty for refusals of nobody known), the caller's own else.

    Raises ProblemError where another department asks.
    """
    asked = request.query_params.get("opd")
    if caller.operator:
        return asked if asked is not None else caller.opd
    if asked not in (None, "", caller.opd):
        raise ProblemError(Problem("not-found", "Kunci ini hanya membuka kiriman OPD-nya sendiri."))
    return caller.opd


class Looking:
    """Notes that an operator looked at a department, once an hour each."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._noted: dict[tuple[str, str], int] = {}

    async def note(self, caller: Caller, opd: str) -> None:
        """Write it down. Raises AccessLogError, and then nothing is to be shown."""
        now, seen = now_ms(), (caller.key_id, opd)
        if not caller.operator or now - self._noted.get(seen, 0) < AGAIN_MS:
            return
        entry = Entry(OPERATOR_LOOKED, caller.key_id, now, f"key {caller.key_id}", {"opd": opd or EVERYBODY})
        await asyncio.to_thread(log.write, self._kafka, entry)
        self._noted[seen] = now

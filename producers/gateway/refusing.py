"""What is refused is answered, logged for the operators, and remembered for the owner of the key.

A log line says who tried what, and nothing that a request held: no secret, no text of an event, no event's id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from monitoring.metrics import PUBLISHED
from producers.access.caller import Caller, RefusedError
from producers.gateway import answers
from producers.gateway.acceptance import Answer, now_ms
from producers.gateway.checking import refusal
from producers.gateway.gateway import Gateway
from producers.gateway.problems import Problem, ProblemError

log: Any = structlog.get_logger(__name__)


async def answered(
    gateway: Gateway, request: Request, work: Callable[[Request], Awaitable[Response]], *, kept: bool = True
) -> Response:
    """What ``work`` answers, or why it is refused: a request that cannot be read or is too much, a key, a signature or a
    quota that is not as it should be. What is ``kept`` stands on the department's page."""
    try:
        return await work(request)
    except ProblemError as error:
        _note(gateway, request, error.problem)
        if kept:
            _keep(gateway, request, error.problem)
        return answers.problem(error.problem)
    except RefusedError as error:
        if kept:
            _keep(gateway, request, refusal(error))
        return refused(gateway, request, error)
    except ClientDisconnect:
        log.info("a sender hung up before its request was whole")
        return Response(status_code=400)  # nobody hears it


def refused(gateway: Gateway, request: Request, error: RefusedError) -> Response:
    """The answer to a key, a signature or a quota that is not as it should be."""
    problem = refusal(error)
    if error.key_id:
        gateway.history.turn_away(error.opd, error.key_id, problem, now_ms())
    _note(gateway, request, problem, error.opd, error.key_id)
    return answers.problem(problem, {"WWW-Authenticate": "Bearer"} if error.status == 401 else {})


def said(caller: Caller, found: Sequence[Answer]) -> None:
    """Log how many events of a request were refused, by code."""
    codes = Counter(answer.code for answer in found if isinstance(answer, Problem))
    if codes:
        PUBLISHED.labels("gateway", "refused").inc(codes.total())
        log.warning("events refused", opd=caller.opd, key=caller.key_id, codes=dict(codes), events=len(found))


def _keep(gateway: Gateway, request: Request, problem: Problem) -> None:
    caller: Caller | None = getattr(request.state, "caller", None)
    gateway.trail.refuse(caller, request.headers.get("authorization"), problem, now_ms())


def _note(gateway: Gateway, request: Request, problem: Problem, opd: str = "", key: str = "") -> None:
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is not None:
        opd, key = caller.opd, caller.key_id
        gateway.history.refuse(key, problem, now_ms())
    log.warning(
        "request refused",
        code=problem.code,
        status=problem.status,
        opd=opd,
        key=key,
        address=request.client.host if request.client else "",
        path=getattr(request.scope.get("route"), "path", request.scope["path"]),
    )

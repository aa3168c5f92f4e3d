"""What every web process has: health and metrics routes, and headers that keep a page to itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import monitoring.metrics  # noqa: F401  (so that they are on the page from the start)

Check = Callable[[], tuple[bool, str]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
        "require-trusted-types-for 'script'; trusted-types nadi"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: For answers in JSON, which no browser takes for a page.
PLAIN = {"X-Content-Type-Options": "nosniff"}


class SecurityHeaders:
    """ASGI middleware that sets ``headers`` on every answer that does not have them."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = HEADERS) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                named = {name for name, _ in given}
                given.extend(header for header in self._headers if header[0] not in named)
            await send(message)

        await self._app(scope, receive, with_headers)


def health_routes(*, ready: Check, alive: Check) -> list[Route]:
    """/metrics, /healthz, /readyz: as monitoring.server has them, for processes that serve pages already."""

    def answer(check: Check) -> Response:
        good, what = check()
        return PlainTextResponse(f"{'ok' if good else 'not yet'}: {what}\n", status_code=200 if good else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def healthz(_request: Request) -> Response:
        return answer(alive)

    async def readyz(_request: Request) -> Response:
        return answer(ready)

    return [Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]

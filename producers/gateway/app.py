"""The gateway over HTTP: which address is what, and that every refusal is a problem of the table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute

from monitoring.web import SecurityHeaders, health_routes
from producers.gateway import answers, pages
from producers.gateway.examples import postman
from producers.gateway.gateway import Gateway
from producers.gateway.look_ups import LookUps
from producers.gateway.openapi import GET, OTHER, POST, VALIDATE
from producers.gateway.problems import Problem
from producers.gateway.receiving import Receiving

log: Any = structlog.get_logger(__name__)


def make(gateway: Gateway, pages_beside: Sequence[BaseRoute] = ()) -> FastAPI:
    """The application of one gateway, which it starts and stops; with pages that others put beside it."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await gateway.start()
        yield
        await gateway.stop()

    app = FastAPI(
        title="Gerbang Nadi", version="1", lifespan=life, docs_url=None, redoc_url=None,
        description="Tempat OPD mengirim kejadian. Panduan: /docs, kesalahan: /docs/errors.",
    )  # fmt: skip
    receiving, checking, asked = Receiving(gateway), Receiving(gateway, dry=True), LookUps(gateway)

    async def events(request: Request) -> Response:
        return await receiving(request)

    async def validate(request: Request) -> Response:
        return await checking(request)

    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    async def ready() -> Response:
        good, line = gateway.ready
        if good:
            return JSONResponse({"status": "ok", "detail": line})
        return answers.problem(Problem("starting", f"Gerbang belum menerima: {line}."))

    async def guide(request: Request) -> Response:
        return HTMLResponse(pages.guide(str(request.base_url).rstrip("/")))

    async def errors() -> Response:
        return HTMLResponse(pages.errors())

    async def style() -> Response:
        return Response(pages.style(), media_type="text/css")

    async def collection(request: Request) -> Response:
        return JSONResponse(postman(str(request.base_url).rstrip("/")))

    app.add_api_route("/v1/events", events, methods=["POST"], **POST)
    app.add_api_route("/v1/events/validate", validate, methods=["POST"], **VALIDATE)
    for path, handler in (
        ("/v1/events/{id}", asked.receipt),
        ("/v1/me", asked.me),
        ("/v1/schemas", asked.schemas),
        ("/v1/schemas/{type}", asked.schema),
        ("/schemas/ids/{id}", asked.schema_by_id),
        ("/subjects", asked.subjects),
        ("/subjects/{subject}/versions/{version}", asked.subject),
    ):
        app.add_api_route(path, handler, methods=["GET"], **GET[path])
    for path, page in (
        ("/health", health), ("/ready", ready), ("/docs", guide), ("/docs/errors", errors),
        ("/docs/postman.json", collection), ("/docs/style.css", style),
    ):  # fmt: skip
        app.add_api_route(path, page, methods=["GET"], **OTHER[path])
    app.router.routes.extend(
        health_routes(ready=lambda: gateway.ready, alive=lambda: (True, "gerbang berjalan"))
    )
    app.router.routes.extend(pages_beside)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(SecurityHeaders)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = "method-not-allowed" if status == 405 else "not-found"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return answers.problem(Problem(code, status_given=status), headers)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("a request failed", path=request.url.path, error=type(error).__name__, exc_info=error)
    return answers.problem(Problem("internal"))

"""The gateway over HTTP: which address is what, and that every refusal is a problem of the table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from monitoring.web import PLAIN, SecurityHeaders, health_routes
from producers.arrivals.routes import Site, routes
from producers.gateway import answers, pages
from producers.gateway.examples import postman
from producers.gateway.gateway import Gateway
from producers.gateway.look_ups import LookUps
from producers.gateway.openapi import FILE, GET, OTHER, POST, VALIDATE
from producers.gateway.problems import Problem
from producers.gateway.receiving import Receiving
from producers.gateway.uploads.http import Uploads
from producers.gateway.uploads.work import Files
from producers.village.pages import routes as village

SENDING = "/v1/events"
log: Any = structlog.get_logger(__name__)


class Door:
    """The whole gateway as ASGI: sending goes straight to its handler, for FastAPI's routing and layers cost a single event
    more than accepting it does; everything else is ``app``, which describes sending too and answers other methods."""

    def __init__(self, app: FastAPI, receiving: Receiving) -> None:
        self.app = app
        self._sending = SecurityHeaders(self._receive, PLAIN)
        self._receiving = receiving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == SENDING and scope["method"] == "POST":
            await self._sending(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _receive(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._receiving(request)
        except Exception as error:  # noqa: BLE001  (the last resort: logged, and answered by a 500 of the table)
            answer = await _broken(request, error)
        await answer(scope, receive, send)


def make(gateway: Gateway, files: Files, site: Site | None = None) -> Door:
    """The gateway as uvicorn runs it; with the pages of departments and villages where there is a ``site``."""
    receiving = Receiving(gateway)
    return Door(described(gateway, receiving, files, site), receiving)


def described(gateway: Gateway, receiving: Receiving, files: Files, site: Site | None) -> FastAPI:
    """The application of one gateway, which it starts and stops."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await gateway.start()
        working = asyncio.create_task(files.run(gateway))
        yield
        working.cancel()
        await gateway.stop()

    app = FastAPI(
        title="Gerbang Nadi", version="1", lifespan=life, docs_url=None, redoc_url=None, redirect_slashes=False,
        description="Tempat OPD mengirim kejadian. Panduan: /docs, kesalahan: /docs/errors.",
    )  # fmt: skip
    checking, asked = Receiving(gateway, dry=True), LookUps(gateway)

    uploads = Uploads(gateway, files)

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

    async def icon() -> Response:
        return Response(pages.icon(), media_type="image/svg+xml")

    async def collection(request: Request) -> Response:
        return JSONResponse(postman(str(request.base_url).rstrip("/")))

    app.add_api_route(SENDING, events, methods=["POST"], **POST)
    app.add_api_route("/v1/events/validate", validate, methods=["POST"], **VALIDATE)
    app.add_api_route("/v1/files", uploads.take, methods=["POST"], **FILE)
    for path, handler in (
        ("/v1/events/{id}", asked.receipt),
        ("/v1/files/{job}", uploads.report),
        ("/v1/files/{job}/hasil", uploads.result),
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
        ("/docs/postman.json", collection), ("/docs/style.css", style), ("/favicon.ico", icon),
        ("/unggah", uploads.page), ("/unggah.js", uploads.script),
    ):  # fmt: skip
        app.add_api_route(path, page, methods=["GET"], **OTHER[path])
    app.router.routes.extend(
        health_routes(ready=lambda: gateway.ready, alive=lambda: (True, "gerbang berjalan"))
    )
    if site is not None:
        app.router.routes.extend([*routes(gateway, site), *village(site.profile)])
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

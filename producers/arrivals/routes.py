"""The departments' pages in the gateway's process: which address is what.

Whoever looks shows a key in the ``Authorization`` header of every request; the page keeps it in the tab's session storage.
There is no cookie, so nothing can be done in somebody's name from another page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from producers.access.book import Book, Key
from producers.access.caller import Caller, RefusedError
from producers.access.log import AccessLogError
from producers.arrivals import compliance, pages, view
from producers.arrivals.asyncapi import document
from producers.arrivals.heard import Heard
from producers.arrivals.looking import Looking, department_of
from producers.arrivals.mailbox import Mailbox
from producers.arrivals.resending import Resending
from producers.dead_letters.letters import Place
from producers.gateway import answers
from producers.gateway.acceptance import now_ms
from producers.gateway.checking import refusal
from producers.gateway.gateway import Gateway
from producers.gateway.problems import Problem, ProblemError
from producers.gateway.receiving import caller_of
from schemas.profile import Profile

TRAIL_FILE = "arrivals.db"
STATIC = Path(__file__).with_name("static")
Handler = Callable[[Request, Caller], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages need beside the gateway: the regency's profile, the file of refusals, and the keys there are."""

    profile: Profile
    trail: Path | None
    book: Book


def routes(gateway: Gateway, site: Site) -> list[BaseRoute]:
    """All addresses of the pages."""
    desk = _Desk(gateway, site)
    return [
        Route("/opd", _page(pages.department)),
        Route("/kepatuhan", _page(pages.compliance)),
        Route("/docs/katalog", desk.catalogue),
        Route("/docs/asyncapi.json", desk.asyncapi),
        Route("/opd/data/arrivals", desk.guarded(desk.arrivals)),
        Route("/opd/data/letters", desk.guarded(desk.letters)),
        Route("/opd/data/letter", desk.guarded(desk.letter)),
        Route("/opd/data/letter", desk.guarded(desk.resend), methods=["POST"]),
        Route("/opd/data/compliance", desk.guarded(desk.compliance)),
        Mount("/opd/static", StaticFiles(directory=STATIC)),
    ]


class _Desk:
    def __init__(self, gateway: Gateway, site: Site) -> None:
        self._gateway, self._profile, self._book = gateway, site.profile, site.book
        self._mailbox = Mailbox(gateway.kafka, site.profile, gateway.ids)
        self._heard = Heard(gateway.kafka)
        self._looking = Looking(gateway.kafka)
        self._resending = Resending(gateway, self._mailbox)
        # Threads of their own: a long first reading must not keep the gateway from its own work.
        self._readers = ThreadPoolExecutor(2, "arrivals")

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler for whoever has a key; every refusal is a problem of the table."""

        async def answer(request: Request) -> Response:
            try:
                caller = caller_of(self._gateway, request, now_ms())
                return await handler(request, caller)
            except RefusedError as error:
                return answers.problem(refusal(error))
            except ProblemError as error:
                return answers.problem(error.problem)
            except (TimeoutError, AccessLogError):
                return answers.problem(Problem("kafka-away"))

        return answer

    async def arrivals(self, request: Request, caller: Caller) -> Response:
        """What arrived and what was refused; 204 where nothing was added since ``seen``."""
        opd = department_of(request, caller)
        await self._looking.note(caller, opd)
        version = self._gateway.trail.version
        if request.query_params.get("seen") == version:
            return Response(status_code=204)
        address = str(request.base_url).rstrip("/")
        return _json(view.arrivals(self._gateway, self._profile, caller, opd, version, address, now_ms()))

    async def letters(self, request: Request, caller: Caller) -> Response:
        """The dead letters of a department."""
        opd = self._whole(request, caller)
        await self._looking.note(caller, opd)
        found = await self._reading(self._mailbox.of, opd)
        return _json({"letters": [view.letter(item, self._profile) for item in found]})

    async def letter(self, request: Request, caller: Caller) -> Response:
        """One letter with what can be read of it."""
        opd = self._whole(request, caller)
        await self._looking.note(caller, opd)
        opened = await asyncio.to_thread(
            self._mailbox.open, opd, _place(request.query_params.get("place", ""))
        )
        if opened is None:
            raise ProblemError(Problem("not-found", "Surat itu tidak ada, atau masa simpannya sudah habis."))
        return _json(view.opened(opened, self._profile))

    async def resend(self, request: Request, caller: Caller) -> Response:
        """Check a mended event, and with ``send`` send it in the letter's place."""
        body = await request.body()
        if len(body) > self._gateway.settings.event_bytes * 2:
            raise ProblemError(Problem("event-too-long"))
        try:
            wish = msgspec.json.decode(body)
            place, event, send = wish["letter"], wish["event"], bool(wish.get("send"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
            raise ProblemError(Problem("body-not-json")) from error
        return _json(await self._resending(caller, _place(str(place)), event, len(body), send=send))

    async def compliance(self, request: Request, caller: Caller) -> Response:
        """Sources against their cadence: all for an operator, a department's own else."""
        opd = "" if caller.operator else self._whole(request, caller)
        await self._looking.note(caller, opd)
        now = now_ms()
        await self._reading(self._heard.refresh, now)
        rows = compliance.table(
            self._profile, self._heard, self._gateway.trail.refusals.counts(now), now, opd
        )
        return _json(view.compliance(rows, self._profile, self._gateway.trail.refusals.since, now))

    async def catalogue(self, _request: Request) -> Response:
        return HTMLResponse(pages.catalogue(self._profile, self._live()))

    async def asyncapi(self, request: Request) -> Response:
        url = str(request.base_url).rstrip("/")
        return JSONResponse(document(self._profile, self._live(), url))

    async def _reading(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work, *given)

    def _live(self) -> list[Key]:
        now = now_ms()
        return [key for key in list(self._book.keys.values()) if key.state(now) == "live"]

    @staticmethod
    def _whole(request: Request, caller: Caller) -> str:
        """The department, for who may see what really happened there. Raises ProblemError."""
        if caller.sandbox:
            raise ProblemError(Problem("not-found", "Kunci uji coba hanya membuka kiriman uji coba di /opd."))
        return department_of(request, caller)


def _page(made: Callable[[], str]) -> Callable[[Request], Awaitable[Response]]:
    async def page(_request: Request) -> Response:
        return HTMLResponse(made())

    return page


def _json(value: Any) -> Response:
    return Response(
        msgspec.json.encode(value), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _place(text: str) -> Place:
    try:
        return Place.parse(text)
    except ValueError as error:
        raise ProblemError(Problem("not-found", "Surat itu tidak dikenal.")) from error

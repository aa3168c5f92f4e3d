"""The wallboard's web process: pages, snapshot, stream, metrics."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import csv
import hashlib
import io
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from monitoring.web import SecurityHeaders, health_routes
from schemas.profile import Profile
from schemas.settings import KafkaSettings
from schemas.spreadsheets import safe_cell
from sinks.settings import ClickHouseSettings, WallboardSettings
from sinks.wallboard import details, wording
from sinks.wallboard.broadcast import Broadcast
from sinks.wallboard.feed import Feed
from sinks.wallboard.progress import STREAM_GROUP
from sinks.wallboard.reconciled import Reconciled
from sinks.wallboard.state import Board, Today
from sinks.wallboard.tiles import TILES, all_tiles
from sinks.wallboard.typescale import typescale

HERE = Path(__file__).parent
ENTRIES = ("papan.css", "papan.js", "meja.css")
REFRESH_SECONDS = 0.2  # at most five deltas a second
LOOK_SECONDS = 0.02
TICK_SECONDS = 5.0


class Wallboard:
    """One board and everything that shows it."""

    def __init__(self, feed: Feed, settings: WallboardSettings, inspectorate_url: str) -> None:
        self.feed = feed
        self.settings = settings
        self.broadcast = Broadcast()
        self.stopping = False
        self._inspectorate_url = inspectorate_url
        self._version = _version(HERE / "static")
        self._pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/api/snapshot", self.snapshot),
                Route("/api/stream", self.stream),
                Route("/api/totals", self.totals),
                Route("/rincian/{tile}", self.detail),
                Route("/rincian/{tile}/{table:int}.csv", self.download),
                Route("/manifest.webmanifest", self.manifest),
                Route("/sw.js", self.service_worker),
                Route("/logo.svg", self.logo),
                Route("/skala.css", self.scale),
                *health_routes(ready=self._ready, alive=lambda: (self.feed.alive, "feed")),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ],
            middleware=[Middleware(SecurityHeaders)],
            lifespan=self._lifespan,
        )

    def today(self) -> Today:
        """The day shown: the wall clock's, or the newest of the data where a past period is replayed."""
        zone = self.feed.board.profile.timezone
        if self.settings.today == "data" and (latest := self.feed.board.store.latest_day()):
            return Today(datetime.fromisoformat(f"{latest}T23:59:00").replace(tzinfo=zone))
        return Today(datetime.now(zone))

    async def page(self, request: Request) -> Response:
        """The wall itself."""
        return self._html("papan.html.j2", wall=request.query_params.get("mode") == "papan", tiles=TILES)

    async def snapshot(self, request: Request) -> Response:
        """The whole picture as JSON; 304 when the client has it."""
        self._wait()
        message = self.broadcast.snapshot()
        etag = f'"{message.id}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(message.data, media_type="application/json", headers=headers)

    async def stream(self, request: Request) -> Response:
        """Server-sent events: what was missed or a snapshot, then deltas and signs of life."""
        self._wait()
        client, first = self.broadcast.join(request.headers.get("last-event-id"))
        pause = 1.0 if request.query_params.get("laju") == "1" else 0.0

        async def events() -> AsyncIterator[ServerSentEvent]:
            try:
                for message in first:
                    yield ServerSentEvent(message.data, event=message.event, id=message.id, retry=2000)
                while (following := await client.next(pause)) is not None:
                    yield ServerSentEvent(following.data, event=following.event, id=following.id)
            finally:
                self.broadcast.leave(client)

        return EventSourceResponse(events(), ping=15, send_timeout=20)

    async def totals(self, _request: Request) -> Response:
        """Every figure by metric, dimension, value and day, for verification."""
        self._wait()
        with self.feed.lock:
            return JSONResponse(list(self.feed.board.store.totals()))

    async def detail(self, request: Request) -> Response:
        """The desk page of a tile."""
        tile = request.path_params["tile"]
        board, today = self.feed.board, self.today()
        if tile == "perhatian":
            return Response(status_code=303, headers={"Location": self._inspectorate_url or "/"})
        if tile == "pelaporan":
            return self._html("pelaporan.html.j2", sources=self._sources())
        page = self._page(tile)
        with self.feed.lock:
            tables = [(t, details.rows(t, board, today)) for t in page.tables]
        return self._html(
            "rincian.html.j2",
            page=page,
            tile=tile,
            tables=tables,
            display=details.display,
            limit=details.ROWS,
        )

    async def download(self, request: Request) -> Response:
        """One table of a desk page as CSV."""
        tile, number = request.path_params["tile"], request.path_params["table"]
        page = self._page(tile)
        if number >= len(page.tables):
            raise HTTPException(404, "tabel tidak ada")
        table = page.tables[number]
        with self.feed.lock:
            found = details.rows(table, self.feed.board, self.today())
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self.feed.board.simulated:
            writer.writerow(["DATA SIMULASI"])
        writer.writerow([table.title.lower(), *(column.label for column in table.columns)])
        writer.writerows([safe_cell(name), *values] for name, values in found)
        name = f"{tile}-{table.dimension}.csv"
        return PlainTextResponse(
            text.getvalue(),
            media_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def manifest(self, _request: Request) -> Response:
        """What a phone needs to put the board on its home screen."""
        profile = self.feed.board.profile
        return JSONResponse(
            {
                "name": f"Nadi {profile.name}",
                "short_name": "Nadi",
                "lang": "id",
                "start_url": "/",
                "display": "standalone",
                "background_color": "#0b1420",
                "theme_color": "#0b1420",
                "icons": [{"src": "/logo.svg", "sizes": "any", "type": "image/svg+xml"}],
            }
        )

    async def service_worker(self, _request: Request) -> Response:
        """The worker must stand at the root to see every page."""
        text = (HERE / "static" / "sw.js").read_text("utf-8")
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def logo(self, _request: Request) -> Response:
        """The regency's logo, or our own mark where the profile has none."""
        path = self.feed.board.profile.logo
        source = path if path and path.suffix == ".svg" else HERE / "static" / "nadi.svg"
        return Response(source.read_text("utf-8"), media_type="image/svg+xml")

    async def scale(self, _request: Request) -> Response:
        """Type sizes for this wall: screen size and distance decide them."""
        return Response(
            typescale(self.settings.screen_inches, self.settings.distance_metres), media_type="text/css"
        )

    def picture(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """All tiles and what stands around them; for a thread, since the board may be locked for a while."""
        today = self.today()
        with self.feed.lock:
            return all_tiles(self.feed.board, today), self._meta(today)

    def _meta(self, today: Today) -> dict[str, Any]:
        board = self.feed.board
        now = datetime.now(board.profile.timezone)
        newest = max((s.occurred_at for s in board.sources.values()), default=0)
        return {
            "name": board.profile.name,
            "now": int(now.timestamp() * 1000),
            "now_display": wording.moment(now),
            "day_display": wording.day(today.on),
            "link": board.link,
            "why": board.why,
            "data_display": wording.clock(newest, board.profile.timezone) if newest else wording.MISSING,
            "published_at": board.as_of,
            "lag_seconds": board.lag_ms / 1000,
            "lag_display": f"{wording.decimal(board.lag_ms / 1000)} detik",
            "clock": wording.clock(int(now.timestamp() * 1000), board.profile.timezone),
            "simulated": board.simulated,
            "version": self._version,
        }

    def _sources(self) -> list[dict[str, Any]]:
        from sinks.wallboard.staleness import of_source

        board, now = self.feed.board, int(time.time() * 1000)
        with self.feed.lock:
            return [
                {
                    "name": source.name,
                    "opd": details.name_of(board, "opd", source.opd),
                    "state": of_source(source, board.sources.get(source.id), board.profile, now),
                    "cadence": source.cadence_minutes,
                    "heard": wording.clock(known.heard_at, board.profile.timezone)
                    if known
                    else wording.MISSING,
                }
                for source in board.profile.sources.values()
                for known in [board.sources.get(source.id)]
            ]

    def _page(self, tile: str) -> details.Page:
        if tile not in details.PAGES:
            raise HTTPException(404, f"tidak ada rincian bernama {tile}")
        return details.PAGES[tile]

    def _html(self, template: str, **values: Any) -> Response:
        board = self.feed.board
        now = datetime.now(board.profile.timezone)
        return HTMLResponse(
            self._pages.get_template(template).render(
                name=board.profile.name,
                simulated=board.simulated,
                as_of=wording.clock(board.as_of, board.profile.timezone) if board.as_of else wording.MISSING,
                moment=wording.moment(now),
                version=self._version,
                zone=str(board.profile.timezone),
                integrity={name: _integrity(HERE / "static" / name) for name in ENTRIES},
                **values,
            )
        )

    def _wait(self) -> None:
        """While there is no picture yet, screens keep the one that they have. Raises HTTPException (503)."""
        if not self.broadcast.tiles:
            raise HTTPException(503, "memuat angka terakhir", headers={"Retry-After": "1"})

    def _ready(self) -> tuple[bool, str]:
        return bool(self.broadcast.tiles), "first picture"

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.feed.start()
        refreshing = asyncio.create_task(self._refresh_for_ever())
        try:
            yield
        finally:
            refreshing.cancel()
            self.broadcast.close()
            await asyncio.to_thread(self.feed.stop)

    async def _refresh_for_ever(self) -> None:
        told = 0.0
        while True:
            begun = time.monotonic()
            due = begun - told > TICK_SECONDS
            news = self.feed.changed.is_set()
            if self.feed.held or (not news and not due):
                await asyncio.sleep(LOOK_SECONDS)
                continue
            self.feed.changed.clear()
            self.broadcast.update(*await asyncio.to_thread(self.picture))
            if due:
                told = begun
                self.broadcast.tick()
            await asyncio.sleep(max(LOOK_SECONDS, REFRESH_SECONDS - (time.monotonic() - begun)))


def _version(folder: Path) -> str:
    """Changes with any static file, so that open screens load the new page."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _integrity(path: Path) -> str:
    """Subresource integrity of a file as the page declares it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def run(
    kafka: KafkaSettings,
    clickhouse: ClickHouseSettings,
    wallboard: WallboardSettings,
    profile: Profile,
    *,
    inspectorate_url: str = "",
    workers_group: str = STREAM_GROUP,
    observed: Callable[[], Collection[str]] = frozenset,
    reconciled: Callable[[], Sequence[Reconciled]] = tuple,
) -> None:
    """Serve until SIGTERM or SIGINT. ``workers_group`` is the consumer group whose progress the board watches,
    ``observed`` says which rules are only observed, ``reconciled`` how comparisons with official reports ended."""
    state = Board(profile, observed=observed, reconciled=reconciled)
    board = Wallboard(Feed(kafka, clickhouse, state, workers_group), wallboard, inspectorate_url)
    config = uvicorn.Config(
        board.app(),
        host=wallboard.host,
        port=wallboard.port,
        log_level="warning",
        timeout_graceful_shutdown=3,
        server_header=False,
        log_config=None,  # what uvicorn says goes through the process's own handler, which masks
    )
    server = uvicorn.Server(config)
    server.run()

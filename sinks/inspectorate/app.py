"""The inspectorate's pages: the list of indications with who corrects how much, and one indication with its evidence."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import uvicorn
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from monitoring.web import HEADERS, SecurityHeaders, health_routes
from schemas import deployment
from schemas.profile import Profile
from schemas.settings import KafkaSettings
from schemas.spreadsheets import write_csv
from sinks.inspectorate.alerts import FILTERS, LISTED, PAGE, Alerts, Selection
from sinks.inspectorate.corrections import DAYS, SMALL, correcting
from sinks.inspectorate.risks import DOMAIN_NAMES, FOLDED, KINDS, ROLES, By, Rankings
from sinks.inspectorate.sources import STATUSES, Comparisons
from sinks.settings import ClickHouseSettings, InspectorateSettings

HERE = Path(__file__).parent
LOCALE = "id_ID"
DOWNLOAD_ROWS = 100_000
LEVELS = {"warning": "◐ mendekati batas", "breach": "● lewat batas", "severe": "▲ jauh lewat batas"}
STATES = {"raised": "berdiri", "escalated": "meningkat", "withdrawn": "ditarik"}
LABELS = {
    "rule": "Aturan",
    "level": "Tingkat",
    "unit": "Unit",
    "permit_type": "Jenis izin",
    "status": "Keadaan",
}
ORIGIN_SECONDS = 30.0
SHOWN_FACTS = 500
MEASURES = {
    "working_days": "hari kerja", "rupiah": "rupiah", "persons": "orang", "minutes": "menit", "steps": "tahap",
    "officers": "petugas", "decisions": "keputusan", "cases": "berkas", "time": "",
}  # fmt: skip
#: In the address: only what is observed.
OBSERVING = "amati"

#: In the address: the local day whose fences a rule's page shows.
DAY = "hari"

#: A page about a rule by its id, the index for "", None where there is none. A whole document without scripts. The day
#: is that of the fences on it, None for the last.
RulePages = Callable[[str, date | None], str | None]


#: In the address: the combined risks by actor.
BY_ACTOR = "pihak"


def _no_pages(_name: str, _day: date | None) -> str | None:
    return None


def _no_comparisons() -> None:
    return None


def _no_rankings(_by: By, _observing: bool) -> None:
    return None


class Pages:
    """The pages over one database; ``profile`` gives codes their names.

    ``observed`` says which rules are only observed: asked at every list, and must be quick. ``rule_pages`` has a page
    for each rule, ``rankings`` the combined risks, ``comparisons`` what two sources say of one fact; all come from outside,
    since sinks do not know the rules.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        clickhouse: ClickHouseSettings,
        profile: Profile,
        *,
        observed: Callable[[], Collection[str]] = frozenset,
        rule_pages: RulePages = _no_pages,
        rankings: Rankings = _no_rankings,
        comparisons: Comparisons = _no_comparisons,
    ) -> None:
        self._observed, self._rule_pages, self._rankings = observed, rule_pages, rankings
        self._comparisons = comparisons
        self._kafka, self._clickhouse = kafka, clickhouse
        self._alerts = Alerts(clickhouse)
        self._profile = profile
        self._origin: tuple[float, bool] = (0.0, False)
        self._pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(
            time=self._time,
            number=self._number,
            share=self._share,
            unit=self._unit,
            type=self._type,
            day=_shown_day,
        )
        self._pages.globals |= {"levels": LEVELS, "states": STATES, "labels": LABELS, "measures": MEASURES}
        self._pages.globals |= {"correction_days": DAYS, "small_sample": SMALL}
        self._pages.globals |= {"roles": ROLES, "kinds": KINDS, "domains": DOMAIN_NAMES, "folded": FOLDED}
        self._pages.globals |= {"statuses": STATUSES}
        self._pages.globals |= {"name": profile.name, "sources": profile.sources}

    def app(self) -> Starlette:
        """The ASGI application."""
        styles = HERE.parent / "wallboard" / "static"
        return Starlette(
            routes=[
                Route("/", self.listed),
                Route("/peringatan.csv", self.download),
                Route("/peringatan/{alert_id}", self.one),
                Route("/risiko", self.risks),
                Route("/sumber", self.sources),
                Route("/aturan/", self.rule),
                Route("/aturan/{rule}", self.rule),
                *health_routes(
                    ready=lambda: (self._answers(), "ClickHouse answers"), alive=lambda: (True, "alive")
                ),
                Mount("/static", StaticFiles(directory=styles)),
            ],
            middleware=[Middleware(SecurityHeaders)],
        )

    async def listed(self, request: Request) -> Response:
        """The list, filtered and paged."""
        return await run_in_threadpool(self._listed, _selection(request))

    async def one(self, request: Request) -> Response:
        """One alert with everything it rests on."""
        return await run_in_threadpool(self._one, request.path_params["alert_id"])

    async def risks(self, request: Request) -> Response:
        """The combined risks, ranked."""
        by: By = "actors" if request.query_params.get("menurut") == BY_ACTOR else "cases"
        selection = _selection(request)
        return await run_in_threadpool(self._risks, by, selection.page, observing=selection.observing)

    async def sources(self, _request: Request) -> Response:
        """Where two sources report one fact, what they do not agree on."""
        return await run_in_threadpool(self._sources)

    async def rule(self, request: Request) -> Response:
        """The page of a rule, or the list of all."""
        return await run_in_threadpool(self._rule, request.path_params.get("rule", ""), _day(request))

    async def download(self, request: Request) -> Response:
        """The filtered list as CSV."""
        return await run_in_threadpool(self._download, _selection(request))

    def _listed(self, asked: Selection) -> Response:
        selection = replace(asked, observed=self._observed())
        total = self._alerts.count(selection)
        query = urlencode(selection.filters | ({"tampil": OBSERVING} if selection.observing else {}))
        return self._html(
            "daftar.html.j2",
            alerts=self._alerts.listed(selection),
            total=total,
            selection=selection,
            choices=self._alerts.choices(selection),
            query=query,
            last=max(0, (total - 1) // PAGE),
            display=self._choice,
            correcting=None if selection.observing else correcting(self._clickhouse, self._today()),
        )

    def _one(self, alert_id: str) -> Response:
        alert = self._alerts.one(alert_id)
        if alert is None:
            raise HTTPException(404, "Peringatan ini tidak ada. Periksa alamatnya, atau buka daftar di /.")
        return self._html(
            "peringatan.html.j2",
            alert=alert,
            events=self._alerts.events(alert["evidence"]),
            observed=alert["rule"] in self._observed(),
        )

    def _risks(self, by: By, page: int, *, observing: bool) -> Response:
        ranking = self._rankings(by, observing)
        asked = {"menurut": BY_ACTOR} if by == "actors" else {}
        shown = ranking.risks[page * PAGE : (page + 1) * PAGE] if ranking else []
        return self._html(
            "risiko.html.j2",
            ranking=ranking,
            shown=shown,
            by=by,
            observing=observing,
            page=page,
            last=max(0, (len(ranking.risks) - 1) // PAGE) if ranking else 0,
            query=urlencode(asked | ({"tampil": OBSERVING} if observing else {})),
        )

    def _sources(self) -> Response:
        return self._html("sumber.html.j2", comparisons=self._comparisons(), shown=SHOWN_FACTS)

    def _rule(self, name: str, day: date | None) -> Response:
        page = self._rule_pages(name, day)
        if page is None:
            raise HTTPException(404, "Aturan ini tidak punya halaman. Daftarnya ada di /aturan/.")
        return HTMLResponse(page, headers={"Content-Security-Policy": _policy(page)})

    def _download(self, asked: Selection) -> Response:
        selection = replace(asked, observed=self._observed(), page=0)
        text = io.StringIO()
        if self._simulated():
            text.write("DATA SIMULASI\n")
        rows = self._alerts.listed(selection, DOWNLOAD_ROWS)
        write_csv(text, LISTED, ([self._csv(k, row[k]) for k in LISTED] for row in rows))
        headers = {"Content-Disposition": 'attachment; filename="peringatan.csv"'}
        return PlainTextResponse(text.getvalue(), media_type="text/csv", headers=headers)

    def _csv(self, column: str, value: Any) -> Any:
        return self._time(value) if column in {"first_at", "level_at"} else value

    def _html(self, template: str, **values: Any) -> Response:
        return HTMLResponse(self._pages.get_template(template).render(simulated=self._simulated(), **values))

    def _simulated(self) -> bool:
        """The deployment's origin; it never changes once settled, so it is not asked at every page."""
        asked, simulated = self._origin
        if simulated or (time.monotonic() - asked < ORIGIN_SECONDS and asked):
            return simulated
        facts = deployment.read(self._kafka.bootstrap_servers, self._kafka.layout())
        self._origin = (time.monotonic(), facts.get(deployment.ORIGIN) == deployment.SIMULATED)
        return self._origin[1]

    def _answers(self) -> bool:
        try:
            return self._alerts.answers()
        except Exception:  # noqa: BLE001  (whatever the reason: not ready)
            return False

    def _time(self, value: Any) -> str:
        if value is None:
            return "—"
        at = value if isinstance(value, datetime) else datetime.fromtimestamp(value / 1000, UTC)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return str(format_datetime(at.astimezone(self._profile.timezone), "d MMM y HH.mm.ss", locale=LOCALE))

    def _number(self, value: float) -> str:
        return str(format_decimal(value, format="#,##0.##", locale=LOCALE))

    def _share(self, value: float) -> str:
        return str(format_percent(value, format="#,##0.0 %", locale=LOCALE))

    def _today(self) -> date:
        return datetime.now(self._profile.timezone).date()

    def _unit(self, code: str | None) -> str:
        unit = self._profile.units.get(code or "")
        return unit.name if unit else code or "tidak disebut"

    def _type(self, code: str | None) -> str:
        kind = self._profile.permit_types.get(code or "")
        return kind.short if kind else code or "—"

    def _choice(self, column: str, value: str) -> str:
        words = {
            "level": LEVELS.get(value),
            "status": STATES.get(value),
            "unit": self._unit(value),
            "permit_type": self._type(value),
        }
        return words.get(column) or value


def _selection(request: Request) -> Selection:
    filters = {name: request.query_params[name] for name in FILTERS if request.query_params.get(name)}
    page = request.query_params.get("halaman", "0")
    return Selection(
        filters,
        min(int(page), 100_000) if page.isdigit() else 0,
        observing=request.query_params.get("tampil") == OBSERVING,
    )


def _day(request: Request) -> date | None:
    try:
        return date.fromisoformat(request.query_params.get(DAY, ""))
    except ValueError:
        return None


def _shown_day(value: date) -> str:
    return str(format_date(value, "d MMM y", locale=LOCALE))


def _policy(page: str) -> str:
    """The policy of every page, with leave for this one's own styles: a page that is whole in itself carries them."""
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"{HEADERS['Content-Security-Policy']}; style-src 'self' {allowed}".rstrip()


def run(
    kafka: KafkaSettings,
    clickhouse: ClickHouseSettings,
    inspectorate: InspectorateSettings,
    profile: Profile,
    *,
    observed: Callable[[], Collection[str]] = frozenset,
    rule_pages: RulePages = _no_pages,
    rankings: Rankings = _no_rankings,
    comparisons: Comparisons = _no_comparisons,
) -> None:
    """Serve until SIGTERM or SIGINT; ``observed``, ``rule_pages``, ``rankings`` and ``comparisons`` as ``Pages`` takes them."""
    config = uvicorn.Config(
        Pages(
            kafka,
            clickhouse,
            profile,
            observed=observed,
            rule_pages=rule_pages,
            rankings=rankings,
            comparisons=comparisons,
        ).app(),
        host=inspectorate.host,
        port=inspectorate.port,
        log_level="warning",
        timeout_graceful_shutdown=3,
        server_header=False,
        log_config=None,  # what uvicorn says goes through the process's own handler, which masks
    )
    uvicorn.Server(config).run()

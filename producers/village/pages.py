"""The addresses of the village form, all below /desa: the page, its parts, the forms as data, and the workbook."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from producers.files.forms.template import make_template
from producers.village.forms import description, load
from schemas.profile import Profile

STATIC = Path(__file__).with_name("static")
PAGE = "/desa"
DESCRIPTION = f"{PAGE}/forms.json"
OFFLINE, SYNCING = f"{PAGE}/sw.js", f"{PAGE}/sw-sync.js"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Asked again each time, and answered with 304 where nothing changed.
FRESH = {"Cache-Control": "no-cache"}


def routes(profile: Profile) -> list[BaseRoute]:
    """The routes of one regency's form."""
    forms = load()
    workbooks: dict[str, bytes] = {}

    async def page(_request: Request) -> Response:
        return Response((STATIC / "index.html").read_text("utf-8"), media_type="text/html", headers=FRESH)

    async def described(_request: Request) -> Response:
        return JSONResponse(description(forms, profile), headers=FRESH)

    async def manifest(_request: Request) -> Response:
        return JSONResponse(_manifest(profile), media_type="application/manifest+json", headers=FRESH)

    async def worker(request: Request) -> Response:
        # The scope lacks the slash of the folder that the script is in, so the browser asks for this permission.
        script = service_worker(syncing=request.url.path == SYNCING)
        return Response(
            script, media_type="text/javascript", headers={**FRESH, "Service-Worker-Allowed": PAGE}
        )

    async def workbook(request: Request) -> Response:
        domain = request.query_params.get("domain", forms[0].domain)
        if domain not in {form.domain for form in forms}:
            return PlainTextResponse(f"tidak ada formulir desa untuk {domain[:40]!r}", 404)
        if domain not in workbooks:
            workbooks[domain] = await asyncio.to_thread(_workbook, domain, profile)
        name = f"templat-{domain}.xlsx"
        return Response(
            workbooks[domain],
            media_type=XLSX,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return [
        Route(PAGE, page),
        Route(DESCRIPTION, described),
        Route(f"{PAGE}/manifest.webmanifest", manifest),
        Route(OFFLINE, worker),
        Route(SYNCING, worker),
        Route(f"{PAGE}/template.xlsx", workbook),
        Mount(f"{PAGE}/static", StaticFiles(directory=STATIC)),
    ]


@cache
def service_worker(*, syncing: bool = False) -> str:
    """The worker's script, with the files it keeps and a version that changes when any of them does. ``syncing`` makes it a
    module that also sends in the background."""
    files = sorted(path for path in STATIC.iterdir() if path.name not in ("sw.js", "index.html"))
    digest = hashlib.sha256()
    for path in (*files, STATIC / "index.html", STATIC / "sw.js"):
        digest.update(path.read_bytes())
    kept = [
        PAGE, DESCRIPTION, f"{PAGE}/manifest.webmanifest", *(f"{PAGE}/static/{path.name}" for path in files)
    ]  # fmt: skip
    head = f'import "{PAGE}/static/sync.js";\n' if syncing else ""
    head += f'const VERSION = "{digest.hexdigest()[:12]}";\nconst FILES = {json.dumps(kept)};\n'
    return head + (STATIC / "sw.js").read_text("utf-8")


def _manifest(profile: Profile) -> dict[str, Any]:
    """What a phone needs to put the form on its home screen."""
    drawn = f"{PAGE}/static/icon"
    return {
        "id": PAGE,
        "name": f"Laporan desa {profile.name}",
        "short_name": "Laporan desa",
        "lang": "id",
        "start_url": PAGE,
        "scope": PAGE,
        "display": "standalone",
        "background_color": "#f5f7fa",
        "theme_color": "#12324a",
        "icons": [
            {"src": f"{drawn}.svg", "sizes": "any", "type": "image/svg+xml"},
            {"src": f"{drawn}-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": f"{drawn}-512.png", "sizes": "512x512", "type": "image/png"},
            {"src": f"{drawn}-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    }


def _workbook(domain: str, profile: Profile) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        make_template(path, domain, profile)
        return path.read_bytes()

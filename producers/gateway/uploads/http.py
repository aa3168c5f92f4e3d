"""The addresses of uploads: take a file, tell its fate, hand over its result; and the page for people."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from producers.access.caller import RefusedError
from producers.gateway import answers, body, pages, refusing
from producers.gateway.acceptance import now_ms
from producers.gateway.gateway import Gateway
from producers.gateway.problems import Problem, ProblemError
from producers.gateway.receiving import caller_of
from producers.gateway.uploads.jobs import DONE, RESULT, Job, job_id
from producers.gateway.uploads.work import Files
from producers.redaction import mask
from schemas.catalogue import DOMAINS

KINDS = (".csv", ".xlsx", ".ods", ".xls")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_NAME = 120
SHORT_SECONDS = 2.0
"""A file whose fate is known by then is answered with it; else with 202 and where to ask."""


class Uploads:
    """The handlers."""

    def __init__(self, gateway: Gateway, files: Files) -> None:
        self._gateway, self._files = gateway, files

    async def take(self, request: Request) -> Response:
        """POST /v1/files?domain=&name=: the body is the file."""
        return await refusing.answered(self._gateway, request, self._take)

    async def report(self, request: Request) -> Response:
        """GET /v1/files/{job}."""
        found = await self._found(request)
        return found if isinstance(found, Response) else _json(found, 200)

    async def result(self, request: Request) -> Response:
        """GET /v1/files/{job}/hasil."""
        found = await self._found(request)
        if isinstance(found, Response):
            return found
        path = self._files.store.path(found, RESULT)
        if found.status not in DONE or not path.is_file():
            return answers.problem(Problem("file-not-done"))
        return FileResponse(
            path, media_type=XLSX, filename=f"{Path(found.name).stem}.{found.sha256[:12]}.hasil.xlsx"
        )

    async def page(self, _request: Request) -> Response:
        """GET /unggah."""
        return HTMLResponse(pages.upload(DOMAINS, KINDS, self._gateway.settings))

    async def script(self, _request: Request) -> Response:
        """GET /unggah.js."""
        return Response(pages.upload_script(), media_type="text/javascript")

    async def _take(self, request: Request) -> Response:
        gateway, headers, now = self._gateway, request.headers, now_ms()
        caller = caller_of(gateway, request, now)
        domain, name = request.query_params.get("domain", ""), request.query_params.get("name", "")
        name = mask("".join(c for c in Path(name.replace("\\", "/")).name if c.isprintable()))[-LONGEST_NAME:]
        if domain not in DOMAINS or not name:
            return answers.problem(Problem("file-unnamed") if domain in DOMAINS else _unknown_domain(domain))
        kind = headers.get("content-type", "").partition("/")[0].strip().lower()
        if Path(name).suffix.lower() not in KINDS or kind == "multipart":
            return answers.problem(Problem("file-kind"))
        sent, _ = await _body(request, gateway.settings.file_bytes)
        if not sent:
            return answers.problem(Problem("file-unnamed", "Isi permintaan kosong: berkas tidak terkirim."))
        signed = gateway.access.verify(caller, headers, sent, now)
        left = gateway.access.spend(caller, 0, len(sent), now)
        sha256 = hashlib.sha256(sent).hexdigest()
        job = self._files.find(job_id(caller, domain, sha256))
        extra = answers.limits(left)
        if job is not None and job.status == "published":
            return _json(job, 200, {**extra, "Idempotency-Replayed": "true"})
        if job is None or job.status in DONE:
            job = Job(
                job_id(caller, domain, sha256), name, domain, sha256, len(sent), now, caller, signed,
            )  # fmt: skip
            await asyncio.to_thread(self._files.store.take, job, sent)
        del sent
        done = self._files.add(job)
        try:
            async with asyncio.timeout(SHORT_SECONDS):
                await done.wait()
        except TimeoutError:
            place = {"Location": f"/v1/files/{job.id}", "Retry-After": "2"}
            return _json(job, 202, {**extra, **place})
        if job.status == "published":
            return _json(job, 200, extra)
        return answers.problem(Problem("file-refused", job.reason, report=job.report()), extra)

    async def _found(self, request: Request) -> Job | Response:
        try:
            caller = caller_of(self._gateway, request, now_ms())
        except RefusedError as error:
            return refusing.refused(self._gateway, request, error)
        job = await asyncio.to_thread(self._files.find, request.path_params["job"])
        if job is None or (job.caller.opd, job.caller.sandbox) != (caller.opd, caller.sandbox):
            return answers.problem(
                Problem(
                    "not-found", "Tidak ada berkas dengan nomor ini dari OPD Anda dalam tujuh hari terakhir."
                )
            )
        return job


async def _body(request: Request, limit: int) -> tuple[bytes, bytes]:
    """The file. Raises ProblemError: 413 in the words of files, 415 for a body that is packed."""
    try:
        if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise ProblemError(Problem("file-kind", "Kirim berkas tanpa Content-Encoding."))
        return await body.read(request.stream(), request.headers.get("content-length"), "", limit)
    except ProblemError as error:
        if error.problem.code == "body-too-long":
            text = f"Berkas paling besar {limit} byte. Pecah menjadi beberapa berkas."
            raise ProblemError(Problem("file-too-long", text)) from error
        raise


def _unknown_domain(domain: str) -> Problem:
    known = ", ".join(DOMAINS)
    said = f"domain={mask(domain)[:40]} tidak dikenal" if domain else "domain belum disebut"
    return Problem("file-unnamed", f"{said}; ranah: {known}. Contoh: /v1/files?domain=permits&name=izin.xlsx")


def _json(job: Job, status: int, extra: dict[str, Any] | None = None) -> Response:
    return Response(msgspec.json.encode(job.report()), status, extra, answers.JSON)

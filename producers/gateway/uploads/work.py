"""One uploaded file after the other, from its first row to its result; whoever starts after a kill goes on with what is left.

Every row is checked before any is published, and again when it is published; its id is made of the file's hash and its
number, so what the killed process published is known by the gateway's index and gets its receipt again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from monitoring.failpoints import reached
from producers.access.caller import RefusedError
from producers.drop.result import Result
from producers.files import FileError, RowProblem
from producers.gateway.acceptance import Delivery, Receipt, now_ms
from producers.gateway.checking import Checked, Checker
from producers.gateway.gateway import Gateway
from producers.gateway.index import RETENTION_MS
from producers.gateway.problems import TABLE, Problem
from producers.gateway.receiving import remember
from producers.gateway.uploads.jobs import RESULT, Job, Store
from producers.gateway.uploads.rows import Read, Sheet
from producers.mapping import MappingError
from schemas.deployment import DeploymentMismatchError
from schemas.profile import Profile

CHECKED_AT_ONCE, SENT_AT_ONCE = 100, 500
AGAIN_SECONDS = 1.0
SAID = {
    "published": "Semua baris diterbitkan.",
    "refused": "Tidak ada yang diterbitkan. Perbaiki berkas aslinya, lalu unggah lagi.",
}

log: Any = structlog.get_logger(__name__)


class Files:
    """The uploads of a gateway, in ``folder``; mappings of the administrator are in ``folder/pemetaan``."""

    def __init__(self, folder: Path, profile: Profile) -> None:
        self.store = Store(folder / "kiriman")
        self._mappings, self._profile = folder / "pemetaan", profile
        self._jobs: dict[str, Job] = {}
        self._done: dict[str, asyncio.Event] = {}
        self._queue: asyncio.Queue[Job] = asyncio.Queue()

    def find(self, id_: str) -> Job | None:
        """A job that is worked on, or what is kept of it."""
        return self._jobs.get(id_) or self.store.load(id_)

    def add(self, job: Job) -> asyncio.Event:
        """Work on a job whose file is kept; what is returned is set once its fate is known."""
        if job.id not in self._jobs:
            self._jobs[job.id] = job
            self._done[job.id] = asyncio.Event()
            self._queue.put_nowait(job)
        return self._done[job.id]

    async def run(self, gateway: Gateway) -> None:
        """For ever: first what was left, then what comes."""
        self.store.forget(now_ms() - RETENTION_MS)
        for job in self.store.unfinished():
            self.add(job)
        while True:
            job = await self._queue.get()
            try:
                await _Work(self, gateway, job, self._profile, self._mappings).run()
            except Exception as error:  # one file must not stop the others
                log.error("an uploaded file failed", job=job.id, error=type(error).__name__, exc_info=error)
                job.status, job.reason = "refused", TABLE["internal"].title
                self.store.finish(job)
            self._jobs.pop(job.id, None)
            self._done.pop(job.id).set()
            if self._queue.empty():
                await asyncio.to_thread(self.store.forget, now_ms() - RETENTION_MS)


class _Work:
    def __init__(self, files: Files, gateway: Gateway, job: Job, profile: Profile, mappings: Path) -> None:
        self._files, self._gateway, self._job = files, gateway, job
        self._profile, self._mappings = profile, mappings
        self._hashes: dict[bytes, bytes] = {}

    async def run(self) -> None:
        """To the end, however long the broker is away."""
        job = self._job
        await self._ready()
        job.rows = job.refused = job.published = job.replayed = 0
        job.errors.clear()
        try:
            job.status = "checking"
            await self._pass(publish=False)
            if not job.rows:
                raise FileError(f"berkas {job.name}: tidak berisi baris data")
            if not job.refused:
                await self._spend()
                job.status = "publishing"
                await self._pass(publish=True)
        except (FileError, MappingError) as error:
            job.reason = str(error)
            await asyncio.to_thread(self._reason_alone)
        except RefusedError as error:
            job.reason = error.sentence
            await asyncio.to_thread(self._reason_alone)
        job.waiting = ""
        job.status = "refused" if job.refused or job.reason else "published"
        await asyncio.to_thread(self._files.store.finish, job)
        log.info(
            "uploaded file", job=job.id, opd=job.caller.opd, status=job.status, rows=job.rows, refused=job.refused
        )  # fmt: skip

    async def _pass(self, *, publish: bool) -> None:
        """All rows once; the result is written anew."""
        job, gateway = self._job, self._gateway
        sheet = Sheet(
            job, self._files.store.file(job), self._profile, self._mappings, gateway.settings.file_rows
        )
        result = Result(self._draft, sheet.is_person)
        left = False
        try:
            while read := await asyncio.to_thread(sheet.take, SENT_AT_ONCE if publish else CHECKED_AT_ONCE):
                checker = Checker(gateway.rules, job.caller, simulated=gateway.simulated, now=now_ms())
                verdicts = [sheet.check(checker, one) for one in read]
                self._persons(publish=publish)
                if publish:
                    ids = await self._publish(verdicts)
                    reached("upload-published")
                    await asyncio.to_thread(_write, result, read, [[] for _ in read], ids)
                else:
                    problems = self._judge(sheet, read, verdicts)
                    await asyncio.to_thread(_write, result, read, problems, [""] * len(read))
            left = True
        finally:
            if left:
                result.summary(self._summary(publish))
            await asyncio.to_thread(result.__exit__, None, None, None)
        self._draft.replace(self._files.store.path(job, RESULT))

    @property
    def _draft(self) -> Path:
        return self._files.store.path(self._job, "hasil.tmp.xlsx")

    def _judge(
        self, sheet: Sheet, read: list[Read], verdicts: list[Checked | list[RowProblem]]
    ) -> list[list[RowProblem]]:
        """What is wrong with each row, also against what was accepted before and against the rows above it."""
        job, acceptance = self._job, self._gateway.acceptance
        assert acceptance is not None  # noqa: S101  (the gateway is ready)
        good = [verdict for verdict in verdicts if isinstance(verdict, Checked)]
        past = self._gateway.past.judge(good, job.caller, now_ms(), let_in=job.spent)
        standing = zip(past, acceptance.compare(good, self._delivery(), self._hashes), strict=True)
        found: list[list[RowProblem]] = []
        for (row, _event, _), verdict in zip(read, verdicts, strict=True):
            if isinstance(verdict, Checked):
                allowed, differs = next(standing)
                refusal = allowed if isinstance(allowed, Problem) else differs
                problems = list(sheet.told(row, refusal)) if refusal else []
            else:
                problems = verdict
            job.rows += 1
            job.refused += bool(problems)
            for problem in problems:
                job.fault(problem.row, problem.column, problem.advice)
            found.append(problems)
        return found

    async def _publish(self, verdicts: list[Checked | list[RowProblem]]) -> list[str]:
        """Until all are on Kafka; the ids of the events."""
        job = self._job
        sound = [verdict for verdict in verdicts if isinstance(verdict, Checked)]
        past = self._gateway.past.judge(sound, job.caller, now_ms(), let_in=True)
        events = [event for event in past if isinstance(event, Checked)]
        if len(events) != len(verdicts):
            raise FileError(
                f"berkas {job.name}: aturan berubah selagi berkas diterbitkan; unggah berkas yang sama lagi"
            )
        while True:
            await self._ready()
            acceptance = self._gateway.acceptance
            assert acceptance is not None  # noqa: S101
            answers = await acceptance.accept(events, self._delivery())
            ids = [event.given_id for event in events]
            remember(self._gateway, job.caller, events, events, answers, ids, now_ms())
            bad = [answer for answer in answers if isinstance(answer, Problem)]
            if not bad:
                break
            lasting = next((answer for answer in bad if answer.code == "payload-differs"), None)
            if lasting:
                raise FileError(f"berkas {job.name}: {TABLE[lasting.code].title}. {TABLE[lasting.code].cure}")
            job.waiting = TABLE[bad[0].code].title
            await asyncio.sleep(AGAIN_SECONDS)
        job.waiting = ""
        job.published += len(events)
        job.replayed += sum(answer.replayed for answer in answers if isinstance(answer, Receipt))
        return [event.data.event_id for event in events]

    async def _spend(self) -> None:
        """All rows of the file count at once, as one request, and once however often it is begun. Raises RefusedError."""
        job = self._job
        if not job.spent:
            whole = replace(job.caller, quota=replace(job.caller.quota, batch=max(job.rows, 1)))
            while True:
                try:
                    self._gateway.access.spend(whole, job.rows, 0, now_ms())
                    break
                except RefusedError as error:
                    if error.code != "too-many-requests":
                        raise
                    await asyncio.sleep(min(5.0, error.retry_after or AGAIN_SECONDS))
            job.spent = True
            await asyncio.to_thread(self._files.store.save, job)

    async def _ready(self) -> None:
        """Until events are accepted, and it is settled what this deployment's events are."""
        while True:
            good, line = self._gateway.ready
            if good and self._gateway.acceptance is not None:
                if self._job.caller.sandbox:
                    return
                try:
                    await self._gateway.settle()
                except TimeoutError:
                    line = TABLE["kafka-away"].title
                except DeploymentMismatchError:
                    self._gateway.simulated = True
                else:
                    return
            self._job.waiting = line
            await asyncio.sleep(AGAIN_SECONDS / 4)

    def _persons(self, *, publish: bool) -> None:
        protection = self._gateway.rules.protection
        assert protection is not None  # noqa: S101  (without it no file is taken)
        (protection.keep if publish and not self._job.caller.sandbox else protection.drop)()

    def _delivery(self) -> Delivery:
        job = self._job
        return Delivery(job.caller, job.signed, bytes.fromhex(job.sha256) if job.signed else b"", job.at)

    def _reason_alone(self) -> None:
        with Result(self._draft, lambda _: True) as result:
            result.reason(self._job.reason)
            result.summary(self._summary(False))
        self._draft.replace(self._files.store.path(self._job, RESULT))

    def _summary(self, publish: bool) -> list[tuple[str, str]]:
        job = self._job
        said = SAID["published" if publish else "refused"]
        return [
            ("Berkas", job.name), ("Keadaan", said), ("Keterangan", job.reason), ("Baris", str(job.rows)),
            ("Baris salah", str(job.refused)), ("Diterbitkan", str(job.published)), ("SHA-256", job.sha256),
        ]  # fmt: skip


def _write(result: Result, read: list[Read], problems: list[list[RowProblem]], ids: list[str]) -> None:
    for (row, _event, _), wrong, event_id in zip(read, problems, ids, strict=True):
        result.row(row, wrong, event_id)

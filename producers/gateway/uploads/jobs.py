"""What is known of an uploaded file, on disk: it outlives the process that took it in.

A folder for each job: ``laporan.json``, ``hasil.xlsx``, and the file itself (mode 0600) only until its fate is known, for
it may hold numbers of persons.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from producers import durable
from producers.access.caller import Caller, Quota, Signed

Status = Literal["received", "checking", "publishing", "published", "refused"]
DONE: frozenset[Status] = frozenset({"published", "refused"})
SHOWN = 1_000
REPORT, RESULT, FILE = "laporan.json", "hasil.xlsx", "berkas"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Job:
    """One file. ``at`` is UTC ms; ``spent`` says that the quota was counted, and so that the file was let in. ``errors`` are the first thousand:
    ``{"row", "column", "detail"}``. ``reason`` is why the file as a whole was refused (Bahasa Indonesia)."""

    id: str
    name: str
    domain: str
    sha256: str
    size: int
    at: int
    caller: Caller
    signed: Signed | None = None
    status: Status = "received"
    rows: int = 0
    refused: int = 0
    published: int = 0
    replayed: int = 0
    reason: str = ""
    waiting: str = ""
    spent: bool = False
    errors: list[dict[str, Any]] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """What its sender sees."""
        return {
            "job": self.id, "name": self.name, "domain": self.domain, "opd": self.caller.opd,
            "sandbox": self.caller.sandbox, "sha256": self.sha256, "received_at": self.at, "status": self.status,
            "rows": self.rows, "refused": self.refused, "published": self.published, "replayed": self.replayed,
            "reason": self.reason, "waiting": self.waiting, "errors": self.errors,
            "result": f"/v1/files/{self.id}/hasil" if self.status in DONE else None,
        }  # fmt: skip

    def fault(self, row: int, column: str, detail: str) -> None:
        """Remember what is wrong with a row, while there is room."""
        if len(self.errors) < SHOWN:
            self.errors.append({"row": row, "column": column, "detail": detail})


def job_id(caller: Caller, domain: str, sha256: str) -> str:
    """The same file of the same department is the same job; one that is only tried out is another."""
    return hashlib.sha256(f"{caller.opd}|{domain}|{caller.sandbox}|{sha256}".encode()).hexdigest()[:32]


class Store:
    """The jobs in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, job: Job | str, name: str) -> Path:
        """A file of a job."""
        return self._folder / (job if isinstance(job, str) else job.id) / name

    def file(self, job: Job) -> Path:
        """The uploaded file; its ending is that of its name."""
        return self.path(job, FILE + Path(job.name).suffix.lower())

    def take(self, job: Job, body: bytes) -> None:
        """Keep a new file, on disk when this returns."""
        self.path(job, "").mkdir(mode=0o700, exist_ok=True)
        durable.write(self.file(job), body, 0o600)
        self.save(job)

    def save(self, job: Job) -> None:
        """Keep what is known of a job, on disk when this returns."""
        durable.write(self.path(job, REPORT), json.dumps(asdict(job), ensure_ascii=False).encode(), 0o600)

    def finish(self, job: Job) -> None:
        """Its fate is known: the file itself goes."""
        self.save(job)
        self.file(job).unlink(missing_ok=True)

    def load(self, id_: str) -> Job | None:
        """A job by its id; None where there is none."""
        path = self.path(id_, REPORT)
        if not _ID.fullmatch(id_) or not path.is_file():
            return None
        found = json.loads(path.read_text("utf-8"))
        caller, signed = found.pop("caller"), found.pop("signed")
        quota = Quota(**caller.pop("quota"))
        who = Caller(
            **{**caller, "quota": quota, "sources": tuple(caller["sources"]), "types": tuple(caller["types"])}
        )
        return Job(**found, caller=who, signed=Signed(**signed) if signed else None)

    def unfinished(self) -> list[Job]:
        """The jobs that a process before this one left, the oldest first."""
        return sorted((job for job in self._all() if job.status not in DONE), key=lambda job: job.at)

    def forget(self, before: int) -> None:
        """Drop what was finished and came before an instant (UTC ms)."""
        for job in self._all():
            if job.status in DONE and job.at < before:
                shutil.rmtree(self.path(job, ""), ignore_errors=True)

    def _all(self) -> Iterator[Job]:
        for path in self._folder.iterdir():
            if job := self.load(path.name):
                yield job

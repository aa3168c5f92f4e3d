"""One dropped file from beginning to end.

The order makes it safe to be killed anywhere: the file is claimed by its name, copied and hashed, checked whole,
published with ids made of hash and row, recorded, and only then set aside with its result. Whoever comes after begins
again at the claimed file; what was published already has the same ids, and what was recorded is not sent again.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from monitoring.failpoints import reached
from producers.client import Publisher, PublishError
from producers.drop.folder import PROCESSING, RESULT, DropFolder, Dropped, Look
from producers.drop.journal import Entry, Journal
from producers.drop.outcome import Outcome
from producers.drop.result import Result
from producers.drop.sender import columns_of, foreign
from producers.files import Ages, Columns, FileError, Row, RowProblem, judged
from producers.files.ages import Announcements
from producers.mapping import MappingError
from producers.tokens import Tokens
from schemas.profile import Profile

Progress = Callable[[str, int, int], None]
Judged = tuple[Row, dict[str, Any], list[RowProblem]]

CHUNK = 1 << 20
LARGEST = 1 << 30
SHOWN = 20


class InterruptedWorkError(Exception):
    """The program was asked to stop; the file stays claimed and is begun again at the next start."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What the work needs from outside. ``publisher`` opens one, ``announced`` reads the announced loads of history; both
    raise TimeoutError while there is no broker. ``stop`` ends the work between two rows."""

    folder: DropFolder
    profile: Profile
    tokens: Tokens
    publisher: Callable[[], AbstractContextManager[Publisher]]
    announced: Announcements
    stop: threading.Event
    progress: Progress = lambda *_: None

    def process(self, dropped: Dropped) -> Outcome:
        """Take one file through. Raises InterruptedWorkError, and what the publisher raises that no waiting mends
        (DeploymentMismatchError)."""
        claimed = dropped.path
        if not dropped.claimed:
            claimed = dropped.path.with_name(dropped.name + PROCESSING)
            dropped.path.rename(claimed)
        reached("drop-claimed")
        return _Work(self, dropped, claimed).run()


class _Work:
    def __init__(self, worker: Worker, dropped: Dropped, claimed: Path) -> None:
        self._worker, self._folder = worker, worker.folder
        self._dropped, self._claimed = dropped, claimed
        self._journal = Journal(worker.folder.journal)
        self._outcome = Outcome(dropped.name, str(dropped.place), "refused")
        self._look = Look.at(claimed)
        self._own = worker.folder.work / str(self._look.inode)
        self._copy = self._own / dropped.name
        self._ages: Ages

    def run(self) -> Outcome:
        self._own.mkdir(exist_ok=True)
        try:
            return self._run()
        finally:
            shutil.rmtree(self._own, ignore_errors=True)

    def _run(self) -> Outcome:
        out = self._outcome
        columns: Columns | None = None
        entry: Entry | None = None
        try:
            if self._look.size > LARGEST:
                raise FileError(
                    f"berkas {out.file}: {self._look.size >> 20} MiB, batasnya {LARGEST >> 20} MiB; pecah menjadi beberapa berkas"
                )
            out.sha256 = self._take_copy()
            entry = self._journal.find(*self._sender)
            columns = columns_of(
                self._dropped, self._folder.mappings, self._worker.profile, self._worker.tokens, out.sha256
            )
            settled = entry is not None or self._journal.begun(*self._sender)
            now = time.time_ns() // 1_000_000
            self._ages = Ages(self._worker.profile, self._worker.announced, now, settled=settled)
            self._check(columns)
        except TimeoutError as error:
            out.status, out.reason = "waiting", f"belum diperiksa seluruhnya, dicoba lagi: {error}"
            return out
        except (FileError, MappingError, PermissionError) as error:
            if self._worker.stop.is_set():
                raise InterruptedWorkError(out.file) from error
            out.reason = str(error)
        if Look.at(self._claimed) != self._look:
            back = self._claimed.with_name(out.file)
            if not back.exists():
                self._claimed.rename(back)
            out.status, out.reason = "growing", "berkas masih ditulis; dibaca lagi setelah selesai"
            return out
        if columns is None or out.reason or out.rejected:
            return self._finish(self._folder.failed, columns, "")
        if entry is not None and entry.look != self._look:
            out.status = "repeat"
            out.reason = f"isinya sama dengan {entry.name} yang sudah diterbitkan pada {entry.at}; tidak diterbitkan lagi"
            return self._finish(self._folder.done, columns, ".ulang")
        out.status = "published"
        if entry is None:
            try:
                self._publish(columns)
            except (PublishError, TimeoutError, FileError) as error:
                out.status, out.reason = "waiting", f"belum diterbitkan seluruhnya, dicoba lagi: {error}"
                return out
            reached("drop-published")
            at = datetime.now(UTC).isoformat(timespec="seconds")
            entry = Entry(out.file, out.rows, at, self._look)
            self._journal.write(*self._sender, entry)
            reached("drop-recorded")
        self._journal.end(*self._sender)
        out.published = entry.events
        return self._finish(self._folder.done, columns, "")

    @property
    def _sender(self) -> tuple[str, str, str]:
        """What the journal knows the file by."""
        return self._dropped.opd, self._dropped.domain, self._outcome.sha256

    def _take_copy(self) -> str:
        """Copy the file, so that what is hashed, checked and published is the same; returns its SHA-256."""
        digest = hashlib.sha256()
        with self._claimed.open("rb") as source, self._copy.open("wb") as target:
            while data := source.read(CHUNK):
                digest.update(data)
                target.write(data)
        return digest.hexdigest()

    def _judged(self, columns: Columns) -> Iterator[Judged]:
        """The rows; those that are not the sender's own, or of a past that was not announced, have that as their problem."""
        for number, one in enumerate(judged(self._copy, columns, partial(self._further, columns))):
            if number % 500 == 0 and self._worker.stop.is_set():
                raise InterruptedWorkError(self._dropped.name)
            yield one

    def _further(self, columns: Columns, row: Row, event: dict[str, Any]) -> Sequence[RowProblem]:
        found = list(foreign(self._dropped, columns, row, event))
        return found or list(self._ages.problems(self._dropped.name, columns, row, event))

    def _check(self, columns: Columns) -> None:
        """The first pass: every row is read, none is published."""
        out = self._outcome
        for _row, _event, problems in self._judged(columns):
            out.rows += 1
            if problems:
                out.rejected += 1
                out.problems.extend(map(str, problems[: SHOWN - len(out.problems)]))
            if out.rows % 1000 == 0:
                self._worker.progress("periksa", out.rows, 0)
        if not out.rows:
            raise FileError(f"berkas {out.file}: tidak berisi baris data")
        self._worker.progress("periksa", out.rows, out.rows)

    def _publish(self, columns: Columns) -> None:
        """The second pass: every event, and the broker has all of them when this returns."""
        total = self._outcome.rows
        with self._worker.publisher() as publisher:
            self._journal.begin(*self._sender)
            for number, (_row, event, _problems) in enumerate(self._judged(columns), 1):
                publisher.publish(columns.domain, event, trusted=True, headers=self._ages.headers(event))
                reached("drop-event")
                if number % 1000 == 0:
                    self._worker.progress("kirim", number, total)
            publisher.flush()
        self._worker.progress("kirim", total, total)

    def _finish(self, kept: Path, columns: Columns | None, mark: str) -> Outcome:
        """Write the result, then set result and file aside. The names hold part of the hash, so doing it again writes the
        same files."""
        out = self._outcome
        folder = kept / self._dropped.place
        folder.mkdir(parents=True, exist_ok=True)
        name = Path(out.file)
        stem = f"{name.stem}.{out.sha256[:12] or self._look.changed}{mark}"
        draft = self._own / "hasil.xlsx"
        self._write_result(draft, columns)
        target = folder / f"{stem}{RESULT}"
        draft.replace(target)
        reached("drop-result")
        moved = folder / f"{stem}{name.suffix}"
        self._claimed.replace(moved)
        reached("drop-moved")
        root = self._folder.root
        out.moved_to, out.result = str(moved.relative_to(root)), str(target.relative_to(root))
        return out

    def _write_result(self, path: Path, columns: Columns | None) -> None:
        out = self._outcome
        persons = {
            columns.column_of(name) or name
            for name in (columns.fields if columns else ())
            if columns and name.endswith("_token")
        }
        with Result(path, lambda name: name.endswith("_token") or name in persons) as result:
            if columns is not None and out.rows:
                try:
                    for row, event, problems in self._judged(columns):
                        result.row(row, problems, event["event_id"] if out.published else "")
                except FileError as error:
                    result.reason(str(error))
            elif out.reason:
                result.reason(out.reason)
            result.summary(out.summary())

"""The rows of an uploaded file as the gateway judges events: read as `nadi drop` reads them, then held against the key, the
contract and the protection of persons like any event that is sent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from producers.drop.folder import Dropped
from producers.drop.sender import columns_of
from producers.files import Columns, FileError, Row, RowProblem, judged
from producers.gateway.checking import Checked, Checker
from producers.gateway.contracts import PREFIX
from producers.gateway.envelope import Envelope
from producers.gateway.problems import TABLE, Problem
from producers.gateway.uploads.jobs import Job
from producers.mapping import MappingError
from producers.tokens import Tokens
from schemas.catalogue import DOMAINS
from schemas.profile import Profile

Read = tuple[Row, dict[str, Any], list[RowProblem]]
ENVELOPE = ("event_id", "source", "kind")


class _Untouched(Tokens):
    """Leaves numbers as they are: the gateway's own protection checks them, replaces them, and keeps them in the vault."""

    def field(self, name: str, value: str) -> str:  # noqa: ARG002
        return value


class Sheet:
    """One pass over a file, in pieces. Raises FileError for what cannot be read, at once or where the damage is."""

    def __init__(self, job: Job, path: Path, profile: Profile, mappings: Path, most: int) -> None:
        opd, domain = job.caller.opd, job.domain
        dropped = Dropped(path, job.name, opd, domain, Path(opd) / domain)
        self.columns: Columns = columns_of(dropped, mappings, profile, _Untouched({}), job.sha256)
        self._name, self._path, self._most, self._read = job.name, path, most, 0
        self._rows: Iterator[Read] | None = None

    def take(self, count: int) -> list[Read]:
        """The next rows; none at the end."""
        try:
            if self._rows is None:
                self._rows = judged(self._path, self.columns)
            found = list(islice(self._rows, count))
        except (FileError, MappingError) as error:
            # the reader knows the kept file, its sender the name that it had
            raise FileError(str(error).replace(self._path.name, self._name)) from error
        self._read += len(found)
        if self._read > self._most:
            raise FileError(
                f"berkas {self._name}: lebih dari {self._most} baris; pecah menjadi beberapa berkas"
            )
        return found

    def is_person(self, column: str) -> bool:
        """Whether a column holds numbers of persons."""
        names = {self.columns.column_of(name) or name for name in self.columns.fields if _token(name)}
        return _token(column) or column in names

    def check(self, checker: Checker, read: Read) -> Checked | list[RowProblem]:
        """One row against the key and the contract."""
        row, event, problems = read
        if problems:
            return problems
        topic = DOMAINS[self.columns.domain].name
        found = checker.check(
            Envelope(
                id=event["event_id"], source=event["source"], specversion="1.0",
                type=f"{PREFIX}.{topic}.{event['kind']}.v1",
                data=msgspec.Raw(msgspec.json.encode({k: v for k, v in event.items() if k not in ENVELOPE})),
            )
        )  # fmt: skip
        return found if isinstance(found, Checked) else list(self.told(row, found))

    def told(self, row: Row, problem: Problem) -> Iterator[RowProblem]:
        """A refusal of the gateway in the columns of the file."""
        if not problem.errors:
            text = problem.detail or f"{TABLE[problem.code].title}. {TABLE[problem.code].cure}"
            yield RowProblem(self._name, row.number, "(baris)", "", text)
        for error in problem.errors:
            name = error.pointer.removeprefix("/data/").removeprefix("/").partition("/")[0]
            name = {"type": "kind", "time": "occurred_at", "id": "event_id"}.get(name, name)
            column = self.columns.column_of(name) or name
            yield RowProblem(self._name, row.number, column, "", error.detail)


def _token(name: str) -> bool:
    return name.endswith("_token")

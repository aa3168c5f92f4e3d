"""A child process of the stack: started with a log of its own, recorded so that a later start can find it, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

CREATED_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """Identity of a process: ids are used again, ids with their creation time (seconds) are not."""

    name: str
    pid: int
    created: float
    log: str

    def process(self) -> psutil.Process | None:
        """The process, if it is still this one."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < CREATED_TOLERANCE
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


class Child:
    """One running child in a session of its own, so that Ctrl-C reaches only the supervisor."""

    def __init__(
        self, name: str, command: list[str], environment: Mapping[str, str], log: Path, cwd: Path
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        try:
            created = psutil.Process(self.pid).create_time()
        except psutil.Error:
            created = time.time()
        self.record = Record(name, self.pid, created, str(log))

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs."""
        return self._popen.poll()

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self.returncode is None:
            self._popen.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        try:
            self._popen.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL to the child and whatever it started."""
        end([self.record], 0.0)
        self._popen.wait(5)

    def tail(self, characters: int = 1500) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-characters:] if self.log.exists() else ""


def end(records: Iterable[Record], grace: float) -> list[str]:
    """End processes recorded earlier: SIGTERM, ``grace`` seconds, SIGKILL; returns the names of those that ran."""
    running = [(record.name, process) for record in records if (process := record.process()) is not None]
    family = [process for _, root in running for process in (*_children(root), root)]
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.terminate() if grace else process.kill()
    _gone, left = psutil.wait_procs(family, timeout=grace or 5)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=5)
    return [name for name, _ in running]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
        return found
    except psutil.Error:
        return []


def save(path: Path, value: object) -> None:
    """Write JSON whole or not at all, for this user only: addresses may hold passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(value, indent=1, default=str), encoding="utf-8")
    draft.replace(path)


def record_as_dict(record: Record) -> dict[str, object]:
    """For ``save``."""
    return asdict(record)


def records_from(path: Path) -> list[Record]:
    """The processes a stack record names; none where there is no readable record."""
    try:
        parts = json.loads(path.read_text("utf-8"))["parts"]
        return [Record(p["name"], p["pid"], p["created"], p["log"]) for p in parts.values() if p.get("pid")]
    except (OSError, ValueError, KeyError, TypeError):
        return []

"""What the queue's tests stand on: a folder, its ``.env``, and `nadi spool` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from producers.gateway.examples import cloud_event
from producers.sending.delivery import Progress
from producers.sending.environment import Gateway
from producers.spool import Queue
from producers.spool.outgoing import Outlet
from producers.spool.sender import Sender
from producers.spool.status import Status

ROOT = Path(__file__).parents[2]
SOURCE = "/opd/2.18.01/perizinan"
TYPE = "id.go.nadi.permits.steps.submitted.v1"
DATA = cloud_event("permits.steps")["data"]


class Ground:
    """``folder`` is the queue's; the key is the gateway's of the tests."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.env = folder / "antrean", folder / ".env"
        self.env.write_text(f"NADI_URL={url}\nNADI_KEY=2.18.01\nNADI_SOURCE={SOURCE}\n")

    def queue(self, **bounds: int) -> Queue:
        return Queue(self.folder, source=SOURCE, **bounds)

    def put(self, count: int, keys: int = 3, **more: Any) -> list[str]:
        """Good events, in turn about so many cases; their ids in order."""
        with self.queue() as queue:
            return queue.send_many([event(f"IZIN-{n % keys}", **more) for n in range(count)])

    def status(self) -> Status:
        outlet = Outlet.open(self.folder)
        try:
            return outlet.status()
        finally:
            outlet.close()

    def send(self, seconds: float = 60) -> Progress:
        """Send all that waits, in this process."""
        return Sender(self.folder, Gateway.load(self.env)).run(once=True, seconds=seconds)

    def nadi(self, command: str, *words: str, **environment: str) -> subprocess.Popen[str]:
        """`nadi spool COMMAND FOLDER …`."""
        call = [sys.executable, "-m", "infra.cli", "spool", command, str(self.folder), *words]
        return subprocess.Popen(
            call, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )  # fmt: skip

    def run(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return self.nadi("run", "--env", str(self.env), *words, **environment)

    def said(self, command: str, *words: str, code: int = 0) -> str:
        """What a command says, which ends with this code."""
        process = self.nadi(command, *words)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, (process.returncode, out, err)
        return out + err

    def said_json(self, command: str, code: int = 0) -> Any:
        return json.loads(self.said(command, "--json", code=code).splitlines()[0])


def event(case: str, **more: Any) -> dict[str, Any]:
    return {"type": TYPE, "data": {**DATA, "case_id": case, **more}}


def numbered(putter: int, number: int, count: int, keys: int, start: int) -> dict[str, Any]:
    """The n-th event of a putting process, the same each time: a day of times from ``start`` (UTC ms) on."""
    made = event(f"P{putter}-{number % keys}", occurred_at=start + number * 86_400_000 // count)
    return {**made, "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{start}/{putter}/{number}"))}

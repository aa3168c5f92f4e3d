"""What the proof of the whole way stands on: receipts in an outbox, their plain sum, and parts that are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil

from benchmarks.running import Running
from producers.relay.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
OPD, SOURCE, ZONE = "5.02.02", "/opd/5.02.02/kas", ZoneInfo("Asia/Jakarta")
ACCOUNTS = ("4.1.01.09.01.0001", "4.1.01.12.01.0001", "4.1.01.14.37.0001")
FIRST_DAY = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 30
INSERT = "INSERT INTO outboxevent (id, aggregatetype, aggregateid, type, payload, created_at) VALUES (?, ?, ?, ?, ?, ?)"

#: (account, local day) to rupiah.
Sums = Counter[tuple[str, str]]


class Receipts:
    """So many receipts and voids, drawn by a seed; ``sums`` and ``rupiah`` are added up as they are written, in a loop."""

    def __init__(self, count: int) -> None:
        self.count, self.rupiah = count, 0
        self.sums: Sums = Counter()
        self._draw = random.Random(count)  # noqa: S311

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Rows of the outbox, in the order in which they are to be sent."""
        draw = self._draw
        for number in range(self.count):
            moment = FIRST_DAY + timedelta(milliseconds=draw.randrange(DAYS * 86_400_000))
            office, account = f"KAS-{number % 29:02d}", draw.choice(ACCOUNTS)
            amount = draw.randrange(1, 5_000_000)
            kind = "void" if draw.random() < 0.1 else "receipt"
            signed = -amount if kind == "void" else amount
            self.rupiah += signed
            self.sums[account, moment.astimezone(ZONE).date().isoformat()] += signed
            payload = {"cash_office": office, "account": account, "amount": amount, "channel": "teller"}
            yield (
                str(uuid.UUID(int=draw.getrandbits(128), version=4)), "revenue.receipts", office, kind,
                json.dumps(payload), moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            )  # fmt: skip


class Table:
    """The outbox, an SQLite file; its rows are sent in the order of ``seq``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading = sqlite3.connect(path, timeout=60)
        self._reading.executescript(DIALECTS["sqlite"].ddl)

    def fill(self, receipts: Receipts) -> None:
        self._reading.executemany(INSERT, receipts.rows())
        self._reading.commit()

    def first_waiting(self) -> int | None:
        """The number of the first row that was not sent; None when all were. It is found by the index of those."""
        (found,) = self._reading.execute(
            "SELECT MIN(seq) FROM outboxevent WHERE sent_at IS NULL AND last_error IS NULL"
        ).fetchone()
        self._reading.rollback()
        return None if found is None else int(found)

    def states(self) -> dict[str, int]:
        (sent, aside, total) = self._reading.execute(
            "SELECT SUM(sent_at IS NOT NULL), SUM(last_error IS NOT NULL), COUNT(*) FROM outboxevent"
        ).fetchone()
        return {"sent": sent, "aside": aside, "rows": total}


class RelayProcess:
    """`nadi relay run`, started again whenever it has ended."""

    def __init__(self, env: Path, log: Path) -> None:
        self._env, self._log, self._process = env, log, None
        self.started = 0
        self.look()

    def look(self) -> None:
        """Start it where it does not run."""
        if self._process is not None and self._process.poll() is None:
            return
        words = [sys.executable, "-m", "infra.cli", "relay", "run", "--env", str(self._env), "--batch", "500"]
        with self._log.open("ab") as log:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                words, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )
        self.started += 1

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)


def kill_part(stack: Running, name: str) -> bool:
    """kill -9 of a part of the stack, which its supervisor starts again; False where it is not running just now."""
    part = stack.record().get("parts", {}).get(name, {})
    try:
        process = psutil.Process(part["pid"])
        if abs(process.create_time() - part["created"]) > 1:
            return False
        process.send_signal(signal.SIGKILL)
    except (KeyError, TypeError, psutil.Error):
        return False
    return True


def kills(count: int, each: int, draw: random.Random) -> list[tuple[int, str]]:
    """When to kill whom: after so many rows, in turn gateway, relay and broker, at drawn places over the whole course."""
    places = sorted(draw.sample(range(count // 20, count - count // 20), 3 * each))
    return [(place, ("gateway", "relay", "kafka")[turn % 3]) for turn, place in enumerate(places)]


def wait_for(what: Callable[[], Any], wanted: Any, seconds: float) -> None:
    """Until something is what it should be. A part that is being started again may not answer."""
    deadline, found = time.monotonic() + seconds, None
    while True:
        try:
            found = what()
        except (OSError, ValueError) as error:
            found = error
        if found == wanted:
            return
        assert time.monotonic() < deadline, f"found {found!r}, wanted {wanted!r}"
        time.sleep(0.5)

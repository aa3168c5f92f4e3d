"""What the tests of `nadi pull` stand on: a table in a real database, its source file, and what of it is on Kafka."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relay_ground import ROOT
from sqlalchemy import create_engine, make_url, text

from producers.access import log
from producers.access.entries import BACKFILL_ANNOUNCED, Entry
from producers.pull.anomalies import WORDS
from producers.pull.config import Source
from producers.pull.database import Database
from producers.pull.events import Maker, secret_of
from producers.pull.pull import Progress, Puller
from producers.pull.report import standing
from producers.pull.state import State
from producers.relay.dialects import DIALECTS
from producers.sending.environment import values
from schemas.codec import Codec
from schemas.records import read_topics
from schemas.registry import LockFileIds

SOURCE = "/opd/2.18.01/simpel"
TABLES = {
    "mysql": "CREATE TABLE izin (id BIGINT AUTO_INCREMENT PRIMARY KEY, nomor VARCHAR(40) NOT NULL, loket VARCHAR(40),"
    " tanggal DATETIME NOT NULL, diubah DATETIME(3), INDEX (diubah))",
    "postgresql": "CREATE TABLE izin (id BIGSERIAL PRIMARY KEY, nomor TEXT NOT NULL, loket TEXT,"
    " tanggal TIMESTAMPTZ NOT NULL, diubah TIMESTAMPTZ)",
    "sqlite": "CREATE TABLE izin (id INTEGER PRIMARY KEY, nomor TEXT NOT NULL, loket TEXT, tanggal TEXT NOT NULL,"
    " diubah TEXT)",
}
KEPT = ("event_id", "corrects", "register_number", "unit", "mode")
MAPPING = f"""domain = "permits"
source = "{SOURCE}"
timezone = "Asia/Jakarta"

[columns]
case_id = "nomor"
unit = "loket"
occurred_at = "tanggal"
register_number = "id"

[constants]
kind = "submitted"
permit_type = "PBG"
"""
FILE = """table = "izin"
key = "id"
watermark = "diubah"
mapping = "pemetaan.toml"
database = "SIMPEL_DATABASE"
overlap = 900
page = 500
pause = 0.2
"""


class PullGround:
    """One table ``izin`` and the files beside it."""

    def __init__(self, server: str, folder: Path, gateway: str) -> None:
        name, kind = f"p{uuid.uuid4().hex[:8]}", server.partition(":")[0]
        self.folder, self.data = folder, folder / "data" / "pull"
        if kind == "sqlite":
            address = f"sqlite:///{folder / name}.db"
        else:
            address = f"{server}/{name}"
            base = make_url(server + ("/postgres" if kind == "postgresql" else ""))
            admin = create_engine(base.set(drivername=DIALECTS[kind].driver), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            admin.dispose()
        self.address = address
        self.engine = create_engine(make_url(address).set(drivername=DIALECTS[kind].driver))
        self.sql(TABLES[kind])
        self.source = f"{SOURCE}-{name}"
        (folder / "pemetaan.toml").write_text(MAPPING.replace(SOURCE, self.source))
        self.file = folder / "simpel.toml"
        self.set()
        (folder / ".env").write_text(
            f"NADI_URL={gateway}\nNADI_KEY=2.18.01\nNADI_SOURCE=/opd/2.18.01/x\nSIMPEL_DATABASE={address}\n"
        )

    def set(self, **changes: Any) -> None:
        """Write the source file, some lines of it replaced."""
        lines = dict(line.split(" = ", 1) for line in FILE.splitlines())
        lines |= {name: json.dumps(value) for name, value in changes.items()}
        self.file.write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))

    def sql(self, statement: str, rows: Any = None) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), rows)

    def write(self, first: int, count: int, at: str, **more: Any) -> None:
        """Rows with ids from ``first`` on, about one case in three; the watermark is ``at`` for all of them."""
        rows = [row(first + n, at, **more) for n in range(count)]
        self.sql("INSERT INTO izin VALUES (:id, :nomor, :loket, :tanggal, :diubah)", rows)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "infra.cli", "--data-dir", str(self.folder / "data"), "pull", *words]
        return subprocess.Popen(
            command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )  # fmt: skip

    def pull(self, *, sweep: bool = False) -> Progress:
        """One round in this process."""
        source = Source(self.file)
        environment = values((self.folder / ".env").read_text())
        state = State(self.data / "simpel.db")
        maker = Maker(source, secret_of(self.data / "pull.key"))
        database = Database(source, source.address(environment))
        gateway = source.gateway(environment, ".env", state.path)
        try:
            return Puller(source, database, state, maker, gateway, threading.Event()).run(
                once=True, sweep=sweep
            )
        finally:
            database.close()
            state.close()

    def once(self, *words: str, code: int = 0, seconds: float = 120, **environment: str) -> str:
        """One round in a process of its own; what it says."""
        process = self.start("run", str(self.file), "--once", *words, **environment)
        out, err = process.communicate(timeout=seconds)
        assert process.returncode == code, (process.returncode, out, err)
        return out + err

    def status(self) -> dict[str, Any]:
        state = State(self.data / "simpel.db", writable=False)
        try:
            return standing(state, 20)
        finally:
            state.close()

    def report(self) -> list[dict[str, str]]:
        with (self.data / "simpel.anomali.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))

    def anomalies(self) -> dict[str, list[int]]:
        """Keys by kind as the database of the state has them; the report must have the same lines once."""
        found: dict[str, list[int]] = {}
        state = State(self.data / "simpel.db", writable=False)
        for _, _, kind, key, _, _ in state.anomalies(0, 10**9):
            found.setdefault(kind, []).append(int(key))
        state.close()
        assert Counter(line["arti"] for line in self.report()) == Counter(
            {WORDS[kind]: len(keys) for kind, keys in found.items()}
        )
        assert [int(line["nomor"]) for line in self.report()] == list(
            range(1, sum(map(len, found.values())) + 1)
        )
        return {kind: sorted(keys) for kind, keys in found.items()}

    def table(self) -> dict[int, str]:
        """``loket`` by id, as the table has it now."""
        with self.engine.connect() as connection:
            return dict(connection.execute(text("SELECT id, loket FROM izin")).tuples().all())


def announce(kafka: Any, source: str) -> None:
    """What the first reading finds is history, which the gateway takes once it was announced."""
    values = {"source": source, "from": "2020-01-01", "to": "2030-12-31"}
    log.write(kafka, Entry.now(BACKFILL_ANNOUNCED, uuid.uuid4().hex[:8], **values))


def row(id_: int, at: str, loket: str = "A") -> dict[str, Any]:
    return {
        "id": id_,
        "nomor": f"IZIN-{id_ // 3}",
        "loket": loket,
        "tanggal": "2026-11-01 08:00:00",
        "diubah": at,
    }


def on_kafka(gateway: Any, source: str) -> list[dict[str, Any]]:
    """Some fields of the events of one source, in the order of their partitions."""
    codec = Codec("permits.steps", LockFileIds.load())
    topic = gateway.kafka.layout().topic("permits.steps")
    return [
        {name: event[name] for name in KEPT}
        for message in read_topics(gateway.kafka.bootstrap_servers, [topic])
        if (event := codec.decode(message.value()))["source"] == source
    ]


def assert_stands(events: Sequence[dict[str, Any]], rows: dict[int, str]) -> None:
    """Every row has exactly one event that no other corrects, with its content, and no event is there twice."""
    assert len({event["event_id"] for event in events}) == len(events)
    replaced = {event["corrects"] for event in events if event["corrects"]}
    assert replaced <= {event["event_id"] for event in events}
    standing = [event for event in events if event["event_id"] not in replaced]
    assert len(standing) == len({event["register_number"] for event in standing})
    assert {event["register_number"]: event["unit"] for event in standing} == rows

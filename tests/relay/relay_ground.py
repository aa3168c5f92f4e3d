"""What the relay's tests stand on: an outbox in a real database, the relays as processes, and what Kafka has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from producers.gateway.examples import cloud_event
from producers.relay.dialects import DIALECTS
from producers.sending.environment import values

ROOT = Path(__file__).parents[2]
PHP = ROOT / "producers" / "relay" / "relay.php"
SOURCE = "/opd/2.18.01/perizinan"
COLUMNS = "seq, id, aggregateid, sent_at, attempts, last_error"
INSERT = "INSERT INTO outboxevent (id, aggregatetype, aggregateid, type, payload) VALUES (:id, :aggregatetype, :aggregateid, :type, :payload)"


class Ground:
    """One outbox and the ``.env`` beside it."""

    def __init__(self, server: str, folder: Path, gateway: str, key: str = "2.18.01") -> None:
        name = f"o{uuid.uuid4().hex[:8]}"
        self.dialect = DIALECTS[server.partition(":")[0]]
        if self.dialect.name == "sqlite":
            address = f"sqlite:///{folder / name}.db"
        else:
            address = f"{server}/{name}"
            base = make_url(server + ("/postgres" if self.dialect.name == "postgresql" else ""))
            admin = create_engine(base.set(drivername=self.dialect.driver), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            admin.dispose()
        self.engine = create_engine(make_url(address).set(drivername=self.dialect.driver))
        with self.engine.begin() as connection:
            for statement in self.dialect.ddl.split(";"):
                if statement.strip():
                    connection.exec_driver_sql(statement)
        self.env, self.folder = folder / ".env", folder
        self.set(NADI_URL=gateway, NADI_KEY=key, NADI_SOURCE=SOURCE, NADI_OUTBOX=address)

    def set(self, **changes: str) -> None:
        found = {**(values(self.env.read_text()) if self.env.exists() else {}), **changes}
        self.env.write_text("# uji\n" + "".join(f'{name}="{value}"\n' for name, value in found.items()))

    def write(self, count: int, aggregates: int = 7, **more: Any) -> list[str]:
        """Good rows, in turn about so many cases; returns their ids in order."""
        rows = [row(f"IZIN-{n % aggregates}", **more) for n in range(count)]
        with self.engine.begin() as connection:
            connection.execute(text(INSERT), rows)
        return [r["id"] for r in rows]

    def add(self, **values: Any) -> str:
        """One row; ``values`` replace what would be good."""
        made = {**row("IZIN-0"), **values}
        with self.engine.begin() as connection:
            connection.execute(text(INSERT), made)
        return str(made["id"])

    def rows(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            found = (
                connection.execute(text(f"SELECT {COLUMNS} FROM outboxevent ORDER BY seq")).mappings().all()
            )
        return {str(r["id"]): dict(r) for r in found}

    def states(self) -> dict[str, int]:
        counted = {"waiting": 0, "sent": 0, "aside": 0}
        for found in self.rows().values():
            state = "sent" if found["sent_at"] else "aside" if found["last_error"] else "waiting"
            counted[state] += 1
        return counted

    def python(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return self._start(
            [sys.executable, "-m", "infra.cli", "relay", "run", "--env", str(self.env), *words], environment
        )

    def php(self, *options: str) -> subprocess.Popen[str]:
        return self._start(["php", *options, str(PHP), str(self.env)], {})

    def relay(self, kind: str) -> subprocess.Popen[str]:
        """The relay of a kind: ``python``, ``php`` (with ext-curl) or ``php-streams``; it ends when no row waits."""
        if kind == "python":
            return self.python("--once", "--seconds", "60")
        return self.php(*(["-d", "disable_functions=curl_init"] if kind == "php-streams" else []))

    def _start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )  # fmt: skip


def finished(process: subprocess.Popen[str], code: int = 0, seconds: float = 120) -> str:
    """Everything a process said, once it has ended with this code."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == code, (process.returncode, out, err)
    return out + err


def row(case: str, **more: Any) -> dict[str, Any]:
    data = {**cloud_event("permits.steps")["data"], "case_id": case, **more}
    return {
        "id": str(uuid.uuid4()), "aggregatetype": "permits.steps", "aggregateid": case, "type": "submitted",
        "payload": json.dumps(data),
    }  # fmt: skip


def on_kafka(gateway: Any) -> dict[str, list[str]]:
    """Ids of events by key, in the order of their partition, of all that the gateway's permit topic has."""
    from confluent_kafka import Consumer, TopicPartition

    topic = gateway.kafka.layout().topic("permits.steps")
    consumer = Consumer(
        {
            "bootstrap.servers": gateway.kafka.bootstrap_servers,
            "group.id": "none",
            "enable.auto.commit": False,
        }
    )
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for partition in consumer.list_topics(topic).topics[topic].partitions:
            start, end = consumer.get_watermark_offsets(TopicPartition(topic, partition))
            consumer.assign([TopicPartition(topic, partition, start)])
            while start < end:
                message = consumer.poll(10)
                assert message is not None
                assert message.error() is None, message.error()
                found[message.key().decode()].append(dict(message.headers())["ce_id"].decode())
                start = message.offset() + 1
    finally:
        consumer.close()
    return found


def assert_once_in_order(gateway: Any, ids: list[str], rows: dict[str, Any]) -> None:
    """Each of these events is on Kafka once, those of one aggregate in the order of their rows."""
    ours = set(ids)
    expected: dict[str, list[str]] = defaultdict(list)
    for id_ in ids:
        expected[rows[id_]["aggregateid"]].append(id_)
    found = {key: [i for i in those if i in ours] for key, those in on_kafka(gateway).items()}
    assert {key: those for key, those in found.items() if those} == expected

"""What people did with dead letters, remembered on a topic: the last mark of a record holds.

A mark is about the *original* record, because a record may have several letters (the workers' and the sink's) and must
be sent again once. Marks are written in transactions of one transactional id: whoever opens the ledger ends what an
earlier holder could still write.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import psutil

from producers.dead_letters.letters import Place
from schemas import records
from schemas.catalogue import HANDLED_LETTERS_TOPIC, create_topics
from schemas.settings import KafkaSettings

TRANSACTIONAL_ID = "nadi-dlq"
TIMEOUT_SECONDS = 30.0
CREATED_TOLERANCE = 0.05
TAKEN_OVER = frozenset({"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"})

#: ``sending`` is written before a record is sent and ``replayed`` after; ``open`` takes back a ``sending`` that sent nothing.
#: ``mended``: its sender sent a new event in its place, named in ``because``.
Action = Literal["sending", "replayed", "dropped", "mended", "open"]
CLOSED = frozenset({"replayed", "dropped", "mended"})


class LedgerError(RuntimeError):
    """Another command holds the ledger of dead letters, or has taken it over."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done with one record. ``at`` is UTC milliseconds, ``by`` the user, ``because`` their reason.

    ``run`` identifies the replay. ``offset`` is, for ``sending``, the end of the record's partition before anything was
    sent, and for ``replayed`` where the record stands now; None otherwise. ``process`` is host, pid and start of the
    sending process.
    """

    original: Place
    action: Action
    at: int
    by: str
    because: str = ""
    run: str = ""
    offset: int | None = None
    process: str = ""

    def as_json(self) -> dict[str, Any]:
        values: dict[str, Any] = {"action": self.action, "at": self.at, "by": self.by}
        more = {"because": self.because, "run": self.run, "offset": self.offset, "process": self.process}
        return values | {name: value for name, value in more.items() if value not in ("", None)}


def is_open(mark: Mark | None) -> bool:
    """Whether a record with this mark has yet to be handled; an interrupted replay has."""
    return mark is None or mark.action in ("open", "sending")


def mark(original: Place, action: Action, *, by: str = "", **more: Any) -> Mark:
    """A mark made now ``by`` somebody, by this user where nobody is named."""
    return Mark(original, action, time.time_ns() // 1_000_000, by or user(), **more)


def user() -> str:
    """The operating system's name of who is at work."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def this_process() -> str:
    """Host, pid and start time (s) of this process."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def standing(kafka: KafkaSettings) -> dict[Place, Mark]:
    """The mark that holds for each record; records without one are open."""
    topic = kafka.layout().topic(HANDLED_LETTERS_TOPIC)
    found = records.partitions(kafka.bootstrap_servers, [topic])
    marks: dict[Place, Mark] = {}
    for message in records.read(kafka.bootstrap_servers, dict.fromkeys(found)):
        place = Place.parse(message.key().decode())
        values = json.loads(message.value())
        known = {name: value for name, value in values.items() if name in Mark.__dataclass_fields__}
        marks[place] = Mark(original=place, **known)
    return marks


class Ledger:
    """The one writer of marks. Use it as a context manager; ``marks`` is what holds, kept up to date.

    Opening raises LedgerError when a replay is still at work on this machine. A holder whose ledger was opened
    elsewhere gets LedgerError at its next ``write``.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        from confluent_kafka import KafkaException, Producer
        from confluent_kafka.admin import AdminClient

        layout = kafka.layout()
        self._topic = layout.topic(HANDLED_LETTERS_TOPIC)
        create_topics(AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 2}), layout)
        _refuse_running(standing(kafka))
        self._producer: Any = Producer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "transactional.id": layout.prefix + TRANSACTIONAL_ID,
                "log_level": 2,
            }
        )
        try:
            self._producer.init_transactions(TIMEOUT_SECONDS)
        except KafkaException as error:
            raise LedgerError(f"buku surat mati tidak dapat dibuka: {error.args[0].str()}") from error
        self.marks = standing(kafka)
        _refuse_running(self.marks)

    def write(self, marks: Iterable[Mark]) -> None:
        """All of the marks, or none. Raises LedgerError."""
        from confluent_kafka import KafkaException

        new = list(marks)
        if not new:
            return
        try:
            self._producer.begin_transaction()
            for one in new:
                self._producer.produce(
                    self._topic,
                    key=str(one.original).encode(),
                    value=json.dumps(one.as_json(), ensure_ascii=False).encode(),
                )
                self._producer.poll(0)
            self._producer.commit_transaction(TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].name() in TAKEN_OVER:
                raise LedgerError(
                    "perintah lain mengambil alih buku surat mati; perintah ini berhenti"
                ) from error
            raise LedgerError(f"tanda surat mati tidak dapat ditulis: {error.args[0].str()}") from error
        self.marks.update((one.original, one) for one in new)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.purge()


def _refuse_running(marks: dict[Place, Mark]) -> None:
    """Refuse when a process of this machine is between ``sending`` and ``replayed``."""
    for process in {one.process for one in marks.values() if one.action == "sending" and one.process}:
        host, pid, created = process.split(" ")
        if host != socket.gethostname() or int(pid) == os.getpid():
            continue
        if _runs(int(pid), float(created)):
            raise LedgerError(f"surat mati sedang dikirim ulang (pid {pid}); tunggu sampai selesai")


def _runs(pid: int, created: float) -> bool:
    """Whether a process runs: ids are used again, ids with their creation time (seconds) are not."""
    try:
        found = psutil.Process(pid)
        same = abs(found.create_time() - created) < CREATED_TOLERANCE
        return bool(same and found.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False

"""What arrived and what was refused, by department: for people who look, not for deciding anything.

What was accepted is in memory and is read back from the topics at a start (``stood``). Refusals never reach Kafka: they are
kept in a small SQLite file, so that they outlive the process; a loss of power may take the last moments.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from producers.access.caller import Caller
from producers.access.credentials import presented
from producers.gateway.acceptance import Answer, Receipt
from producers.gateway.checking import Checked
from producers.gateway.envelope import Envelope
from producers.gateway.index import Place
from producers.gateway.problems import Problem
from producers.redaction import mask
from schemas.catalogue import HEARTBEATS, POPULATION, SANDBOX, TOPICS

DAY_MS = 86_400_000
KEPT_DAYS = 30
SHOWN = 100
KEPT = 500
#: Most refusals of one request that are kept one by one; all of them are counted.
MOST_EACH = 20
#: Refusals of a key whose owner proved to know its secret: they are shown to its department.
OWNED = frozenset({"key-expired", "key-revoked", "address-not-allowed"})
#: What is no refusal: the same event sent again may be taken.
PASSING = frozenset({"in-progress", "starting", "kafka-away", "kafka-refused", "internal"})

_TABLES = """
CREATE TABLE IF NOT EXISTS refused (n INTEGER PRIMARY KEY, at INTEGER, opd TEXT, key_id TEXT, sandbox INTEGER,
    source TEXT, type TEXT, id TEXT, problem TEXT);
CREATE INDEX IF NOT EXISTS refused_of ON refused (opd, n);
CREATE TABLE IF NOT EXISTS counted (day INTEGER, opd TEXT, source TEXT, events INTEGER,
    PRIMARY KEY (day, opd, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
"""


class Accepted(NamedTuple):
    """One event that was taken. ``at`` is UTC ms; ``subject`` is the matter by the topic's key, empty where that is a token;
    ``type`` is that of the CloudEvent."""

    at: int
    event_id: str
    source: str
    type: str
    subject: str
    place: Place

    @property
    def sandbox(self) -> bool:
        return self.place.topic.startswith(SANDBOX)


class Refused(NamedTuple):
    """One refusal. ``problem`` is the document that the sender was given."""

    at: int
    key_id: str
    sandbox: bool
    source: str
    type: str
    id: str
    problem: dict[str, Any]


class Trail:
    """Safe to share between threads. ``path`` is the file of refusals, None keeps them in memory; refusals are counted by
    the declared ``sources``, what names another source under none."""

    def __init__(
        self, path: Path | None = None, now: int = 0, sources: Collection[str] = frozenset()
    ) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._accepted: dict[str, list[Accepted]] = {}
        self._floor: dict[str, int] = {}
        self._sources = frozenset(sources)
        self._changes = 0
        self._begun = now
        self._rows = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=5
        )
        self._rows.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_TABLES}")
        self._rows.execute("INSERT OR IGNORE INTO facts VALUES ('since', ?)", (now,))
        since = self._rows.execute("SELECT value FROM facts WHERE name = 'since'").fetchone()[0]
        #: Since when refusals are known (UTC ms), at most ``KEPT_DAYS`` back.
        self.since = int(since)

    def close(self) -> None:
        self._rows.close()

    @property
    def version(self) -> str:
        """Another text whenever something was added."""
        return f"{self._begun}-{self._changes}"

    def note(
        self,
        caller: Caller,
        events: Sequence[Envelope | Problem],
        checked: Sequence[Checked | Problem],
        answers: Sequence[Answer],
        now: int,
    ) -> None:
        """Remember the answers to the events of one request."""
        new: list[tuple[Checked, Receipt]] = []
        refused: list[tuple[Envelope | None, Problem]] = []
        for event, one, answer in zip(events, checked, answers, strict=True):
            if isinstance(answer, Problem):
                if answer.code not in PASSING:
                    refused.append((event if isinstance(event, Envelope) else None, answer))
            elif not answer.replayed and isinstance(one, Checked):
                new.append((one, answer))
        if new:
            self._add(caller.opd, [_accepted(*pair) for pair in new[-SHOWN:]])
        if refused:
            self._refuse(caller.opd, caller.key_id, caller.sandbox, refused, now)

    def refuse(self, caller: Caller | None, authorization: str | None, problem: Problem, now: int) -> None:
        """Remember that a whole request was refused; ``caller`` is None where nobody was recognised."""
        if problem.code in PASSING:
            return
        if caller is not None:
            self._refuse(caller.opd, caller.key_id, caller.sandbox, [(None, problem)], now)
            return
        sent = presented(authorization or "") if problem.code in OWNED else None
        self._refuse(*((sent.opd, sent.key_id) if sent else ("", "")), False, [(None, problem)], now)

    def forget_accepted(self) -> None:
        """Before the topics are read again."""
        with self._lock:
            self._accepted.clear()
            self._floor.clear()

    def wants(self, opd: str, at: int) -> bool:
        """Whether an event of that instant (UTC ms) may be among the last of a department."""
        return at >= self._floor.get(opd, 0)

    def stood(self, opd: str, place: Place, headers: Mapping[str, bytes | None], key: bytes | None) -> None:
        """An event found on its topic, with its headers by name and its Kafka key."""
        topic = TOPICS[place.topic.removeprefix(SANDBOX)]
        whole = (key or b"").decode(errors="replace")
        matter = whole.partition("|")[2] if topic.key[0] == "opd" else whole
        id_, source, type_ = (
            (headers.get(name) or b"").decode(errors="replace") for name in ("ce_id", "ce_source", "ce_type")
        )
        self._add(opd, [Accepted(place.at, id_, source, type_, _subject(topic.name, matter), place)])

    def accepted(self, opd: str, *, sandbox: bool | None = None) -> list[Accepted]:
        """The last events of a department, the newest first; ``sandbox`` True for trials alone."""
        with self._lock:
            found = sorted(self._accepted.get(opd, ()), key=lambda one: one.at, reverse=True)
        return [one for one in found if sandbox is None or one.sandbox == sandbox][:SHOWN]

    def refused(self, opd: str, *, sandbox: bool | None = None) -> list[Refused]:
        """The last refusals of a department (empty: of nobody that was recognised), the newest first."""
        rows = self._rows.execute(
            "SELECT at, key_id, sandbox, source, type, id, problem FROM refused WHERE opd = ? AND sandbox IN (?, ?) "
            "ORDER BY n DESC LIMIT ?",
            (opd, int(bool(sandbox)), int(sandbox is None or sandbox), SHOWN),
        )
        return [
            Refused(at, key, bool(trial), source, type_, id_, msgspec.json.decode(problem))
            for at, key, trial, source, type_, id_, problem in rows
        ]

    def counts(self, now: int) -> dict[tuple[str, str], int]:
        """How many events of (department, source) were refused in the last ``KEPT_DAYS``."""
        return _counts(self._rows, now)

    def _add(self, opd: str, new: Sequence[Accepted]) -> None:
        with self._lock:
            kept = self._accepted.setdefault(opd, [])
            kept.extend(new)
            if len(kept) > 3 * SHOWN:
                kept.sort(key=lambda one: one.at)
                del kept[: -2 * SHOWN]
                self._floor[opd] = kept[0].at
            self._changes += 1

    def _refuse(
        self,
        opd: str,
        key_id: str,
        sandbox: bool,
        refused: Sequence[tuple[Envelope | None, Problem]],
        now: int,
    ) -> None:
        each = [
            (now, opd, key_id, sandbox, *_named(event), msgspec.json.encode(problem.document()).decode())
            for event, problem in refused[:MOST_EACH]
        ]
        counts: dict[str, int] = {}
        if not sandbox:
            for event, _ in refused:
                source = event.source if event is not None and event.source in self._sources else ""
                counts[source] = counts.get(source, 0) + 1
        with self._lock:
            self._rows.execute("BEGIN")
            self._rows.executemany(
                "INSERT INTO refused (at, opd, key_id, sandbox, source, type, id, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                each,
            )
            self._rows.executemany(
                "INSERT INTO counted VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events",
                [(now // DAY_MS, opd, source, events) for source, events in counts.items()],
            )
            self._rows.execute(
                "DELETE FROM refused WHERE opd = ? AND n <= (SELECT n FROM refused WHERE opd = ? ORDER BY n DESC "
                "LIMIT 1 OFFSET ?)",
                (opd, opd, KEPT),
            )
            self._rows.execute("DELETE FROM refused WHERE at < ?", (now - KEPT_DAYS * DAY_MS,))
            self._rows.execute("DELETE FROM counted WHERE day <= ?", (now // DAY_MS - KEPT_DAYS,))
            self._rows.execute("COMMIT")
            self._changes += 1


def refused_in(path: Path, now: int) -> dict[tuple[str, str], int] | None:
    """``Trail.counts`` from the file of a gateway that may be running; None where there is none."""
    if not path.exists():
        return None
    rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        return _counts(rows, now)
    except sqlite3.Error:
        return None
    finally:
        rows.close()


def _counts(rows: sqlite3.Connection, now: int) -> dict[tuple[str, str], int]:
    found = rows.execute(
        "SELECT opd, source, sum(events) FROM counted WHERE day > ? GROUP BY opd, source",
        (now // DAY_MS - KEPT_DAYS,),
    )
    return {(opd, source): int(events) for opd, source, events in found}


def _accepted(event: Checked, receipt: Receipt) -> Accepted:
    data, topic = event.data, event.contract.topic
    matter = "|".join(str(getattr(data, name)) for name in topic.key if name != "opd")
    type_ = f"id.go.nadi.{topic.name}.{data.kind}.v1"
    return Accepted(
        receipt.place.at, data.event_id, data.source, type_, _subject(topic.name, matter), receipt.place
    )


def _subject(topic: str, matter: str) -> str:
    """What an event is about, for people; nothing where the key is a token or the source itself."""
    return "" if topic in (POPULATION.name, HEARTBEATS.name) else mask(matter)


def _named(event: Envelope | None) -> tuple[str, str, str]:
    """Source, type and id as they came, numbers of persons masked."""
    return (mask(event.source), mask(event.type), mask(event.id)) if event is not None else ("", "", "")

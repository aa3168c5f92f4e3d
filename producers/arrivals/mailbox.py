"""Dead letters by department: what was accepted at the door and could not be processed later."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

from producers.dead_letters.contents import Contents, contents
from producers.dead_letters.letters import Letter, Place, Selection, letter_of
from producers.dead_letters.marks import Mark, standing
from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.marks import OPD
from schemas import records
from schemas.catalogue import DEAD_LETTER_SUFFIX
from schemas.dead_letters import split
from schemas.profile import Profile
from schemas.registry import SchemaIds
from schemas.settings import KafkaSettings

FRESH_SECONDS = 3.0
SHOWN = 100
#: Most letters that are remembered; the oldest are forgotten here, never on the topic.
MOST = 20_000


class Item(NamedTuple):
    """A letter, whose it is (empty where nothing says so), and what was done with it."""

    letter: Letter
    opd: str
    mark: Mark | None


class Opened(NamedTuple):
    """One letter with its bytes: ``headers`` are the original record's, ``value`` its bytes."""

    item: Item
    headers: dict[str, bytes | None]
    value: bytes | None
    inside: Contents


class Mailbox:
    """Reads the letters once, and then what is new, when somebody asks. Blocks on the broker; safe between threads."""

    def __init__(self, kafka: KafkaSettings, profile: Profile, ids: SchemaIds) -> None:
        self._kafka, self._profile, self._ids = kafka, profile, ids
        self._lock = threading.Lock()
        self._after: dict[records.Partition, int] = {}
        self._asked = 0.0
        self._letters: dict[Place, tuple[Letter, str]] = {}
        self._marks: dict[Place, Mark] = {}

    def of(self, opd: str, *, now: bool = False) -> list[Item]:
        """The newest letters of a department, one for each record; ``now`` asks the broker at once. Raises TimeoutError."""
        with self._lock:
            if now or time.monotonic() - self._asked >= FRESH_SECONDS:
                self._read()
            found = [
                Item(letter, whose, self._marks.get(letter.subject))
                for letter, whose in self._letters.values()
                if whose == opd
            ]
        return sorted(found, key=lambda item: item.letter.written_at, reverse=True)[:SHOWN]

    def open(self, opd: str, place: Place) -> Opened | None:
        """A letter of a department by its own place; None where it has none there, or its bytes have expired."""
        item = next((item for item in self.of(opd, now=True) if item.letter.place == place), None)
        if item is None:
            return None
        wanted = (self._kafka.layout().topic(place.topic), place.partition, place.offset)
        message = next(iter(records.pick(self._kafka.bootstrap_servers, [wanted])), None)
        if message is None:
            return None
        headers, _ = split(message.headers())
        value = message.value()
        topic = place.topic.removesuffix(DEAD_LETTER_SUFFIX)
        return Opened(item, dict(headers), value, contents(value, topic, self._ids))

    def _read(self) -> None:
        layout, bootstrap = self._kafka.layout(), self._kafka.bootstrap_servers
        topics = [
            layout.topic(name) for name in Selection(topics=frozenset(PUBLISHABLE)).letter_topics(layout)
        ]
        for message in records.read_topics(bootstrap, topics, after=self._after):
            self._after[message.topic(), message.partition()] = message.offset() + 1
            letter = letter_of(message, layout)
            self._letters.pop(letter.subject, None)
            self._letters[letter.subject] = (letter, self._whose(letter, message))
        while len(self._letters) > MOST:
            del self._letters[next(iter(self._letters))]
        self._marks = standing(self._kafka)
        self._asked = time.monotonic()

    def _whose(self, letter: Letter, message: Any) -> str:
        """By what the gateway wrote, else by the declared source, else by the event itself."""
        headers = dict(split(message.headers())[0])
        if written := (headers.get(OPD) or b"").decode(errors="replace"):
            return written
        if declared := self._profile.sources.get(letter.source):
            return declared.opd
        topic = letter.place.topic.removesuffix(DEAD_LETTER_SUFFIX)
        said = dict(contents(message.value(), topic, self._ids).fields).get("opd")
        return str(said) if said in self._profile.departments else ""

"""Dead letters as they stand on the topics, without their bytes: what failed, where, why, and how often."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas import records
from schemas.catalogue import DEAD_LETTER_SUFFIX, DOMAINS, TOPICS, Layout
from schemas.dead_letters import ATTEMPT, FIRST_FAILED_AT, Headers, split
from schemas.settings import KafkaSettings

LOG_APPEND_TIME = 2


class Place(NamedTuple):
    """Where a record stands; ``topic`` is the catalogue's name. Written ``topic/partition/offset``."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Raises ValueError for anything but ``topic/partition/offset``."""
        topic, partition, offset = text.split("/") if text.count("/") == 2 else ("", "", "")
        if not (
            topic and partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()
        ):
            raise ValueError(f"{text!r} is not topic/partition/offset")
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter.

    ``place`` is its own, ``original`` that of the record it is about; None when its headers do not say so, and then
    it cannot be sent again. ``written_at`` is UTC milliseconds, ``source`` the sender as its headers name it,
    ``attempt`` how often the record has failed so far, this time included.
    """

    place: Place
    original: Place | None
    reason: str
    stage: str
    group: str
    message: str
    source: str
    attempt: int
    written_at: int

    @property
    def subject(self) -> Place:
        """What marks are about: the original record, or the letter itself where that is not known."""
        return self.original or self.place

    def as_json(self) -> dict[str, Any]:
        return {
            "letter": str(self.place),
            "original": str(self.original) if self.original else None,
            "reason": self.reason,
            "stage": self.stage,
            "group": self.group,
            "message": self.message,
            "source": self.source,
            "attempt": self.attempt,
            "written_at": self.written_at,
        }


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant; an empty field is no condition. ``topic`` is the source topic's catalogue name,
    ``since`` (inclusive) and ``until`` (exclusive) are UTC milliseconds of the letter."""

    places: frozenset[Place] = frozenset()
    topics: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether a letter is meant. A place may be the letter's or its original record's."""
        topic = letter.place.topic.removesuffix(DEAD_LETTER_SUFFIX)
        return (
            (not self.places or letter.place in self.places or letter.original in self.places)
            and (not self.topics or topic in self.topics)
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.stages or letter.stage in self.stages)
            and (not self.sources or letter.source in self.sources)
            and (self.since is None or letter.written_at >= self.since)
            and (self.until is None or letter.written_at < self.until)
        )

    @property
    def everything(self) -> bool:
        """Whether nothing narrows it."""
        return self == Selection()

    def letter_topics(self, layout: Layout) -> list[str]:
        """Catalogue names of the dead-letter topics to read."""
        wanted = self.topics | {place.topic.removesuffix(DEAD_LETTER_SUFFIX) for place in self.places}
        return [
            topic.dead_letters
            for topic in TOPICS.values()
            if layout.topic(topic.dead_letters) in layout.configurations()
            and (not wanted or topic.name in wanted)
        ]


def source_topic(name: str, domain: str = "") -> str:
    """The catalogue name of a source topic given as a domain, its own name or its dead-letter topic's.

    Raises ValueError naming what there is."""
    if domain:
        if domain not in DOMAINS:
            raise ValueError(", ".join(DOMAINS))
        return DOMAINS[domain].name
    base = name.removesuffix(DEAD_LETTER_SUFFIX)
    known = [t.name for t in TOPICS.values() if t.dead_letters in Layout().configurations()]
    if base not in known:
        raise ValueError(", ".join(known))
    return base


def letter_of(message: Any, layout: Layout) -> Letter:
    """What a message (confluent-kafka) of a dead-letter topic says."""
    original, ours = split(message.headers())
    place = Place(sys.intern(layout.base(message.topic())), message.partition(), message.offset())
    kind, stamp = message.timestamp()
    first = _number(ours.get(FIRST_FAILED_AT, ""))
    return Letter(
        place=place,
        original=_original(place, ours, layout),
        reason=sys.intern(ours.get("dlq.error.class", "")),
        stage=sys.intern(ours.get("dlq.error.stage", "")),
        group=sys.intern(ours.get("dlq.consumer.group", "")),
        message=ours.get("dlq.error.message", ""),
        source=sys.intern(_source(original)),
        attempt=_number(ours.get(ATTEMPT, "")) or 1,
        written_at=stamp if kind == LOG_APPEND_TIME or first is None else first,
    )


def letters(kafka: KafkaSettings, selection: Selection) -> Iterator[Letter]:
    """Every letter that is meant, each partition in order, up to the end as it is now.

    A writer that was killed may have written a letter twice; the second is passed over.
    """
    layout = kafka.layout()
    topics = [layout.topic(name) for name in selection.letter_topics(layout)]
    found = records.partitions(kafka.bootstrap_servers, topics)
    seen: set[tuple[Place, str]] = set()
    for message in records.read(kafka.bootstrap_servers, dict.fromkeys(found)):
        letter = letter_of(message, layout)
        if not selection.takes(letter):
            continue
        if letter.original is not None:
            if (letter.original, letter.group) in seen and letter.place not in selection.places:
                continue
            seen.add((letter.original, letter.group))
        yield letter


def _original(place: Place, ours: dict[str, str], layout: Layout) -> Place | None:
    """The record a letter is about, when its headers name one of the letter's own topic and partition.

    Anything else did not come from our writers, and following it could send records to a topic of the sender's choice.
    """
    offset = _number(ours.get("dlq.original.offset", ""))
    topic = place.topic.removesuffix(DEAD_LETTER_SUFFIX)
    if (
        offset is None
        or layout.base(ours.get("dlq.original.topic", "")) != topic
        or _number(ours.get("dlq.original.partition", "")) != place.partition
    ):
        return None
    return Place(sys.intern(topic), place.partition, offset)


def _source(headers: Headers) -> str:
    return next(
        (value.decode(errors="replace") for name, value in headers if name == "ce_source" and value), ""
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

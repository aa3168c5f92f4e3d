"""Sending dead letters to their topics again: the same bytes, key and headers, each record once, at any kill -9.

Source topics carry no transactions, so sending and remembering cannot be one step. Each batch goes: *sending* is written
to the ledger with the end of the source partition, the records are sent, *replayed* is written with their new offsets. Whoever
finds *sending* later looks at the source topic from that end on: a record whose ``dlq.replay.of`` and
``dlq.replay.run`` are those of the mark was sent, any other was not.

What this cannot see is a record that reached no broker yet because the network held it back when its sender died:
hence the pause before looking. Should it arrive later still, its ``event_id`` makes it a repeat downstream.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from monitoring.failpoints import reached
from producers.dead_letters.letters import Letter, Place, Selection, letters
from producers.dead_letters.marks import CLOSED, Action, Ledger, Mark, mark, this_process
from schemas import records
from schemas.dead_letters import REPLAY_OF, REPLAY_RUN, replayed_headers, split
from schemas.settings import EXACT_PRODUCER, KafkaSettings

#: How often a record may be sent again before somebody has to insist.
MAX_REPLAYS = 3
BATCH = 500
BATCH_BYTES = 16 * 2**20
SETTLE_SECONDS = 1.0
DELIVERY_SECONDS = 60.0
#: The broker refuses a whole request for one record in it: the others are sent again alone.
REFUSED_WHOLE = frozenset({"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_MSG"})

Policy = Literal["stop", "skip"]
Why = Literal["guard", "malformed", "dropped", "replayed", "mended"]
Progress = Callable[[int, int], None]


class ReplayError(RuntimeError):
    """A record was not taken by the broker; ``outcome`` says what was done before."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message)
        self.outcome = outcome


class Item(NamedTuple):
    """One record to send again: where it stood, and the letter that holds its bytes."""

    original: Place
    letter: Place
    reason: str


class Refusal(NamedTuple):
    """A letter that is not sent again, and why."""

    letter: Place
    why: Why
    attempt: int


@dataclass(slots=True)
class Plan:
    """What a selection of letters comes to: each open record once, in the order of its partition."""

    items: list[Item] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """What a replay did, in records. ``gone`` are letters that expired before they were read."""

    run: str
    sent: int = 0
    failed: int = 0
    gone: int = 0


def plan(kafka: KafkaSettings, selection: Selection, marks: dict[Place, Mark], *, force: bool) -> Plan:
    """Which records would be sent. ``force`` passes the loop guard, and takes what was dropped when it is named."""
    made = Plan()
    taken: set[Place] = set()
    for letter in letters(kafka, selection):
        standing = marks.get(letter.subject)
        action = standing.action if standing else "open"
        if letter.subject in taken or (action in CLOSED and not selection.places):
            continue
        why = _refusal(letter, action, force=force)
        if letter.original is None or why is not None:
            made.refused.append(Refusal(letter.place, why or "malformed", letter.attempt))
        else:
            made.items.append(Item(letter.original, letter.place, letter.reason))
        taken.add(letter.subject)
    return made


def open_letters(kafka: KafkaSettings, selection: Selection, marks: dict[Place, Mark]) -> Iterator[Letter]:
    """The selected letters that nobody has handled yet."""
    for letter in letters(kafka, selection):
        if letter.subject not in marks or marks[letter.subject].action not in CLOSED:
            yield letter


def _refusal(letter: Letter, action: Action, *, force: bool) -> Why | None:
    if letter.original is None:
        return "malformed"
    if action in ("replayed", "mended"):
        return action  # if it failed again there is a newer letter
    if action == "dropped" and not force:
        return "dropped"
    if letter.attempt > MAX_REPLAYS and not force:
        return "guard"
    return None


def recover(kafka: KafkaSettings, ledger: Ledger) -> tuple[int, int]:
    """Settle what an interrupted replay left open; returns how many had been sent and how many had not."""
    doubtful = {place: one for place, one in ledger.marks.items() if one.action == "sending"}
    if not doubtful:
        return 0, 0
    time.sleep(SETTLE_SECONDS)
    layout = kafka.layout()
    starts: dict[records.Partition, int | None] = {}
    for place, one in doubtful.items():
        key = layout.topic(place.topic), place.partition
        starts[key] = min(one.offset or 0, starts.get(key, one.offset or 0) or 0)
    sent: dict[Place, int] = {}
    wanted = {(str(place), one.run): place for place, one in doubtful.items()}
    for message in records.read(kafka.bootstrap_servers, starts):
        headers = {name: value for name, value in message.headers() or () if value}
        found = wanted.get(
            (
                headers.get(REPLAY_OF, b"").decode(errors="replace"),
                headers.get(REPLAY_RUN, b"").decode(errors="replace"),
            )
        )
        if found is not None:
            sent.setdefault(found, message.offset())
    ledger.write(
        mark(place, "replayed" if place in sent else "open", run=one.run, offset=sent.get(place))
        for place, one in doubtful.items()
    )
    return len(sent), len(doubtful) - len(sent)


def drop(ledger: Ledger, places: Sequence[Place], because: str) -> None:
    """Set records aside for good: their letters stay until they expire, but are no longer open."""
    for begin in range(0, len(places), BATCH):
        ledger.write(mark(place, "dropped", because=because) for place in places[begin : begin + BATCH])


def send(
    kafka: KafkaSettings,
    ledger: Ledger,
    items: Sequence[Item],
    *,
    policy: Policy = "stop",
    progress: Progress = lambda _d, _t: None,
) -> Outcome:
    """Send the records of a plan again and mark them.

    A record that the broker does not take stays *sending*, so that the next run looks whether it arrived after all;
    with the policy ``stop`` ReplayError is raised after its batch. Raises LedgerError when another command took over.
    """
    sender = _Sender(kafka, ledger)
    for batch in _batches(_read(kafka, items)):
        sender.batch(batch)
        progress(sender.outcome.sent + sender.outcome.failed, len(items))
        if sender.outcome.failed and policy == "stop":
            raise ReplayError(sender.failure, sender.outcome)
    outcome = sender.outcome
    outcome.gone = len(items) - outcome.sent - outcome.failed
    return outcome


class _Sender:
    """Sends batches through one idempotent producer."""

    def __init__(self, kafka: KafkaSettings, ledger: Ledger) -> None:
        from confluent_kafka import Producer

        self._layout = kafka.layout()
        self._bootstrap = kafka.bootstrap_servers
        self._ledger = ledger
        self.outcome = Outcome(str(uuid.uuid4()))
        self.failure = ""
        self._producer: Any = Producer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                **EXACT_PRODUCER,
                "message.max.bytes": 10 * 2**20,  # the broker decides
                "delivery.timeout.ms": int(DELIVERY_SECONDS * 1000),
                "client.id": "nadi-dlq-replay",
                "log_level": 2,
            }
        )

    def batch(self, batch: Sequence[tuple[Item, Any]]) -> None:
        """Mark as sending, send, mark what arrived as replayed."""
        run, topics = self.outcome.run, self._layout
        partitions = {(topics.topic(item.original.topic), item.original.partition) for item, _ in batch}
        ends = records.ends(self._bootstrap, sorted(partitions))
        process = this_process()
        self._ledger.write(
            mark(
                item.original,
                "sending",
                run=run,
                offset=ends[topics.topic(item.original.topic), item.original.partition],
                process=process,
            )
            for item, _ in batch
        )
        reached("dlq-before-send")
        arrived: dict[Place, int] = {}
        refused: dict[Place, str] = {}
        for item, letter in batch:
            self._produce(item, letter, arrived, refused)
        self._producer.flush(DELIVERY_SECONDS + 5)
        again = (
            [one for one in batch if refused.get(one[0].original) in REFUSED_WHOLE] if len(batch) > 1 else []
        )
        for item, letter in again:
            self._produce(item, letter, arrived, refused)
            self._producer.flush(DELIVERY_SECONDS + 5)
        for item, _ in batch:
            if item.original not in arrived:
                reason = refused.get(item.original, "no answer")
                self.failure = self.failure or f"{item.letter}: {reason}"
        reached("dlq-after-send")
        self._ledger.write(
            mark(place, "replayed", run=run, offset=offset) for place, offset in arrived.items()
        )
        reached("dlq-after-mark")
        self.outcome.sent += len(arrived)
        self.outcome.failed += len(batch) - len(arrived)

    def _produce(self, item: Item, letter: Any, arrived: dict[Place, int], refused: dict[Place, str]) -> None:
        """Queue one record; where it arrived, or the name of the error, is noted when the broker answers."""
        from confluent_kafka import KafkaException

        def delivered(error: Any, message: Any) -> None:
            if error is None:
                arrived[item.original] = message.offset()
                reached("dlq-delivered")
            else:
                refused[item.original] = error.name()

        headers = letter.headers() or ()
        stamp = split(headers)[1].get("dlq.original.timestamp", "")
        try:
            self._producer.produce(
                self._layout.topic(item.original.topic),
                key=letter.key(),
                value=letter.value(),
                headers=replayed_headers(headers, str(item.original), self.outcome.run),
                partition=item.original.partition,
                timestamp=int(stamp) if stamp.isdigit() else 0,  # counts only where topics carry CreateTime
                on_delivery=delivered,
            )
        except KafkaException as error:
            refused[item.original] = error.args[0].name()
        self._producer.poll(0)


def _read(kafka: KafkaSettings, items: Iterable[Item]) -> Iterator[tuple[Item, Any]]:
    """The letters of a plan with their bytes, partition after partition, so that only a batch is held at once."""
    layout = kafka.layout()
    wanted: dict[records.Partition, dict[int, Item]] = defaultdict(dict)
    for item in items:
        wanted[layout.topic(item.letter.topic), item.letter.partition][item.letter.offset] = item
    for partition, by_offset in wanted.items():
        left = len(by_offset)
        for message in records.read(kafka.bootstrap_servers, {partition: min(by_offset)}):
            item_here = by_offset.get(message.offset())
            if item_here is not None:
                yield item_here, message
                left -= 1
            if not left:
                break


def _batches(found: Iterator[tuple[Item, Any]]) -> Iterator[list[tuple[Item, Any]]]:
    batch: list[tuple[Item, Any]] = []
    size = 0
    for one in found:
        batch.append(one)
        size += len(one[1].value() or b"")
        if len(batch) == BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

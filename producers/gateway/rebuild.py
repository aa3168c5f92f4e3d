"""The index out of the topics: what the gateway wrote in the last days, read to the end before it accepts anything."""

from __future__ import annotations

from producers.gateway import marks
from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.index import Index, Place, key_of
from producers.gateway.trail import Trail
from schemas import records
from schemas.catalogue import SANDBOX, Layout
from schemas.settings import KafkaSettings

MANY = 5_000


def fill(index: Index, kafka: KafkaSettings, now: int, trail: Trail) -> int:
    """Put every receipt of the retention into ``index``, and the last of them into ``trail``; ``now`` is UTC ms. Returns
    how many records were read.

    Blocks. Raises TimeoutError when the broker falls silent, RuntimeError when a topic cannot be read.
    """
    layout, read = kafka.layout(), 0
    rows: list[tuple[bytes, Place]] = []
    starts = _starts(kafka.bootstrap_servers, layout, now - index.retention_ms)
    trail.forget_accepted()
    for message in records.read(kafka.bootstrap_servers, starts):
        read += 1
        topic = layout.base(message.topic())
        if mark := marks.read(message.headers()):
            source = SANDBOX + mark.source if topic.startswith(SANDBOX) else mark.source
            place = Place(mark.hash, topic, message.partition(), message.offset(), mark.received_at, mark.opd)
            rows.append((key_of(mark.event_id, source), place))
            if trail.wants(mark.opd, place.at):
                trail.stood(mark.opd, place, dict(message.headers()), message.key())
        if len(rows) == MANY:
            index.add(rows)
            rows.clear()
    index.add(rows)
    return read


def _starts(bootstrap: str, layout: Layout, since: int) -> dict[records.Partition, int | None]:
    """Where to begin in every partition of the topics that the gateway writes."""
    names = [layout.topic(prefix + name) for name in PUBLISHABLE for prefix in ("", SANDBOX)]
    wanted = records.partitions(bootstrap, names)
    if layout.timestamps == "CreateTime":  # offsets do not follow the clock there
        return dict.fromkeys(wanted)
    return dict(records.since(bootstrap, wanted, since))

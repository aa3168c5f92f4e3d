"""A partition's log in memory, as a fetcher would give it, for tests of lanes and tasks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.codec import Codec
from schemas.registry import open_ids
from streams.engine.decode import Batch, Decoder
from streams.engine.fetch import ConfluentRun, Source

SOURCE = Source("t.revenue.receipts", 3)
CODEC = Codec("revenue.receipts", open_ids())
DECODER = Decoder(CODEC, "g")
START = 1_700_000_000_000


@dataclass(frozen=True)
class Message:
    """As much of a Kafka message as a run needs."""

    body: bytes | None
    at: int
    stamp: int

    def value(self) -> bytes | None:
        return self.body

    def key(self) -> bytes:
        return b"k%d" % self.at

    def headers(self) -> list[tuple[str, bytes]]:
        return [("ce_id", b"%d" % self.at)]


def event(amount: int, opd: str = "1.01", event_id: str | None = None) -> bytes:
    """One receipt in wire format."""
    return CODEC.encode(
        {
            "event_id": event_id or str(uuid.uuid4()),
            "source": "/test",
            "opd": opd,
            "occurred_at": START,
            "kind": "receipt",
            "cash_office": "A",
            "account": "4.1",
            "amount": amount,
        }
    )


def log_of(bodies: Sequence[bytes | None], step: int = 1000) -> list[Message]:
    """Records at offsets 0, 1, …, ``step`` milliseconds apart."""
    return [Message(body, at, START + at * step) for at, body in enumerate(bodies)]


def batch_of(log: Sequence[Message], first: int, after: int) -> Batch:
    """The decoded batch of offsets ``[first, after)``."""
    messages = log[first:after]
    run = ConfluentRun(
        SOURCE,
        first,
        after,
        np.array([m.at for m in messages], np.int64),
        np.array([m.stamp for m in messages], np.int64),
        messages,
    )
    return DECODER.decode(run)

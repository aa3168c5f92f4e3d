"""Writes the workload to a topic fast: whole columns become Avro bytes by templates, and librdkafka takes them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workload import (
    ACCOUNTS,
    CHANNELS,
    OFFICES,
    OPDS,
    PARTITIONS,
    VILLAGES,
    Columns,
    Totals,
    chunks,
    expected,
)

SCHEMA = "revenue.receipts"
PEOPLE, OBJECTS, CASHIERS = 20_000, 50_000, 800
IN_FLIGHT = 500_000
HEX = np.array([[ord(c) for c in f"{i:02x}"] for i in range(256)], np.uint8)

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def create_topic(bootstrap: str, name: str, partitions: int = PARTITIONS) -> None:
    """A topic stamped by the broker's clock, as the product's are; it must not exist."""
    from confluent_kafka.admin import AdminClient, NewTopic

    admin: Any = AdminClient({"bootstrap.servers": bootstrap})
    config = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}
    for future in admin.create_topics([NewTopic(name, partitions, 1, config=config)]).values():
        future.result(30)


def load(bootstrap: str, topic: str, events: int, spoil: Callable[[bytes], bytes] | None = None) -> Totals:
    """Create ``topic`` and write the workload's ``events`` to it; returns the totals they must give.

    With ``spoil`` every hundredth event is followed by a record of what that makes of its value.
    """
    from confluent_kafka import Producer

    create_topic(bootstrap, topic)
    encoder = Encoder()
    keys = [f"{OPDS[i // 5]}|{office}".encode() for i, office in enumerate(OFFICES)]
    homes = np.array([murmur2(key) % PARTITIONS for key in keys])
    producer: Any = Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": "lz4",
            "enable.idempotence": True,
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "batch.num.messages": 100_000,
            "queue.buffering.max.messages": 2 * IN_FLIGHT,
            "queue.buffering.max.kbytes": 1_000_000,
        }
    )
    for part in chunks(events):
        while len(producer) > IN_FLIGHT:
            producer.poll(0.05)
        produce = producer.produce
        offices = part.office
        rows = zip(encoder.encode(part), offices.tolist(), homes[offices].tolist(), strict=True)
        for number, (value, office, partition) in enumerate(rows):
            produce(topic, value, keys[office], partition)
            if spoil is not None and number % 100 == 0:
                produce(topic, spoil(value), keys[office], partition)
        producer.poll(0)
    if left := producer.flush(120):
        raise RuntimeError(f"{left} of {events} events were not written to {topic}")
    return expected(events)


class Encoder:
    """Columns to values in the wire format. Rows of the same lengths share a template and are filled by column."""

    def __init__(self) -> None:
        from schemas.registry import open_ids

        self._header = struct.pack(">bI", 0, open_ids("").writer(SCHEMA).id)
        rng = np.random.default_rng(7)
        self._tables = {
            "opd": _table(OPDS),
            "source": _table([f"/opd/{code}/penerimaan" for code in OPDS]),
            "office": _table(OFFICES),
            "account": _table(ACCOUNTS),
            "village": _table(VILLAGES),
            "payer": _tokens(rng, PEOPLE),
            "object": _tokens(rng, OBJECTS),
            "cashier": _tokens(rng, CASHIERS),
        }

    def encode(self, part: Columns) -> list[bytes]:
        """One value a row, in order."""
        size = len(part)
        rng = part.rng
        cells = self._cells(part, rng)
        width = 2 + (part.amount >= 1 << 13).astype(np.int64) + (part.amount >= 1 << 20)
        has_object, has_period = rng.random(size) < 0.3, rng.random(size) < 0.5
        template = ((part.channel * 3 + width - 2) * 2 + has_object) * 2 + has_period
        order = np.argsort(template, kind="stable")
        bounds = np.searchsorted(template[order], np.arange(5 * 3 * 2 * 2 + 1))
        found: list[bytes] = [b""] * size
        for kind in range(len(bounds) - 1):
            rows = order[bounds[kind] : bounds[kind + 1]]
            if len(rows):
                channel, amount_width = kind // 12, kind // 4 % 3 + 2
                values = self._fill(part, cells, rows, channel, amount_width, kind // 2 % 2, kind % 2)
                for row, value in zip(rows.tolist(), values, strict=True):
                    found[row] = value
        return found

    def _cells(self, part: Columns, rng: np.random.Generator) -> dict[str, Bytes]:
        """The bytes of every field that differs from row to row and keeps its length."""
        size = len(part)
        tables = self._tables
        picks = {"opd": part.opd, "source": part.opd, "account": part.account, "village": part.village}
        picks["office"] = part.office
        for name, count in (("payer", PEOPLE), ("object", OBJECTS)):
            picks[name] = rng.integers(0, count, size)
        picks["cashier"] = part.office * 4 + rng.integers(0, 4, size)
        cells = {name: tables[name][index] for name, index in picks.items()}
        cells["event_id"] = _uuids(rng, size)
        cells["number"] = _digits(np.arange(part.first, part.first + size), 8)
        cells["occurred_at"] = _varint(part.occurred_at, 6)
        return cells

    def _fill(
        self,
        part: Columns,
        cells: dict[str, Bytes],
        rows: np.ndarray[Any, np.dtype[np.int64]],
        channel: int,
        amount_width: int,
        has_object: int,
        has_period: int,
    ) -> list[bytes]:
        none = b"\0"
        pieces: list[bytes | Bytes] = [
            self._header,
            _length(36), cells["event_id"][rows],
            _length(cells["source"].shape[1]), cells["source"][rows],
            _length(cells["opd"].shape[1]), cells["opd"][rows],
            cells["occurred_at"][rows],
            _text("receipt"), _text("live"), none, none, b"\1",
            _length(cells["office"].shape[1]), cells["office"][rows],
            _length(cells["account"].shape[1]), cells["account"][rows],
            _varint(part.amount[rows], amount_width),
            _text(CHANNELS[channel]),
            b"\2", _length(cells["village"].shape[1]), cells["village"][rows],
            b"\2", _length(26), cells["payer"][rows],
            *((b"\2", _length(26), cells["object"][rows]) if has_object else (none,)),
            b"\2" + _text("2026-03") if has_period else none,
            none, none, none, none,  # due_at, assessment_id, reduction, penalty
            b"\2", _length(16), cells["office"][rows], b"-", cells["number"][rows],  # receipt_number
            b"\2", _length(12), cells["office"][rows], b"/B001",  # receipt_book
            b"\2", _length(26), cells["cashier"][rows],
            none * 11,  # officer_token to closing_id, and the empty composition
        ]  # fmt: skip
        length = sum(len(p) if isinstance(p, bytes) else p.shape[1] for p in pieces)
        block = np.empty((len(rows), length), np.uint8)
        at = 0
        for piece in pieces:
            if isinstance(piece, bytes):
                block[:, at : at + len(piece)] = np.frombuffer(piece, np.uint8)
                at += len(piece)
            else:
                block[:, at : at + piece.shape[1]] = piece
                at += piece.shape[1]
        flat = block.tobytes()
        return [flat[start : start + length] for start in range(0, len(flat), length)]


def _table(texts: list[str]) -> Bytes:
    """Texts of one length as rows of bytes."""
    return np.array([list(text.encode()) for text in texts], np.uint8)


def _tokens(rng: np.random.Generator, count: int) -> Bytes:
    """Tokens as ``producers.tokens`` makes them: 26 letters of base32."""
    return np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)[rng.integers(0, 32, (count, 26))]


def _uuids(rng: np.random.Generator, count: int) -> Bytes:
    """Random UUIDs (version 4) as text."""
    raw = rng.integers(0, 256, (count, 16), np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = HEX[raw].reshape(count, 32)
    text = np.full((count, 36), ord("-"), np.uint8)
    for start, stop, at in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        text[:, at : at + stop - start] = digits[:, start:stop]
    return text


def _digits(numbers: np.ndarray[Any, np.dtype[np.int64]], width: int) -> Bytes:
    """Decimal numbers with leading zeros."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def _varint(numbers: np.ndarray[Any, np.dtype[np.int64]], width: int) -> Bytes:
    """Avro longs, not negative, that all take ``width`` bytes."""
    shifts = 7 * np.arange(width)
    parts = (2 * numbers[:, None] >> shifts) & 0x7F
    parts[:, :-1] |= 0x80
    return parts.astype(np.uint8)


def _length(count: int) -> bytes:
    return bytes([2 * count])  # fewer than 64 bytes


def _text(text: str) -> bytes:
    return _length(len(text)) + text.encode()


def murmur2(key: bytes) -> int:
    """The hash of Kafka's default partitioner, made positive."""
    mixer, mask = 0x5BD1E995, 0xFFFFFFFF
    value = (0x9747B28C ^ len(key)) & mask
    whole = len(key) // 4 * 4
    for start in range(0, whole, 4):
        k = int.from_bytes(key[start : start + 4], "little") * mixer & mask
        k = (k ^ k >> 24) * mixer & mask
        value = (value * mixer & mask) ^ k
    if rest := key[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * mixer & mask
    value = (value ^ value >> 13) * mixer & mask
    return (value ^ value >> 15) & 0x7FFFFFFF

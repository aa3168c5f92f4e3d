"""The benchmarks' events are what they say: real values of the contract, and totals that follow from them."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import pytest

from benchmarks import picture
from benchmarks.contenders.plain import local_day
from benchmarks.load import Encoder, murmur2
from benchmarks.throughput import bars
from benchmarks.workload import CHUNK, DAYS, chunks, expected
from schemas.codec import Codec
from schemas.registry import open_ids

EVENTS = 20_000


def decoded(events: int) -> list[dict[str, object]]:
    encoder = Encoder()
    codec = Codec("revenue.receipts", open_ids(""))
    values = [value for part in chunks(events) for value in encoder.encode(part)]
    found = codec.decode_batch(values)
    assert not found.refused
    rows: list[dict[str, object]] = found.columns.to_pylist()
    return rows


def test_totals_are_those_of_the_encoded_events() -> None:
    sums: Counter[tuple[str, str, str]] = Counter()
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in decoded(EVENTS):
        for dimension in ("opd", "account", "village"):
            key = (dimension, str(row[dimension]), local_day(int(str(row["occurred_at"]))))
            sums[key] += int(str(row["amount"]))
            counts[key] += 1
    assert {key: (sums[key], counts[key]) for key in counts} == expected(EVENTS)


def test_events_differ_and_use_every_value() -> None:
    rows = decoded(EVENTS)
    assert len({row["event_id"] for row in rows}) == EVENTS
    assert [len({row[name] for row in rows}) for name in ("opd", "account", "village")] == [40, 300, 150]
    assert {local_day(int(str(row["occurred_at"]))) for row in rows} == set(DAYS)


def test_chunks_follow_each_other() -> None:
    assert [part.first for part in chunks(CHUNK + 1)] == [0, CHUNK]
    assert sum(len(part) for part in chunks(CHUNK + 1)) == CHUNK + 1


@pytest.mark.parametrize(
    ("key", "hash_"),
    [(b"21", 0x7FFFFFFF & -973932308), (b"foobar", 0x7FFFFFFF & -790332482), (b"a-little-bit-long-string", 0x7FFFFFFF & -985981536)],
)  # fmt: skip
def test_hash_is_that_of_kafka_s_partitioner(key: bytes, hash_: int) -> None:
    assert murmur2(key) == hash_


def row(name: str, speed: int, cpu: float, ok: bool = True) -> dict[str, object]:
    return {
        "name": name,
        "events": 1000,
        "events_per_s": speed,
        "range": [speed - 1, speed + 1],
        "cpu_s_per_million": cpu,
        "durable": "exactly once",
        "totals_ok": ok,
    }


def test_ratios_take_only_right_totals() -> None:
    rows = [row("nadi-native", 80, 1.0), row("flink-datastream", 100, 2.0), row("nadi", 10, 1.0, ok=False)]
    found = {
        bar["measure"]: (bar["ratio"], bar["reached"]) for bar in bars([*rows, row("faust-table", 1, 9.0)])
    }
    assert found == {"events/s": (0.8, True), "events per CPU second": (2.0, True)}


def test_picture_is_well_formed_and_names_all() -> None:
    rows = [row("nadi <&>", 80, 1.0), row("flink-datastream", 100, 2.0, ok=False)]
    text = picture.bars({"machine": "a & b", "events": 1000, "runs": 1, "contenders": rows})
    words = " ".join(ElementTree.fromstring(text).itertext())  # noqa: S314  (our own text)
    assert "nadi <&>" in words
    assert "wrong totals" in words

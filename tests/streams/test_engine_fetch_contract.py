"""Both fetchers, one contract, on a real broker."""

from __future__ import annotations

import ctypes
import gc
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from streams.engine.fetch import Fetcher, FetchError, Run, Source, open_fetcher
from streams.engine.look_ups import LookUps
from streams.engine.native_fetch import librdkafka, native_library
from tests.conftest import TestKafka

pytestmark = pytest.mark.kafka

KINDS = [
    "confluent",
    pytest.param(
        "native",
        marks=pytest.mark.skipif(native_library() is None, reason="the native fetch is not built"),
    ),
]
PATIENCE = 20.0


@dataclass(frozen=True)
class Sent:
    """A record as it was produced."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 1_700_000_000_000


class Topic:
    """A topic of our own with some partitions, written by confluent-kafka."""

    def __init__(self, kafka: TestKafka, partitions: int = 1) -> None:
        from confluent_kafka.admin import NewTopic

        self.name = f"fetch-{uuid.uuid4().hex[:8]}"
        self.kafka = kafka
        settings = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(2**62)}
        self.admin = kafka.admin()
        made = self.admin.create_topics([NewTopic(self.name, partitions, 1, config=settings)])
        made[self.name].result(PATIENCE)

    def source(self, partition: int = 0) -> Source:
        return Source(self.name, partition)

    def append(self, records: Sequence[Sent], partition: int = 0, *, transactions: bool = False) -> None:
        """Append; with ``transactions`` each record is a transaction, and so is followed by a marker."""
        from confluent_kafka import Producer

        settings: dict[str, Any] = {"bootstrap.servers": self.kafka.bootstrap, "linger.ms": 5}
        if transactions:
            settings["transactional.id"] = uuid.uuid4().hex
        producer = Producer(settings | {"queue.buffering.max.messages": 1_000_000})
        if transactions:
            producer.init_transactions(PATIENCE)
        for record in records:
            if transactions:
                producer.begin_transaction()
            producer.produce(
                self.name,
                record.value,
                record.key,
                partition,
                timestamp=record.timestamp,
                headers=list(record.headers),
            )
            if transactions:
                producer.commit_transaction(PATIENCE)
        assert producer.flush(PATIENCE) == 0

    def delete_before(self, offset: int, partition: int = 0) -> None:
        from confluent_kafka import TopicPartition

        asked = self.admin.delete_records([TopicPartition(self.name, partition, offset)])
        for future in asked.values():
            future.result(PATIENCE)


Open = Callable[[], Fetcher]


@pytest.fixture(params=KINDS)
def open_one(request: pytest.FixtureRequest, kafka: TestKafka) -> Iterator[Open]:
    """Opens fetchers of one kind, and closes them in the end."""
    opened: list[Fetcher] = []

    def make() -> Fetcher:
        fetcher = open_fetcher(kafka.bootstrap, f"g-{uuid.uuid4().hex[:8]}", "test", request.param)
        opened.append(fetcher)
        return fetcher

    yield make
    for fetcher in opened:
        fetcher.close()


def drain(fetcher: Fetcher, ends: Mapping[Source, int], rows: int = 10_000) -> dict[Source, list[Run]]:
    """Fetch until every source has come to its end; each run must begin where the one before it ended."""
    found: dict[Source, list[Run]] = {source: [] for source in ends}
    until = time.monotonic() + PATIENCE
    while any(not runs or runs[-1].next_offset < ends[source] for source, runs in found.items()):
        assert time.monotonic() < until, f"no end: {[(s, r[-1:]) for s, r in found.items()]}"
        runs = fetcher.fetch(rows, 0.1)
        assert sum(len(run) for run in runs) <= rows
        for run in runs:
            if found[run.source]:
                assert run.first_offset == found[run.source][-1].next_offset
            assert run.next_offset > run.first_offset
            assert len(run) == len(run.offsets) == len(run.timestamps) == len(run.values())
            if len(run):
                assert run.first_offset <= run.offsets[0] <= run.offsets[-1] < run.next_offset
                assert (np.diff(run.offsets) > 0).all()
            found[run.source].append(run)
    return found


def values_of(run: Run) -> list[bytes | None]:
    values = run.values()
    return [values[row] for row in range(len(values))]


def test_a_record_comes_byte_for_byte(kafka: TestKafka, open_one: Open) -> None:
    records = [
        Sent(b"plain"),
        Sent(None, b"k\x00\xff", [("a", b"1"), ("a", b""), ("b", None)], 1),
        Sent(b"", b"", [("ce_id", b"\x00\xff")]),
        Sent(b"\x00" * 3, None),
    ]
    topic = Topic(kafka)
    topic.append(records)
    fetcher = open_one()
    fetcher.assign({topic.source(): 0})
    runs = drain(fetcher, {topic.source(): len(records)})[topic.source()]
    found = [
        Sent(run.value(row), run.key(row), run.headers(row), int(run.timestamps[row]))
        for run in runs
        for row in range(len(run))
    ]
    assert found == [Sent(r.value, r.key, tuple(r.headers), r.timestamp) for r in records]
    assert [value for run in runs for value in values_of(run)] == [r.value for r in records]


def append_with_header(bootstrap: str, topic: str, name: bytes) -> None:
    """Append a record whose header has this name; confluent-kafka writes only names that are text."""
    library = librdkafka()
    assert library is not None
    for function in (library.rd_kafka_conf_new, library.rd_kafka_new):
        function.restype = ctypes.c_void_p
    error = ctypes.create_string_buffer(512)
    settings = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(settings, b"bootstrap.servers", bootstrap.encode(), error, ctypes.c_size_t(512))
    producer = ctypes.c_void_p(library.rd_kafka_new(0, settings, error, ctypes.c_size_t(512)))
    assert producer, error.value
    a_topic, a_value, a_header, the_end = 1, 4, 9, 0
    one = ctypes.c_size_t(1)
    arguments = [
        a_topic,
        topic.encode(),
        a_value,
        b"x",
        one,
        a_header,
        name,
        b"1",
        ctypes.c_ssize_t(1),
        the_end,
    ]
    assert library.rd_kafka_producev(producer, *arguments) == 0
    assert library.rd_kafka_flush(producer, int(PATIENCE * 1000)) == 0
    library.rd_kafka_destroy(producer)


@pytest.mark.skipif(librdkafka() is None, reason="confluent-kafka uses the system's librdkafka")
def test_a_header_name_that_is_no_text_stops_nothing(kafka: TestKafka, open_one: Open) -> None:
    topic = Topic(kafka)
    append_with_header(kafka.bootstrap, topic.name, b"name")
    append_with_header(kafka.bootstrap, topic.name, b"\xff\xfe")
    fetcher = open_one()
    fetcher.assign({topic.source(): 0})
    runs = drain(fetcher, {topic.source(): 2})[topic.source()]
    found = [run.headers(row) for run in runs for row in range(len(run))]
    assert found[0] == (("name", b"1"),)
    assert [value for _, value in found[1]] in ([], [b"1"])


def test_a_part_is_what_it_was_cut_from(kafka: TestKafka, open_one: Open) -> None:
    topic = Topic(kafka)
    topic.append([Sent(b"v%d" % i, b"k%d" % i, timestamp=i + 1) for i in range(100)])
    fetcher = open_one()
    fetcher.assign({topic.source(): 0})
    runs = drain(fetcher, {topic.source(): 100})[topic.source()]
    run = runs[0]
    part = run.part(3, 7).part(4, 6)
    del run, runs
    gc.collect()  # a part keeps what it needs
    assert (part.source, part.first_offset, part.next_offset, len(part)) == (topic.source(), 4, 6, 2)
    assert (part.offsets.tolist(), part.timestamps.tolist()) == ([4, 5], [5, 6])
    assert (values_of(part), part.key(1)) == ([b"v4", b"v5"], b"k5")
    assert len(part.part(6, 6)) == 0


def test_markers_leave_no_hole(kafka: TestKafka, open_one: Open) -> None:
    topic = Topic(kafka)
    topic.append([Sent(b"v%d" % i) for i in range(5)], transactions=True)
    fetcher = open_one()
    end = LookUps(kafka.bootstrap, "test").bounds([topic.source()])[topic.source()].end
    assert end == 10
    fetcher.assign({topic.source(): 0})
    runs = drain(fetcher, {topic.source(): end})[topic.source()]
    assert [int(offset) for run in runs for offset in run.offsets] == [0, 2, 4, 6, 8]
    fetcher.assign({topic.source(): 9})  # nothing but a marker from here to the end
    (run,) = drain(fetcher, {topic.source(): end})[topic.source()]
    assert (run.first_offset, run.next_offset, len(run)) == (9, 10, 0)
    topic.append([Sent(b"later")])
    (run,) = drain(fetcher, {topic.source(): end + 1})[topic.source()]
    assert (run.first_offset, values_of(run)) == (10, [b"later"])


@pytest.mark.parametrize("position", [2, 1_000])
def test_a_position_that_is_not_in_the_log_is_an_error(
    kafka: TestKafka, open_one: Open, position: int
) -> None:
    topic = Topic(kafka)
    topic.append([Sent(b"x")] * 10)
    topic.delete_before(5)
    fetcher = open_one()
    fetcher.assign({topic.source(): position})
    with pytest.raises(FetchError, match=f"{topic.name}.*{position}.*not in the log"):
        drain(fetcher, {topic.source(): 10})


def test_another_assignment_forgets_what_was_fetched(kafka: TestKafka, open_one: Open) -> None:
    topic = Topic(kafka, partitions=3)
    for partition in range(3):
        topic.append([Sent(b"%d/%d" % (partition, i)) for i in range(2_000)], partition)
    zero, one, two = (topic.source(partition) for partition in range(3))
    fetcher = open_one()
    fetcher.assign({zero: 0, one: 0})
    assert fetcher.fetch(10, PATIENCE)
    fetcher.assign({one: 1_500, two: 10})
    found = drain(fetcher, {one: 2_000, two: 2_000}, rows=700)
    assert found[one][0].first_offset == 1_500
    assert values_of(found[one][0])[0] == b"1/1500"
    assert found[two][0].first_offset == 10
    assert sum(len(run) for run in found[two]) == 1_990
    fetcher.assign({})
    assert fetcher.fetch(10, 0.05) == []
    fetcher.assign({one: 0})
    assert drain(fetcher, {one: 2_000})[one][0].first_offset == 0


def test_a_record_arrives_at_once(kafka: TestKafka, open_one: Open) -> None:
    """A quiet topic: no waiting for company, neither here nor in the broker."""
    topic = Topic(kafka)
    topic.append([Sent(b"first")])
    fetcher = open_one()
    fetcher.assign({topic.source(): 0})
    drain(fetcher, {topic.source(): 1})
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0})
    delays = []
    for _ in range(20):
        acknowledged: list[float] = []
        producer.produce(
            topic.name, b"x", on_delivery=lambda *_, to=acknowledged: to.append(time.monotonic())
        )
        while not acknowledged:
            producer.poll(0.1)
        while not fetcher.fetch(1_000, 1.0):
            pass
        delays.append(time.monotonic() - acknowledged[0])
        time.sleep(0.02)
    assert min(delays) < 0.01, delays  # the least, because a busy machine delays any of them


def test_records_outlive_their_fetcher(kafka: TestKafka, open_one: Open) -> None:
    topic = Topic(kafka)
    topic.append([Sent(b"%d" % i, b"k", [("h", b"v")]) for i in range(1_000)])
    fetcher = open_one()
    fetcher.assign({topic.source(): 0})
    runs = drain(fetcher, {topic.source(): 1_000})[topic.source()]
    fetcher.close()
    assert [value for run in runs for value in values_of(run)] == [b"%d" % i for i in range(1_000)]
    assert (runs[-1].key(0), runs[-1].headers(0)) == (b"k", (("h", b"v"),))


@pytest.mark.skipif(native_library() is None, reason="the native fetch is not built")
def test_both_give_the_same_records(kafka: TestKafka) -> None:
    topic = Topic(kafka, partitions=2)
    sizes = np.random.default_rng(1).integers(0, 300, 50_000)
    for partition in range(2):
        topic.append(
            [
                Sent(None if size == 7 else b"%d" % i + bytes(size), timestamp=1_700_000_000_000 + i)
                for i, size in enumerate(sizes.tolist())
            ],
            partition,
        )
    ends = {topic.source(0): 50_000, topic.source(1): 50_000}
    found = []
    for kind in ("confluent", "native"):
        fetcher = open_fetcher(kafka.bootstrap, "g", "test", kind)
        assert fetcher.kind.startswith(kind)
        fetcher.assign(dict.fromkeys(ends, 0))
        taken = drain(fetcher, ends, rows=9_999)
        found.append(
            {
                source: (
                    [value for run in runs for value in values_of(run)],
                    np.concatenate([run.offsets for run in runs]).tolist(),
                    np.concatenate([run.timestamps for run in runs]).tolist(),
                )
                for source, runs in taken.items()
            }
        )
        fetcher.close()
    assert found[0] == found[1]
    assert [len(values) for values, _, _ in found[0].values()] == [50_000, 50_000]

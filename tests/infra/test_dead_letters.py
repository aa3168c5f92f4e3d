"""Dead letters on a real broker: shown, sent again byte for byte, once at any kill -9, and not for ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.dead_letters.advice import advice
from infra.dead_letters.replay import MAX_REPLAYS, ReplayError, plan, recover, send
from producers.dead_letters.contents import contents, hexdump, readable
from producers.dead_letters.letters import Letter, Place, Selection, letters
from producers.dead_letters.marks import Ledger, LedgerError, mark, standing, this_process
from schemas import records
from schemas.catalogue import DEAD_LETTER_SUFFIX, PERMITS, REVENUE, Layout, Topic
from schemas.codec import Codec
from schemas.dead_letters import DeadLetter, replayed_headers, split
from schemas.registry import open_ids
from tests.conftest import TestKafka

ROOT = Path(__file__).parents[2]
NADI = (sys.executable, "-m", "infra.cli")
JUNK = b'{"amount": 5}'


@dataclass
class Desk:
    """One set of topics, with writers of letters that do as the engine and the sink do."""

    kafka: TestKafka
    folder: Path
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        self.layout = self.kafka.layout(partitions=2)
        self.settings = self.kafka.settings(self.layout)

    def publish(
        self, values: list[bytes | None], topic: Topic = REVENUE, partition: int = 0, **more: Any
    ) -> None:
        from confluent_kafka import Producer

        producer: Any = Producer({"bootstrap.servers": self.kafka.bootstrap, "enable.idempotence": True})
        for value in values:
            producer.produce(self.layout.topic(topic.name), value=value, partition=partition, **more)
        assert producer.flush(30) == 0

    def source(self, topic: Topic = REVENUE, partition: int = 0) -> list[Any]:
        return self.read(topic.name, partition)

    def read(self, name: str, partition: int = 0) -> list[Any]:
        return list(records.read(self.kafka.bootstrap, {(self.layout.topic(name), partition): None}))

    def fail(
        self,
        messages: list[Any],
        reason: str = "UnknownSchemaId",
        stage: str = "decode",
        group: str = "workers",
        *,
        commit: bool = True,
    ) -> None:
        """Dead letters of these messages, in one transaction, as the engine writes them."""
        from confluent_kafka import Producer

        producer: Any = Producer(
            {"bootstrap.servers": self.kafka.bootstrap, "transactional.id": f"{self.layout.prefix}{group}"}
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        for m in messages:
            letter = DeadLetter(
                m.topic(),
                m.partition(),
                m.offset(),
                m.timestamp()[1],
                m.key(),
                m.value(),
                reason,
                "why",
                stage,
                group,
                77,
                m.headers() or (),
            )
            producer.produce(
                m.topic() + DEAD_LETTER_SUFFIX,
                key=letter.key,
                value=letter.value,
                partition=letter.partition,
                headers=letter.all_headers(),
            )
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)

    def nadi(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        options = [
            "--set",
            f"kafka.bootstrap_servers={self.kafka.bootstrap}",
            "--set",
            f"kafka.topic_prefix={self.layout.prefix}",
        ]
        return subprocess.run(
            [*NADI, *options, "--set", "kafka.partitions=2", "dlq", *words],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200", **environment},
            stdin=subprocess.DEVNULL,
        )

    def answer(self, *words: str, code: int = 0) -> Any:
        done = self.nadi(*words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def replay(self, selection: Selection | None = None, *, force: bool = False) -> int:
        with Ledger(self.settings) as ledger:
            recover(self.settings, ledger)
            made = plan(self.settings, selection or Selection(), ledger.marks, force=force)
            return send(self.settings, ledger, made.items).sent


@pytest.fixture
def desk(kafka: TestKafka, tmp_path: Path) -> Desk:
    return Desk(kafka, tmp_path)


def receipt(**more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "source": "/bapenda",
        "opd": "5.02",
        "occurred_at": 1_750_000_000_000,
        "kind": "receipt",
        "cash_office": "K1",
        "account": "4.1.01",
        "amount": 5,
        **more,
    }


# ---- headers


def test_a_letter_of_a_letter_gives_back_what_was_sent() -> None:
    came = [("ce_id", b"1"), ("dlq.attempt", b"forged"), ("empty", None)]
    first = DeadLetter("t", 1, 2, 3, b"k", b"v", "A", "m", "decode", "g", 100, came).all_headers()
    assert split(first)[0] == came
    again = replayed_headers(first, "t/1/2", "run")
    second = DeadLetter("t", 1, 9, 3, b"k", b"v", "B", "m", "accept", "g", 200, again).all_headers()
    original, ours = split(second)
    assert original == again
    assert (ours["dlq.error.class"], ours["dlq.original.offset"]) == ("B", "9")
    assert ours["dlq.attempt"] == "3"  # the forged one counts against its sender
    assert ours["dlq.first_failed_at"] == "100"
    assert split([("a", b"b")]) == ([("a", b"b")], {})


def test_a_place_is_read_as_it_is_written() -> None:
    assert Place.parse(str(Place("a.b", 3, 17))) == Place("a.b", 3, 17)
    for wrong in ("a/1", "a/1/2/3", "a/-1/2", "a/1/x", "/1/2", "a/1/²"):
        with pytest.raises(ValueError, match="topic/partition/offset"):
            Place.parse(wrong)


# ---- contents


def test_contents_go_as_far_as_they_can() -> None:
    ids = open_ids()
    value = Codec(REVENUE.schema, ids).encode(receipt())
    whole = contents(value, REVENUE.name, ids)
    assert dict(whole.fields)["amount"] == 5
    assert whole.stopped == ""
    half = contents(value[:60], REVENUE.name, ids)
    assert whole.fields[: len(half.fields)] == half.fields
    assert 0 < len(half.fields) < len(whole.fields)
    assert half.stopped
    other = contents(value[:1] + b"\x00\x0f\xff\xff" + value[5:], REVENUE.name, ids)
    assert other.assumed
    assert other.fields == whole.fields
    assert "+3" in contents(value + b"xyz", REVENUE.name, ids).stopped
    for bad in (None, b"", JUNK):
        assert contents(bad, REVENUE.name, ids).stopped


def test_no_control_character_reaches_the_terminal() -> None:
    assert readable(b"\x1b[31mred") == "0x1b5b33316d726564"
    assert readable("ASN é".encode()) == "ASN é"
    assert readable(None) == "null"
    lines = list(hexdump(bytes(range(40))))
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[1].startswith("00000010  10 11")


def test_every_reason_that_the_code_gives_has_an_advice() -> None:
    import re

    given: set[str] = set()
    for file in (*(ROOT / "streams").rglob("*.py"), *(ROOT / "schemas").glob("*.py")):
        given |= set(
            re.findall(
                r'"((?:Unknown|Bad|Impossible|Amount|Missing|Wrong|Negative|Far|Null|Trunc|Trail|Undec|Processor)[A-Z]?\w+)"',
                file.read_text(),
            )
        )
    given -= {"November"}
    unknown = advice("nothing of the kind").text
    assert len(given) >= 15
    assert [reason for reason in sorted(given) if advice(reason).text == unknown] == []


# ---- reading


@pytest.mark.kafka
def test_letters_are_read_over_the_holes_that_transactions_leave(desk: Desk) -> None:
    desk.publish([JUNK, None, b"\x01"], key=b"k")
    desk.publish([JUNK], PERMITS, 1)
    came = desk.source()
    desk.fail(came[:1], commit=False)
    desk.fail(came)
    desk.fail(came[1:2], "NullValue", "insert", "sink")
    desk.fail(came[1:2], "NullValue", "insert", "sink")  # a sink that was killed writes it once more
    desk.fail(desk.source(PERMITS, 1), "BadMagic")
    found = list(letters(desk.settings, Selection()))
    assert [(str(f.original), f.group) for f in found if f.place.topic.startswith("revenue")] == [
        ("revenue.receipts/0/0", "workers"),
        ("revenue.receipts/0/1", "workers"),
        ("revenue.receipts/0/2", "workers"),
        ("revenue.receipts/0/1", "sink"),
    ]
    assert len(found) == 5

    def count(**more: Any) -> int:
        return len(list(letters(desk.settings, Selection(**{k: frozenset(v) for k, v in more.items()}))))

    assert count(topics=[PERMITS.name]) == 1
    assert count(reasons=["NullValue"]) == 1
    assert count(stages=["insert"]) == 1
    assert count(sources=["/nobody"]) == 0
    assert count(places=[Place(REVENUE.name, 0, 1)]) == 2
    assert count(places=[found[0].place]) == 1
    first = min(letter.written_at for letter in found)
    assert len(list(letters(desk.settings, Selection(until=first)))) == 0
    assert len(list(letters(desk.settings, Selection(since=first)))) == 5


@pytest.mark.kafka
def test_list_groups_and_show_tells_everything(desk: Desk) -> None:
    value = Codec(REVENUE.schema, open_ids()).encode(receipt(amount=-1))
    desk.publish([value], key=b"5.02|K1", headers=[("ce_source", b"/bapenda"), ("bad", b"\x1b[2J")])
    desk.publish([JUNK, JUNK])
    came = desk.source()
    desk.fail(came[:1], "NegativeAmount", "accept")
    desk.fail(came[:1], "NegativeAmount", "insert", "sink")
    desk.fail(came[1:], "BadMagic")
    groups = {(g["reason"], g["stage"]): g for g in desk.answer("list")}
    assert {key: g["letters"] for key, g in groups.items()} == {
        ("NegativeAmount", "accept"): 1,
        ("NegativeAmount", "insert"): 1,
        ("BadMagic", "decode"): 2,
    }
    assert groups["NegativeAmount", "accept"]["sources"] == {"/bapenda": 1}
    table = desk.nadi("list").stdout
    assert "NegativeAmount" in table
    assert "pengirim" in table
    each = desk.nadi("list", "--each", "--source", "/bapenda").stdout.splitlines()
    assert len(each) == 2
    shown = desk.nadi("show", each[0].split()[0])
    assert shown.returncode == 0, shown.stderr
    for text in (
        "amount: -1",
        "ce_source: /bapenda",
        "kunci: 5.02|K1",
        "Minta pengirim memperbaiki",
        "bad: 0x1b5b324a",
        "00000000  00",
    ):
        assert text in shown.stdout
    (said, _sinks) = desk.answer("show", f"{REVENUE.name}/0/0")
    assert bytes.fromhex(said["value_hex"]) == value
    assert said["fields"]["amount"] == -1
    assert "Ask the sender" in desk.nadi("show", each[0].split()[0], NADI_LANG="en").stdout
    assert desk.nadi("show", "revenue.receipts/1/5").returncode == 1
    wrong = desk.nadi("show", "revenue.receipts/1")
    assert (wrong.returncode, "permits.steps.dlq/0/17" in wrong.stderr) == (2, True)
    assert desk.nadi("list", "--domain", "nothing").returncode == 2
    assert desk.nadi("list", "--since", "yesterday").returncode == 2


# ---- replay


@pytest.mark.kafka
def test_a_replay_sends_the_same_bytes_once(desk: Desk) -> None:
    headers = [("ce_id", b"1"), ("none", None), ("ce_id", b"2"), ("raw", b"\xff\x00")]
    values = [b"\x00\x00\x00\x00\x09" + bytes([i]) * i for i in range(20)] + [None, b""]
    desk.publish(values, partition=1, key=b"\x00key", headers=headers)
    desk.publish([JUNK], partition=1)
    came = desk.source(partition=1)
    desk.fail(came)
    desk.fail(came, "UnknownSchemaId", "insert", "sink")
    dry = desk.answer("replay", "--reason", "UnknownSchemaId")
    assert (dry["chosen"], dry["sent"]) == (23, 0)
    assert len(desk.source(partition=1)) == 23
    done = desk.answer("replay", "--yes")
    assert (done["sent"], done["failed"], done["gone"]) == (23, 0, 0)
    again = desk.source(partition=1)[23:]
    assert [(m.key(), m.value()) for m in again] == [(m.key(), m.value()) for m in came]
    for before, after in zip(came, again, strict=True):
        kept = len(before.headers() or ())
        assert list(after.headers()[:kept]) == list(before.headers() or ())
        assert dict(after.headers()[kept:]) == {
            "dlq.attempt": b"1",
            "dlq.first_failed_at": b"77",
            "dlq.replay.of": f"{REVENUE.name}/1/{before.offset()}".encode(),
            "dlq.replay.run": done["run"].encode(),
        }
    assert desk.answer("replay", "--yes")["sent"] == 0
    assert desk.answer("list") == []
    assert [g["handled"] for g in desk.answer("list", "--all")] == [23, 23]
    assert len(desk.source(partition=1)) == 46
    named = desk.answer("replay", f"{REVENUE.name}/1/0", "--yes", "--force", code=1)
    assert [r["why"] for r in named["refused"]] == ["replayed"]
    assert "dikirim ulang" in desk.nadi("list", "--each", "--all").stdout


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("failpoint", "certain"),
    [("dlq-before-send", 0), ("dlq-delivered", None), ("dlq-after-send", 500), ("dlq-after-mark", None)],
)
def test_a_killed_replay_is_taken_up_where_it_was(desk: Desk, failpoint: str, certain: int | None) -> None:
    """``certain`` is how many of the first batch had been sent, where the failpoint settles that."""
    values = [b"\x00\x00\x00\x00\x09" + str(i).encode() * 5_000 for i in range(510)]
    desk.publish(list(values))
    desk.fail(desk.source())
    killed = desk.nadi("replay", "--yes", NADI_FAILPOINT=failpoint)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    marked = Counter(one.action for one in standing(desk.settings).values())
    assert marked == ({"replayed": 500} if failpoint == "dlq-after-mark" else {"sending": 500})
    settled = desk.nadi("replay", "--yes", "--reason", "Nothing")  # sends nothing
    on_topic = Counter(m.value() for m in desk.source())
    sent = sum(1 for count in on_topic.values() if count == 2)
    if failpoint != "dlq-after-mark":
        assert f"{sent} rekaman ternyata sudah terkirim, {500 - sent} belum" in settled.stderr
    if failpoint == "dlq-delivered":
        assert 0 < sent < 500
    if certain is not None:
        assert sent == certain
    done = desk.answer("replay", "--yes")
    assert done["sent"] == 510 - sent
    assert Counter(m.value() for m in desk.source()) == dict.fromkeys(values, 2)
    assert {one.action for one in standing(desk.settings).values()} == {"replayed"}
    assert desk.answer("list") == []
    last = standing(desk.settings)[Place(REVENUE.name, 0, 7)]
    assert last.offset is not None
    assert desk.source()[last.offset].value() == values[7]


@pytest.mark.kafka
def test_the_loop_guard_holds_after_three_replays(desk: Desk) -> None:
    desk.publish([JUNK])
    for attempt in range(1, MAX_REPLAYS + 1):
        desk.fail(desk.source()[-1:], "BadMagic")
        assert desk.replay() == 1
        assert len(desk.source()) == attempt + 1
    desk.fail(desk.source()[-1:], "BadMagic")
    refused = desk.answer("replay", "--yes", code=1)
    assert [(r["why"], r["attempt"]) for r in refused["refused"]] == [("guard", 4)]
    desk.publish([b"\x00\x00\x00\x00\x09good"])
    desk.fail(desk.source()[-1:])
    assert desk.answer("replay", "--yes", code=1)["sent"] == 0  # stop: nothing at all
    assert "4 kali gagal" in desk.nadi("replay", "--yes").stderr
    assert desk.answer("replay", "--yes", "--on-failure", "skip")["sent"] == 1
    assert desk.answer("replay", "--yes", "--force")["sent"] == 1
    assert [m.value() for m in desk.source()] == [JUNK] * 4 + [b"\x00\x00\x00\x00\x09good"] * 2 + [JUNK]
    last = [name for name, _ in desk.source()[-1].headers()]
    assert last.count("dlq.attempt") == 4


@pytest.mark.kafka
def test_what_is_dropped_is_remembered_with_who_and_why(desk: Desk) -> None:
    desk.publish([JUNK, JUNK])
    desk.fail(desk.source(), "BadMagic")
    place = f"{REVENUE.name}/0/0"
    assert desk.nadi("drop", "--because", "uji coba").returncode == 2
    assert desk.nadi("drop", place).returncode == 2
    assert desk.answer("drop", place, "--because", "uji coba") == {"chosen": 1, "dropped": 0}
    assert [g["letters"] for g in desk.answer("list")] == [2]
    assert desk.answer("drop", place, "--because", "uji coba", "--yes") == {"chosen": 1, "dropped": 1}
    assert [g["letters"] for g in desk.answer("list")] == [1]
    assert desk.answer("drop", place, "--because", "lagi", "--yes")["dropped"] == 0
    (said,) = desk.answer("show", place)
    assert (said["state"], said["mark"]["because"], bool(said["mark"]["by"])) == ("dropped", "uji coba", True)
    assert "uji coba" in desk.nadi("show", place).stdout
    assert desk.answer("replay", "--yes")["sent"] == 1
    assert [r["why"] for r in desk.answer("replay", place, "--yes", code=1)["refused"]] == ["dropped"]
    assert desk.answer("replay", place, "--yes", "--force")["sent"] == 1


@pytest.mark.kafka
def test_a_letter_that_names_another_topic_is_not_followed(desk: Desk) -> None:
    from confluent_kafka import Producer

    producer: Any = Producer({"bootstrap.servers": desk.kafka.bootstrap})
    forged = DeadLetter(
        desk.layout.topic(PERMITS.name), 0, 0, 3, b"k", b"v", "BadMagic", "m", "decode", "g", 4
    )
    for headers in (forged.all_headers(), [("dlq.attempt", b"1")], []):
        producer.produce(desk.layout.topic(REVENUE.dead_letters), b"v", partition=0, headers=headers)
    producer.flush(10)
    made = desk.answer("replay", code=1)
    assert [r["why"] for r in made["refused"]] == ["malformed"] * 3
    assert (
        desk.answer("drop", f"{REVENUE.dead_letters}/0/1", "--because", "bukan surat", "--yes")["dropped"]
        == 1
    )
    assert len(desk.answer("replay", code=1)["refused"]) == 2
    assert desk.source(PERMITS) == []


@pytest.mark.kafka
def test_one_replay_at_a_time(desk: Desk) -> None:
    desk.publish([JUNK])
    desk.fail(desk.source())
    with Ledger(desk.settings) as first, Ledger(desk.settings) as second:
        second.write([])
        with pytest.raises(LedgerError):
            first.write([mark(Place(REVENUE.name, 0, 0), "dropped", because="late")])
        assert standing(desk.settings) == {}
        second.write([mark(Place(REVENUE.name, 0, 0), "sending", run="r", offset=1, process=this_process())])
    done = desk.nadi("replay", "--yes")
    assert done.returncode == 1
    assert f"pid {os.getpid()}" in done.stderr
    assert "pengiriman terputus" in desk.nadi("list", "--each").stdout


@pytest.mark.kafka
def test_a_record_that_the_broker_refuses_stays_open(desk: Desk) -> None:
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

    desk.publish([b"x" * 5000, b"small", b"x" * 6000])
    desk.fail(desk.source())
    entry = ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(
        ConfigResource.Type.TOPIC, desk.layout.topic(REVENUE.name), incremental_configs=[entry]
    )
    admin = desk.kafka.admin()
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)
    with Ledger(desk.settings) as ledger:
        items = plan(desk.settings, Selection(), ledger.marks, force=False).items
        with pytest.raises(ReplayError) as failure:
            send(desk.settings, ledger, items)
        assert (failure.value.outcome.sent, failure.value.outcome.failed) == (1, 2)
        assert recover(desk.settings, ledger) == (0, 2)
    assert [
        str(item.original)
        for item in plan(desk.settings, Selection(), standing(desk.settings), force=False).items
    ] == [
        f"{REVENUE.name}/0/0",
        f"{REVENUE.name}/0/2",
    ]
    assert desk.answer("replay", "--yes", "--on-failure", "skip", code=1)["failed"] == 2


def test_letters_without_headers_say_so() -> None:
    class Message:
        def topic(self) -> str:
            return "revenue.receipts.dlq"

        def partition(self) -> int:
            return 0

        def offset(self) -> int:
            return 4

        def headers(self) -> None:
            return None

        def timestamp(self) -> tuple[int, int]:
            return 2, 99

    from producers.dead_letters.letters import letter_of

    letter = letter_of(Message(), Layout())
    assert isinstance(letter, Letter)
    assert (letter.original, letter.subject, letter.attempt, letter.written_at) == (None, letter.place, 1, 99)

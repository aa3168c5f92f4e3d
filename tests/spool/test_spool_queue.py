"""Putting: what is stored, what is refused at once, and the bounds."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from spool_ground import SOURCE, Ground, event

from producers.spool import EventError, Queue, SpoolBusyError, SpoolError, SpoolFullError
from producers.spool.outgoing import Outlet

Make = Callable[..., Ground]
AT = "2026-11-28T09:30:00+07:00"


def bodies(made: Ground) -> list[dict[str, object]]:
    return [json.loads(one.body) for one in Outlet.open(made.folder).waiting(100)]


def test_what_an_event_lacks_is_filled_in_once(ground: Make) -> None:
    made = ground("http://x")
    with made.queue() as queue:
        id_ = queue.send(event("A"))
        queue.send({**event("B", occurred_at=1), "source": "/opd/2.18.01/lain"})
    first, second = bodies(made)
    assert (first["id"], first["source"], first["specversion"]) == (id_, SOURCE, "1.0")
    assert datetime.now(UTC) - datetime.fromisoformat(str(first["time"])) < timedelta(minutes=1)
    assert "time" not in second
    assert second["source"] == "/opd/2.18.01/lain"


def test_putting_the_same_again_changes_nothing(ground: Make) -> None:
    made = ground("http://x")
    with made.queue() as queue:
        own = {**event("A"), "id": "x-1", "time": AT}
        assert queue.send_many([own, own]) == ["x-1", "x-1"]
        assert queue.send(dict(reversed(own.items()))) == "x-1"
        with pytest.raises(EventError, match="isi lain"):
            queue.send({**own, "time": "2026-11-28T09:31:00+07:00"})
    assert made.status().waiting == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"data": []}, "data: wajib objek"),
        ({"type": ""}, "type: wajib teks"),
        ({"source": None}, "source: wajib teks"),
        ({"id": "x"}, "time: wajib diisi"),
        ({"id": "x" * 257, "time": AT}, "257 huruf"),
        ({"data": {"a": datetime(2026, 1, 1, tzinfo=UTC)}}, "ubah tanggal menjadi teks"),
        ({"data": {"a": float("nan")}}, "NaN"),
        ({"data": {"a": "\ud800"}}, "JSON"),
        ({"data": {"a": "x" * 3_600_000}}, "paling banyak"),
    ],
)
def test_what_could_never_be_sent_is_refused_and_nothing_is_stored(
    ground: Make, wrong: dict[str, object], said: str
) -> None:
    made = ground("http://x")
    with made.queue() as queue, pytest.raises(EventError, match=said):
        queue.send_many([event("A"), {**event("B"), **wrong}])
    assert made.status().waiting == 0


def test_a_full_queue_says_how_much_waits_since_when_and_loses_nothing(ground: Make) -> None:
    made = ground("http://x")
    with made.queue(most_rows=3) as queue:
        ids = [queue.send(event("A")) for _ in range(3)]
        with pytest.raises(SpoolFullError) as caught:
            queue.send(event("A"))
        said = str(caught.value)
        assert "1 kejadian TIDAK disimpan" in said
        assert "3 menunggu sejak 20" in said
        assert "nadi spool run" in said
    with Queue(made.folder, source=SOURCE) as other:  # the bound is the queue's, not the process's
        with pytest.raises(SpoolFullError):
            other.send(event("A"))
        assert [one.id for one in Outlet.open(made.folder).waiting(10)] == ids
        Outlet.open(made.folder).mark([1], [])
        other.send(event("A"))
    assert made.status().waiting == 3


def test_bytes_bound_it_too_and_are_counted_right(ground: Make) -> None:
    made = ground("http://x")
    with made.queue(most_bytes=10_000) as queue:
        queue.send_many([event("A")] * 5)
        with pytest.raises(SpoolFullError, match="10000 byte"):
            queue.send_many([event("A")] * 60)
    with sqlite3.connect(made.folder / "queue.db") as rows:
        counted = rows.execute("SELECT count(*), sum(length(body)) FROM waiting").fetchone()
    assert counted == (made.status().waiting, made.status().bytes)
    assert counted[1] <= 10_000


def test_threads_and_queues_share_one_folder(ground: Make) -> None:
    made = ground("http://x")

    def put(number: int) -> None:
        with made.queue() as queue:
            for _ in range(20):
                queue.send(event(f"T{number}"))

    threads = [threading.Thread(target=put, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.status().waiting == 120


def test_a_queue_that_is_held_for_long_is_not_waited_for_without_end(
    ground: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.spool.database.BUSY_SECONDS", 0.2)
    made = ground("http://x")
    with made.queue() as queue:
        holder = sqlite3.connect(made.folder / "queue.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(SpoolBusyError, match="dipegang proses lain"):
            queue.send(event("A"))
        holder.execute("ROLLBACK")
        queue.send(event("A"))


def test_a_damaged_file_is_named(ground: Make) -> None:
    made = ground("http://x")
    made.put(1)
    for name in ("queue.db-wal", "queue.db-shm"):
        (made.folder / name).unlink(missing_ok=True)
    (made.folder / "queue.db").write_bytes(b"x" * 8192)
    with pytest.raises(SpoolError, match=r"queue\.db tidak dapat dipakai"):
        made.queue()


def test_only_its_user_may_look_into_the_folder(ground: Make, tmp_path: Path) -> None:
    made = ground("http://x")
    made.put(1)
    assert made.folder.stat().st_mode & 0o077 == 0
    with pytest.raises(SpoolError, match="belum ada antrean"):
        Outlet.open(tmp_path)

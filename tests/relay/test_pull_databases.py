"""`nadi pull` over every database and the running gateway: each row once, corrections, anomalies, kills."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

import pytest
from gateway_running import Running
from pull_ground import PullGround, assert_stands, on_kafka
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from producers.pull.config import PullError, Source
from producers.pull.database import Database

pytestmark = pytest.mark.kafka
Make = Callable[..., PullGround]
KINDS = ["sqlite", "mysql", "postgresql"]


def url(gateway: Running) -> str:
    return f"http://127.0.0.1:{gateway.port}"


@pytest.mark.parametrize("database", KINDS)
def test_rows_changes_and_anomalies(gateway: Running, pulled: Make, database: str) -> None:
    made = pulled(database, url(gateway))
    made.write(1, 1200, "2026-11-28 08:00:00")
    made.write(1500, 100, "2026-11-28 09:00:00")
    assert made.pull().sent == 1300
    assert made.pull().sent == 0
    made.write(1600, 10, "2026-11-28 09:05:00")  # ordinary
    made.sql("UPDATE izin SET loket = 'B', diubah = '2026-11-28 09:06:00' WHERE id = 3")  # ordinary
    made.sql("UPDATE izin SET loket = 'C' WHERE id = 1501")  # silent, in the overlap
    made.sql("UPDATE izin SET loket = 'C' WHERE id = 4")  # silent, far below
    made.write(1401, 1, "2026-11-28 08:55:00")  # late, in the overlap
    made.write(1402, 1, "2026-11-28 08:05:00")  # late, far below
    made.sql("DELETE FROM izin WHERE id IN (1502, 5)")  # gone in the overlap, and far below
    assert made.pull().sent == 10 + 3
    assert made.anomalies() == {"changed-without-watermark": [1501], "late": [1401], "vanished": [1502]}
    assert made.pull(sweep=True).sent == 2
    expected = {"changed-without-watermark": [4, 1501], "late": [1401, 1402], "vanished": [5, 1502]}
    assert made.anomalies() == expected
    made.write(1700, 3, "2026-11-28 07:30:00")  # the clock was set back
    made.write(1703, 3, "2026-11-28 07:31:00")
    assert made.pull().sent == 6
    made.write(1706, 3, "2026-11-28 07:32:00")  # and goes on there
    assert made.pull().sent == 3
    assert made.pull(sweep=True).sent == 0
    assert made.anomalies() == {**expected, "clock-set-back": list(range(1700, 1706))}
    events = on_kafka(gateway, made.source)
    assert_stands(events, {**made.table(), 5: "A", 1502: "A"})
    assert sum(event["mode"] == "backfill" for event in events) == 1300
    status = made.status()
    assert (status["rows"], status["gone"], status["waiting"], status["set_aside"]) == (1321, 2, 0, 0)
    assert status["anomalies"] == {
        "changed-without-watermark": 2,
        "late": 2,
        "vanished": 2,
        "clock-set-back": 6,
    }


def test_back_to_what_it_was_and_moved(gateway: Running, pulled: Make) -> None:
    made = pulled("sqlite", url(gateway))
    made.write(1, 2, "2026-11-28 08:00:00")
    made.pull()
    for loket in "BAB":
        made.sql(f"UPDATE izin SET loket = '{loket}'")
        assert made.pull().sent == 2
    assert_stands(on_kafka(gateway, made.source), {1: "B", 2: "B"})
    made.sql("UPDATE izin SET nomor = 'LAIN' WHERE id = 1")
    assert made.pull().sent == 0
    assert made.anomalies()["moved"] == [1]
    made.sql("DELETE FROM izin WHERE id = 2")
    made.pull()
    made.write(2, 1, "2026-11-28 08:00:00", loket="B")
    assert made.pull().sent == 0
    assert (made.anomalies()["vanished"], made.anomalies()["reappeared"]) == ([2], [2])


def test_a_watermark_that_is_empty_until_the_first_change(gateway: Running, pulled: Make) -> None:
    made = pulled("sqlite", url(gateway))
    made.write(1, 2, "2026-11-28 08:00:00")
    made.pull()
    made.sql("INSERT INTO izin (id, nomor, loket, tanggal) VALUES (9, 'X', 'A', '2026-11-01 08:00:00')")
    done = made.pull()
    assert (done.sent, done.waiting_for) == (1, "")
    made.sql("UPDATE izin SET loket = 'B', diubah = '2026-11-28 08:01:00' WHERE id = 9")
    assert made.pull().sent == 1
    assert made.anomalies() == {}
    assert_stands(on_kafka(gateway, made.source), made.table())


def test_a_query_and_keys_that_are_no_numbers(gateway: Running, pulled: Make) -> None:
    made = pulled("postgresql", url(gateway))
    made.sql("CREATE TABLE surat (id UUID PRIMARY KEY, nomor TEXT NOT NULL, pada TIMESTAMP)")
    add = "INSERT INTO surat SELECT gen_random_uuid(), 'IZIN-' || n, TIMESTAMP '2026-11-28 08:00:00' + n * INTERVAL '{}' FROM generate_series(1, 5) n"
    made.sql(add.format("1 second"))
    mapping = (made.folder / "pemetaan.toml").read_text()
    changed = mapping.replace('unit = "loket"\n', "").replace('register_number = "id"\n', "")
    (made.folder / "pemetaan.toml").write_text(changed.replace('"tanggal"', '"waktu"'))
    query = "SELECT id, nomor, pada AS waktu, '08:00:00'::TEXT AS jam FROM surat WHERE nomor LIKE 'IZIN%'"
    made.set(table="", query=query, watermark="waktu", page=2)
    assert made.pull().sent == 5
    made.sql(add.format("-1 hour"))
    assert made.pull().sent == 0
    assert made.pull(sweep=True).sent == 5
    assert made.pull(sweep=True).sent == 0
    assert made.status()["anomalies"] == {"late": 5}


@pytest.mark.parametrize(("on_change", "sent"), [("report", 0), ("new", 1)])
def test_what_a_change_means_is_chosen(gateway: Running, pulled: Make, on_change: str, sent: int) -> None:
    made = pulled("sqlite", url(gateway))
    made.set(on_change=on_change)
    made.write(1, 1, "2026-11-28 08:00:00")
    made.pull()
    made.sql("UPDATE izin SET loket = 'B', diubah = '2026-11-28 08:01:00'")
    assert made.pull().sent == sent
    assert made.anomalies() == ({} if sent else {"changed-not-sent": [1]})
    assert [event["corrects"] for event in on_kafka(gateway, made.source)] == [None] * (1 + sent)


def test_refused_rows_are_sent_once_they_are_mended(gateway: Running, pulled: Make) -> None:
    made = pulled("sqlite", url(gateway))
    made.write(1, 3, "2026-11-28 08:00:00")
    made.sql("UPDATE izin SET tanggal = 'kemarin' WHERE id = 1")  # no time
    made.sql("UPDATE izin SET tanggal = '2099-11-01 08:00:00' WHERE id = 2")  # refused by the gateway
    assert made.pull().sent == 1
    status = made.status()
    assert status["set_aside"] == 2
    assert [one["key"] for one in status["refused"]] == ["1", "2"]
    assert made.pull().sent == 0
    made.sql("UPDATE izin SET tanggal = '2026-11-01 08:00:00', loket = 'A'")
    assert made.pull().sent == 2
    assert_stands(on_kafka(gateway, made.source), {1: "A", 2: "A", 3: "A"})


@pytest.mark.parametrize("database", KINDS)
def test_nothing_can_be_written(pulled: Make, database: str) -> None:
    made = pulled(database, "http://127.0.0.1:1")
    made.write(1, 1, "2026-11-28 08:00:00")
    opened = Database(Source(made.file), made.address)
    with opened._engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("DELETE FROM izin"))
    opened.close()
    assert made.table() == {1: "A"}


@pytest.mark.parametrize(("database", "slow"), [("mysql", "SLEEP(30)"), ("postgresql", "pg_sleep(30)")])
def test_a_statement_ends_in_time(pulled: Make, database: str, slow: str) -> None:
    made = pulled(database, "http://127.0.0.1:1")
    made.write(1, 1, "2026-11-28 08:00:00")
    made.set(timeout=0.3)
    opened, began = Database(Source(made.file), made.address), time.monotonic()
    with opened._engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(f"SELECT {slow} FROM izin"))
    assert time.monotonic() - began < 25  # the statement sleeps for 30
    opened.close()


def test_select_on_one_view_is_enough(gateway: Running, pulled: Make) -> None:
    made = pulled("mysql", url(gateway))
    made.write(1, 5, "2026-11-28 08:00:00")
    name = made.engine.url.database
    made.sql("CREATE VIEW izin_nadi AS SELECT id, nomor, loket, tanggal, diubah FROM izin")
    made.sql("CREATE OR REPLACE USER baca@'%' IDENTIFIED BY 'uji-coba'")
    made.sql(f"GRANT SELECT ON {name}.izin_nadi TO baca@'%'")
    made.set(table="izin_nadi")
    environment = (made.folder / ".env").read_text().replace("mysql://opd:", "mysql://baca:")
    (made.folder / ".env").write_text(environment)
    assert made.pull().sent == 5
    made.set(query="SELECT * FROM izin_nadi WHERE loket = 'A'", table="")
    with pytest.raises(PullError, match="lain dari yang dulu"):
        made.pull()


@pytest.mark.parametrize(
    "point", ["pull-before-commit", "pull-committed", "sending-answered", "sending-marked"]
)
def test_killed_at_a_point(gateway: Running, pulled: Make, point: str) -> None:
    made = pulled("sqlite", url(gateway))
    made.write(1, 1700, "2026-11-28 08:00:00")
    for passed in (0, 1):
        made.once(code=-signal.SIGKILL, NADI_FAILPOINT=f"{point}:{passed}")
        made.sql("UPDATE izin SET loket = 'B' WHERE id % 5 = 0")
    made.pull(sweep=True)
    assert_stands(on_kafka(gateway, made.source), made.table())


def test_it_goes_on_until_it_is_told_to_stop(gateway: Running, pulled: Make) -> None:
    made = pulled("sqlite", url(gateway))
    made.write(1, 5, "2026-11-28 08:00:00")
    process = made.start("run", str(made.file))
    _until(lambda: len(on_kafka(gateway, made.source)) == 5)
    assert "sedang ditarik" in made.once(code=1)
    made.write(6, 5, "2026-11-28 08:01:00")
    _until(lambda: len(on_kafka(gateway, made.source)) == 10)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "10 terkirim" in out


def test_trying_sends_nothing(pulled: Make) -> None:
    made = pulled("sqlite", "http://127.0.0.1:1")
    made.write(1, 2, "2026-11-28 08:00:00")
    made.sql("UPDATE izin SET nomor = '3201011708900001' WHERE id = 2")
    process = made.start("try", str(made.file), "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found[0]["event"]["case_id"] == "IZIN-0"
    assert "3201011708900001" not in out
    assert not (made.folder / "data" / "pull").exists()


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.3)

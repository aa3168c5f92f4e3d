"""Every database and the running gateway: order, refusals, repeats, one relay at a time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from gateway_running import Running
from relay_ground import INSERT, ROOT, Ground, assert_once_in_order, finished, row
from sqlalchemy import text

pytestmark = pytest.mark.kafka
Make = Callable[..., Ground]


def url(gateway: Running) -> str:
    return f"http://127.0.0.1:{gateway.port}"


def nadi(ground: Ground, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "relay", *words, "--env", str(ground.env)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.mark.parametrize("database", ["sqlite", "mysql", "postgresql"])
def test_rows_arrive_once_and_in_order(gateway: Running, ground: Make, database: str) -> None:
    made = ground(database, url(gateway))
    ids = made.write(450)
    bad = made.add(payload=json.dumps({"case_id": "IZIN-0", "permit_type": 5}))
    own_type = made.add(
        type="id.go.nadi.permits.steps.finished.v1", payload=row("IZIN-0", step="berkas")["payload"]
    )
    ids += [own_type, *made.write(30)]
    said = finished(made.python("--once"), 1)
    assert "481 terkirim, 1 disisihkan" in said
    rows = made.rows()
    assert_once_in_order(gateway, ids, rows)
    assert "/data/permit_type" in rows[bad]["last_error"]
    assert rows[bad]["sent_at"] is None
    assert {found["attempts"] for found in rows.values()} == {1}
    shown = json.loads(nadi(made, "status", "--json", code=1))
    assert (shown["waiting"], shown["sent"], shown["set_aside"]) == (0, 481, 1)
    assert shown["rows"][0]["id"] == bad
    with made.engine.begin() as connection:
        connection.execute(
            text("UPDATE outboxevent SET payload = :p WHERE id = :id"),
            {"p": row("IZIN-0")["payload"], "id": bad},
        )
    assert "1 baris menunggu lagi" in nadi(made, "retry", bad)
    finished(made.python("--once"))
    assert made.states() == {"waiting": 0, "sent": 482, "aside": 0}
    assert_once_in_order(gateway, [*ids, bad], {**rows})


@pytest.mark.parametrize("database", ["sqlite", "mysql", "postgresql"])
def test_one_relay_at_a_time_and_a_clean_end(gateway: Running, ground: Make, database: str) -> None:
    made = ground(database, url(gateway))
    made.write(5)
    first = made.python()
    _until(lambda: made.states()["sent"] == 5)
    assert "relay lain" in finished(made.python("--once"), 1)
    made.write(3)
    _until(lambda: made.states()["sent"] == 8)
    first.send_signal(signal.SIGTERM)
    assert "8 terkirim" in finished(first)


def test_a_late_commit_is_found(gateway: Running, ground: Make, kind: str) -> None:
    made = ground("mysql", url(gateway))
    late = row("IZIN-late")
    with made.engine.connect() as connection:
        connection.execute(text(INSERT), late)
        ids = made.write(3)
        finished(made.relay(kind))
        connection.commit()
    finished(made.relay(kind))
    assert made.states() == {"waiting": 0, "sent": 4, "aside": 0}
    assert_once_in_order(gateway, [late["id"], *ids], made.rows())


def test_both_relays_exclude_each_other(gateway: Running, ground: Make, needs_php: None) -> None:
    made = ground("mysql", url(gateway))
    made.write(1)
    first = made.python()
    _until(lambda: made.states()["sent"] == 1)
    made.set(NADI_URL="http://127.0.0.1:1")
    assert finished(made.php()) == ""
    first.send_signal(signal.SIGINT)
    finished(first)


def test_the_php_file_does_the_same(gateway: Running, ground: Make, kind: str) -> None:
    if kind == "python":
        pytest.skip("the PHP file only")
    made = ground("mysql", url(gateway))
    ids = made.write(450, unit="loket “timur” é 漢")
    bad = made.add(type="Bukan.Jenis")
    broken = made.add(payload="{")
    ids += made.write(30)
    assert "terkirim 480, disisihkan 2" in finished(made.relay(kind), 1)
    rows = made.rows()
    assert_once_in_order(gateway, ids, rows)
    assert rows[bad]["last_error"].startswith("422 ")
    assert "objek JSON" in rows[broken]["last_error"]
    assert {found["attempts"] for found in rows.values()} == {1}


@pytest.mark.parametrize("database", ["sqlite", "mysql"])
def test_rows_that_are_no_events(gateway: Running, ground: Make, database: str) -> None:
    made = ground(database, url(gateway))
    for payload in ("", "[]", "null", '{"x": NaN}', "[" * 10_000, '{"case_id": "\\ud800"}'):
        made.add(payload=payload)
    if database == "sqlite":
        with made.engine.begin() as connection:
            whole = row("IZIN-0")["payload"]
            broken = {**row("IZIN-0"), "payload": whole[:-1].encode() + b', "unit": "\xff"}'}
            connection.execute(text(INSERT.replace(":payload", "CAST(:payload AS TEXT)")), broken)
    good = made.write(3)
    finished(made.python("--once"), 1)
    assert [id_ for id_, found in made.rows().items() if found["sent_at"]] == good
    assert made.states()["waiting"] == 0


def test_a_source_that_is_not_ours_sets_nothing_aside(ground: Make, gateway: Running) -> None:
    made = ground("sqlite", url(gateway), key=str(uuid.uuid4()))
    made.write(2)
    assert "401" in finished(made.python("--once"), 1)
    assert made.states() == {"waiting": 2, "sent": 0, "aside": 0}


def _until(true: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)

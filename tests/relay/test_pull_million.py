"""A MariaDB table with late commits, silent updates, a clock set back, and kills: nothing missed, each anomaly reported.

A few thousand rows; ``PULL_ROWS=1000000`` for the million.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from gateway_running import Running
from pull_ground import PullGround, assert_stands, on_kafka
from sqlalchemy import text

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(7200)]
ROWS = int(os.environ.get("PULL_ROWS", "3000"))
GREAT = ROWS >= 100_000
POINTS = ("pull-before-commit", "pull-committed", "sending-before", "sending-answered", "sending-marked")
PIECES, HELD = 10, 3
#: One row a second, so the overlap of 900 s is 900 rows.
BULK = (
    "INSERT INTO izin (nomor, loket, tanggal, diubah) SELECT CONCAT('IZIN-', seq DIV 3), 'A', '2026-11-01 08:00:00',"
    " TIMESTAMP('2026-11-01 08:00:00') + INTERVAL seq SECOND FROM seq_{first}_to_{last}"
)
ONE = (
    "INSERT INTO izin (nomor, loket, tanggal, diubah) VALUES (:nomor, 'A', '2026-11-01 08:00:00',"
    " TIMESTAMP('2026-11-01 08:00:00') + INTERVAL :second SECOND)"
)
LAST = f"TIMESTAMP('2026-11-01 08:00:00') + INTERVAL {ROWS} SECOND"


def test_nothing_is_missed(gateway: Running, pulled: Callable[..., PullGround]) -> None:
    chance = random.Random(7)  # noqa: S311
    made = pulled("mysql", f"http://127.0.0.1:{gateway.port}")
    made.set(page=1000 if GREAT else 250, timeout=120)
    held = [_filled(made, piece) for piece in range(PIECES)]
    began = time.monotonic()
    for _ in range(4 if GREAT else 2):
        _killed(made, chance)
    maybe = [id_ for transaction in held[:2] for id_ in _committed(transaction)]
    made.once("--json", seconds=3600)
    seconds = time.monotonic() - began
    assert made.status()["first_reading_done"]
    found = made.anomalies().get("late", [])
    assert set(found) <= set(maybe)

    late = [id_ for transaction in held[2:] for id_ in _committed(transaction)]
    ids = sorted(made.table())
    silent = chance.sample(ids[:-1000], 20) + chance.sample(ids[-100:], 5)
    _update(made, silent, "loket = 'B'")
    rest = [id_ for id_ in ids if id_ not in {*silent, *late, *maybe}]
    gone = chance.sample(rest[:-1000], 5) + rest[-3:]
    made.sql(f"DELETE FROM izin WHERE id IN ({_listed(gone)})")
    back = chance.sample(rest[-100:-3], 5)
    _update(made, back, f"loket = 'C', diubah = {LAST} - INTERVAL 2 HOUR")
    ordinary = chance.sample(rest[:-1000], 10)
    _update(made, ordinary, f"loket = 'D', diubah = {LAST} + INTERVAL 1 MINUTE")
    with made.engine.begin() as connection:
        set_back = [_inserted(connection, ROWS - 7200) for _ in range(30)]
    for _ in range(3 if GREAT else 1):
        _killed(made, chance, "--sweep")
    made.once("--sweep", seconds=3600)

    gone = [id_ for id_ in gone if id_ not in back]
    anomalies = made.anomalies()
    assert anomalies["changed-without-watermark"] == sorted(set(silent) - set(gone))
    assert anomalies["vanished"] == sorted(gone)
    assert anomalies["clock-set-back"] == sorted([*back, *set_back])
    assert set(late) <= set(anomalies["late"]) <= {*late, *maybe}
    assert len(anomalies["late"]) == len(set(anomalies["late"]))
    assert set(anomalies) == {"changed-without-watermark", "vanished", "clock-set-back", "late"}
    events = on_kafka(gateway, made.source)
    assert_stands(events, {**made.table(), **dict.fromkeys(gone, "A")})
    assert sum(event["corrects"] is not None for event in events) == len(silent) + len(back) + len(ordinary)
    assert made.pull(sweep=True).sent == 0
    assert made.anomalies() == anomalies
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{ROWS} rows: first reading with kills {seconds:.0f} s, largest process {memory} MiB")


def _filled(made: PullGround, piece: int) -> tuple[Any, list[int]]:
    """A part of the table, with rows before it whose transaction stays open: (connection, their ids)."""
    size = ROWS // PIECES
    holder = made.engine.connect()
    ids = [_inserted(holder, piece * size + 1) for _ in range(HELD)]
    made.sql(BULK.format(first=piece * size + 1, last=(piece + 1) * size))
    return holder, ids


def _inserted(connection: Any, second: int) -> int:
    return int(connection.execute(text(ONE), {"nomor": "IZIN-X", "second": second}).lastrowid)


def _committed(transaction: tuple[Any, list[int]]) -> list[int]:
    holder, ids = transaction
    holder.commit()
    holder.close()
    return ids


def _killed(made: PullGround, chance: random.Random, *words: str) -> None:
    """A run that is killed: at a point passed some times, or, with many rows, at any moment."""
    if GREAT and chance.random() < 0.5:
        process = made.start("run", str(made.file), "--once", *words)
        time.sleep(chance.uniform(3, 20))
        process.kill()
        process.communicate()
        return
    point, passed = chance.choice(POINTS[:2] if words else POINTS), chance.randrange(100 if GREAT else 3)
    process = made.start("run", str(made.file), "--once", *words, NADI_FAILPOINT=f"{point}:{passed}")
    process.communicate(timeout=1800)
    assert process.returncode in (-signal.SIGKILL, 0)


def _update(made: PullGround, ids: list[int], change: str) -> None:
    made.sql(f"UPDATE izin SET {change} WHERE id IN ({_listed(ids)})")


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids))

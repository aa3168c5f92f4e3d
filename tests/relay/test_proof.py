"""EVENTS receipts from an outbox to the totals and to ClickHouse, while gateway, relay and broker are killed -9 in turn:
each is counted exactly once. `make proof` sends a million; the ordinary run a few thousand."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from proof_ground import OPD, SOURCE, Receipts, RelayProcess, Sums, Table, kill_part, kills, wait_for

from benchmarks.running import Running
from schemas.records import read_topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
EVENTS = int(os.environ.get("EVENTS", "3000"))
KILLS = int(os.environ.get("KILLS", "0")) or max(1, EVENTS // 125_000)
SEED = int(os.environ.get("SEED", "1"))
#: A relay, on a machine that does other things as well, sends more than so many rows a second between two kills.
SLOWEST = 150
SAID_EVERY = 20.0


def test_every_event_is_counted_once(tmp_path: Path) -> None:
    stack = Running(tmp_path)
    try:
        table, receipts = Table(tmp_path / "outbox.db"), Receipts(EVENTS)
        table.fill(receipts)
        stack.wait_healthy()
        begun = time.monotonic()
        killed, started = relayed(stack, table, tmp_path)
        seconds = time.monotonic() - begun
        assert table.states() == {"sent": EVENTS, "aside": 0, "rows": EVENTS}
        assert killed == {"gateway": KILLS, "relay": KILLS, "kafka": KILLS}
        wait_for(lambda: rows_of(stack)["events"], EVENTS, 120 + EVENTS / 1000)
        wait_for(lambda: counted(stack), EVENTS, 60)
        assert summed(stack) == {k: v for k, v in receipts.sums.items() if v}, "totals are not the plain sum"
        assert rows_of(stack) == {"rows": EVENTS, "events": EVENTS, "rupiah": receipts.rupiah}
        repeats = Counter(on_topic(stack).values())
        assert set(repeats) == {1}, f"events by how often they stand on the topic: {dict(repeats)}"
        print(
            f"{EVENTS} events in {seconds:.0f} s with {dict(killed)} kills -9, {started} starts of the relay; "
            f"Rp {receipts.rupiah} in the totals, in ClickHouse and by a plain sum"
        )
    finally:
        stack.stop()


def relayed(stack: Running, table: Table, folder: Path) -> tuple[Counter[str], int]:
    """Let the relay send everything, and kill what the plan says: how often each was killed, and starts of the relay."""
    code, key = stack.nadi(
        "opd", "add", OPD, "--requests-per-second", "100000", "--events-per-day", "1000000000",
        "--bytes-per-day", "1000000000000",
    )  # fmt: skip
    assert code == 0
    port = stack.record()["values"]["gateway.port"]
    env = folder / ".env"
    env.write_text(
        f"NADI_URL=http://127.0.0.1:{port}\nNADI_KEY={key['key']}\nNADI_SOURCE={SOURCE}\n"
        f"NADI_OUTBOX=sqlite:///{table.path}\n"
    )
    plan, killed = kills(EVENTS, KILLS, random.Random(SEED)), Counter[str]()  # noqa: S311
    relay = RelayProcess(env, folder / "relay.log")
    began = said = time.monotonic()
    try:
        while (first := table.first_waiting()) is not None:
            now = time.monotonic()
            if now - said > SAID_EVERY:
                said = now
                print(f"{now - began:.0f} s: row {first}, killed {dict(killed)}", flush=True)
            assert now - began < 300 + EVENTS / SLOWEST, f"row {first} is not sent"
            if plan and first > plan[0][0]:
                name = plan[0][1]
                if name == "relay":
                    relay.kill()
                    done = True
                else:
                    done = kill_part(stack, name)
                if done:
                    killed[name] += 1
                    plan.pop(0)
            relay.look()
            time.sleep(0.02)
    finally:
        relay.stop()
    return killed, relay.started


def rows_of(stack: Running) -> dict[str, int]:
    """What ClickHouse has: rows, different event ids, rupiah."""
    code, found = stack.nadi(
        "query",
        "SELECT count() AS rows, uniqExact(event_id) AS events, sum(if(kind = 'void', -amount, amount)) AS rupiah"
        " FROM revenue_receipts",
    )
    assert code == 0, found
    return {name: int(value) for name, value in found["data"][0].items()}


def counted(stack: Running) -> int:
    """Events in the totals, of all days."""
    return sum(
        amount for key, amount in stack.wall().items() if key[:3] == ("revenue.events", "source", SOURCE)
    )


def summed(stack: Running) -> Sums:
    """Rupiah received by account and local day, as the totals have it; zeros left out."""
    return Counter(
        {(k[2], k[3]): v for k, v in stack.wall().items() if k[:2] == ("revenue.received", "account") and v}
    )


def on_topic(stack: Running) -> Counter[str]:
    """How often each event stands on the topic."""
    values = stack.record()["values"]
    topic = values["kafka.topic_prefix"] + "revenue.receipts"
    return Counter(
        dict(m.headers())["ce_id"].decode() for m in read_topics(values["kafka.bootstrap_servers"], [topic])
    )

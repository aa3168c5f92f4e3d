"""``python -m benchmarks gateway``: CPU of the gateway's process per event, beside the plain way and a bare echo.

Batches of 500 and single requests, ``acks=all``, on a broker of its own; the load comes from a process of its own, and
CPU is user and system time of the serving process alone. The gateway is the process that `nadi up` starts: with a key of
`nadi opd add`, quotas, and the protection of persons with its vault. The plain way is the same contract written as most would:
pydantic models, one event after the other, one produce and one wait each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.gateway_load import KEY
from benchmarks.gateway_servers import OPD
from benchmarks.machine import machine
from infra.access import issuing
from infra.embedded import ports
from infra.embedded.kafka import Broker
from infra.settings import Settings, resolve_profile
from producers.access.caller import Quota
from schemas.catalogue import DOMAINS, Layout, create_topics
from schemas.profile import Profile
from schemas.settings import KafkaSettings

RESULTS = Path(__file__).parent / "results"
SERVERS = ("gateway", "plain", "echo")
MOST_US, LEAST_OF_ECHO = 40.0, 0.4


def main(batches: int, singles: int, runs: int) -> dict[str, Any]:
    """Run, print, write; returns the result."""
    from confluent_kafka.admin import AdminClient

    found: dict[str, list[dict[str, float]]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        for run in range(runs):
            for name in SERVERS:
                layout = Layout(f"{name}{run}.")
                create_topics(AdminClient({"bootstrap.servers": broker.bootstrap}), layout)
                kafka = KafkaSettings(bootstrap_servers=broker.bootstrap, topic_prefix=layout.prefix)
                data = Path(folder) / layout.prefix
                found[name].append(_measure(name, kafka, data, batches, singles))
                print(name, json.dumps(found[name][-1]), flush=True)
    best = {name: {key: _best(key, rows) for key in rows[0]} for name, rows in found.items()}
    of_echo = best["gateway"]["singles_per_s"] / best["echo"]["singles_per_s"]
    cpu = best["gateway"]["batch_cpu_us"]
    result = {
        "machine": machine(), "batches_of_500": batches, "singles": singles, "runs": runs, "best": best,
        "batch_cpu_us_per_event": cpu, "wanted_us": MOST_US, "single_of_echo": round(of_echo, 3),
        "wanted_of_echo": LEAST_OF_ECHO, "plain_over_gateway_cpu": round(best["plain"]["batch_cpu_us"] / cpu, 1),
    }  # fmt: skip
    print(
        f"{cpu:.1f} µs of CPU an event in batches of 500 (wanted {MOST_US:.0f}); the plain way takes "
        f"{result['plain_over_gateway_cpu']} times as much; single requests at {of_echo:.2f} of a bare echo "
        f"(wanted {LEAST_OF_ECHO})"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "gateway.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return result


def _best(key: str, rows: list[dict[str, float]]) -> float:
    return (max if key.endswith("per_s") else min)(row[key] for row in rows)


def _start(name: str, kafka: KafkaSettings, data: Path, port: int) -> tuple[subprocess.Popen[bytes], str]:
    """A server, and the key to send to it with."""
    if name != "gateway":
        words = [sys.executable, "-m", "benchmarks.gateway_servers", name, str(port), kafka.model_dump_json()]
        return subprocess.Popen(words), ""
    settings = Settings.load(
        {
            **{f"kafka.{key}": value for key, value in kafka.model_dump(exclude_unset=True).items()},
            "data_dir": data, "gateway.port": port, "identity.vault": True, "profile": "contoh",
        }
    )  # fmt: skip
    wish = issuing.Wish(OPD, types=list(DOMAINS), quota=Quota(1e6, 10**9, 10**12, 500))
    made, _ = issuing.add(kafka, Profile.load(resolve_profile("contoh")), wish)
    words = [sys.executable, "-m", "infra.cli", "run", "gateway"]
    return subprocess.Popen(words, env={**os.environ, **settings.environment()}), made.key


def _measure(name: str, kafka: KafkaSettings, data: Path, batches: int, singles: int) -> dict[str, float]:
    """One server, started, loaded and ended."""
    port = ports.free()[0]
    server, key = _start(name, kafka, data, port)
    try:
        process = psutil.Process(server.pid)
        rows: dict[str, float] = {}
        _load("ready", port, 1, key)
        for kind, count, events in (("batch", batches, 500), ("singles", singles, 1)):
            if name == "echo" and kind == "batch":
                rows["batch_cpu_us"] = rows["batch_per_s"] = 0.0
                continue
            if name == "plain" and kind == "batch":
                count = max(5, count // 20)  # noqa: PLW2901  (its rate is what counts)
            _load(kind, port, max(5, count // 20), key)
            before, begun = _cpu(process), time.monotonic()
            seconds = _load(kind, port, count, key)
            rows[f"{kind}_cpu_us"] = round((_cpu(process) - before) / (count * events) * 1e6, 2)
            rows[f"{kind}_per_s"] = round(count * events / seconds)
            assert time.monotonic() > begun
        return rows
    finally:
        server.kill()
        server.wait()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _load(kind: str, port: int, count: int, key: str) -> float:
    """Seconds that the load took, as its process says."""
    words = [sys.executable, "-m", "benchmarks.gateway_load", kind, str(port), str(count)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, KEY: key})
    return float(done.stdout)

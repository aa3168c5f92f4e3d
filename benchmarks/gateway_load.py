"""The load of ``benchmarks.gateway``: some connections that send one request after the other; prints the seconds.

All events are of one department, with numbers of persons in three of four: officers from a few, payers and payees from
many. The numbers are of no real region.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
import threading
import time
import uuid
from typing import Any

from producers.gateway.examples import cloud_event

#: Variable that holds the key to send with.
KEY = "BENCHMARK_KEY"
CONNECTIONS = {"batch": 4, "singles": 16}
TOPICS = ("permits.steps", "revenue.receipts", "budget.disbursements", "activity.progress")
PERSONS = {"permits.steps": "officer", "revenue.receipts": "payer", "budget.disbursements": "payee"}
OFFICERS, PARTIES = 40, 5_000
MEDIA = {"batch": "application/cloudevents-batch+json", "singles": "application/cloudevents+json"}


def bodies(kind: str, count: int) -> list[bytes]:
    """The bodies of all requests; every event is new."""
    models = [json.dumps(_model(topic)) for topic in TOPICS]
    ids = itertools.count()
    first = str(uuid.uuid4())[:23]

    def event() -> str:
        number = next(ids)
        model = models[number % len(models)].replace("@", f"{first}-{number:012x}")
        return model.replace("NIP", f"19800101200501{1 + number % 2}{number % OFFICERS:03d}").replace(
            "NIK", f"9901010101{80 + number % 20}{1 + number % PARTIES:04d}"
        )

    if kind == "singles":
        return [event().encode() for _ in range(count)]
    return [("[" + ",".join(event() for _ in range(500)) + "]").encode() for _ in range(count)]


def _model(topic: str) -> dict[str, Any]:
    model = cloud_event(topic, "@")
    if field := PERSONS.get(topic):
        model["data"][field] = "NIP" if field == "officer" else "NIK"
    return {**model, "source": f"/opd/2.18.01/{topic}"}


def send(kind: str, port: int, left: list[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while True:
        try:
            body = left.pop()
        except IndexError:
            return
        connection.request(
            "POST",
            "/v1/events",
            body,
            {"Content-Type": MEDIA[kind], "Authorization": f"Bearer {os.environ.get(KEY)}"},
        )
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 202, text[:500]


def wait_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "the server is not ready"
        time.sleep(0.1)


if __name__ == "__main__":
    wanted, at, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if wanted == "ready":
        wait_ready(at)
        print(0)
    else:
        work = bodies(wanted, number)
        threads = [threading.Thread(target=send, args=(wanted, at, work)) for _ in range(CONNECTIONS[wanted])]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not work, "a connection failed"
        print(time.monotonic() - begun)

"""The load of ``benchmarks.gateway``: some connections that send one request after the other; prints the seconds."""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
import uuid

from producers.gateway.examples import cloud_event

CONNECTIONS = {"batch": 4, "singles": 16}
TOPICS = ("permits.steps", "revenue.receipts", "budget.disbursements", "activity.progress")
MEDIA = {"batch": "application/cloudevents-batch+json", "singles": "application/cloudevents+json"}


def bodies(kind: str, count: int) -> list[bytes]:
    """The bodies of all requests; every event is new."""
    models = [json.dumps(cloud_event(topic, "@")) for topic in TOPICS]
    ids = itertools.count()
    first = str(uuid.uuid4())[:23]

    def event() -> str:
        number = next(ids)
        return models[number % len(models)].replace("@", f"{first}-{number:012x}")

    if kind == "singles":
        return [event().encode() for _ in range(count)]
    return [("[" + ",".join(event() for _ in range(500)) + "]").encode() for _ in range(count)]


def send(kind: str, port: int, left: list[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while True:
        try:
            body = left.pop()
        except IndexError:
            return
        connection.request(
            "POST", "/v1/events", body, {"Content-Type": MEDIA[kind], "Authorization": "Bearer x"}
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

"""What ``benchmarks.gateway`` puts beside the gateway, each a process: the plain way, and a bare echo."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from benchmarks.gateway_load import PERSONS
from producers.tokens import Tokens
from schemas import cloudevents
from schemas.catalogue import TOPICS
from schemas.codec import Codec
from schemas.events import EVENTS
from schemas.registry import open_ids
from schemas.settings import EXACT_PRODUCER, KafkaSettings

OPD = "2.18.01"


def echo() -> FastAPI:
    """As little as FastAPI can do with a body."""
    app = FastAPI()

    @app.post("/v1/events")
    async def events(request: Request) -> Response:
        return Response(await request.body(), 202, media_type="application/json")

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    return app


def plain(kafka: KafkaSettings) -> FastAPI:
    """The same contract, an event at a time: pydantic, one produce and one wait each. Knows no repeats."""
    from confluent_kafka import Producer

    app = echo()
    app.router.routes = [r for r in app.router.routes if getattr(r, "path", "") != "/v1/events"]
    ids = open_ids()
    producer: Any = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, **EXACT_PRODUCER, "compression.type": "lz4"}
    )
    layout = kafka.layout()

    tokens = Tokens.open(Path(tempfile.mkdtemp()) / "tokens.key")

    def _tokens(data: dict[str, Any]) -> dict[str, Any]:
        return {
            (f"{name}_token" if name in PERSONS.values() else name): (
                tokens.field(f"{name}_token", value) if name in PERSONS.values() else value
            )
            for name, value in data.items()
        }

    async def one(event: dict[str, Any]) -> dict[str, Any]:
        topic = TOPICS[".".join(event["type"].split(".")[3:-2])]
        record = EVENTS[topic.schema].model_validate(
            {
                "event_id": event["id"], "source": event["source"], "opd": OPD,
                "occurred_at": int(datetime.fromisoformat(event["time"]).timestamp() * 1000),
                "kind": event["type"].split(".")[-2], **_tokens(event["data"]),
            }
        ).model_dump()  # fmt: skip
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        producer.produce(
            layout.topic(topic.name), Codec(topic.schema, ids).encode(record), topic.key_of(record),
            headers=cloudevents.headers(record, topic.name),
            on_delivery=lambda _error, sent: done.set_result((sent.partition(), sent.offset())),
        )  # fmt: skip
        while not done.done():
            producer.poll(0)
            await asyncio.sleep(0.0005)
        partition, offset = done.result()
        return {"id": event["id"], "topic": topic.name, "partition": partition, "offset": offset}

    @app.post("/v1/events", status_code=202)
    async def events(request: Request) -> Any:
        body = json.loads(await request.body())
        return [await one(event) for event in body] if isinstance(body, list) else await one(body)

    return app


if __name__ == "__main__":
    name, port, given = sys.argv[1], int(sys.argv[2]), KafkaSettings(**json.loads(sys.argv[3]))
    uvicorn.run(echo() if name == "echo" else plain(given), port=port, log_level="warning", access_log=False)

"""The Faust app of one stream worker: topics, one agent per domain, timers, static membership.

Built fresh for each worker process. The engine does the work; Faust says which partitions are ours and runs the
agents, each of which receives one message per chunk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import faust
from faust.types import AppT

from schemas.settings import KafkaSettings
from streams.engine.engine import Engine
from streams.engine.faust_transport import ChunkConsumer, ChunkTransport, NoTables, WholeAssignor
from streams.engine.pump import Delivery
from streams.settings import StreamSettings

CHUNKS_PER_AGENT = 8


class ChunkSchema(faust.Schema):  # type: ignore[misc]
    """Chunks pass as they are: the engine has decoded them."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:  # noqa: ARG002  (Faust's signature)
        return None

    def loads_value(self, app: Any, message: Any, **_: Any) -> Delivery:  # noqa: ARG002  (Faust's signature)
        return cast("Delivery", message.value)


@dataclass(frozen=True, slots=True)
class WorkerApp:
    """A Faust app and the consumer the engine talks to."""

    app: Any

    @property
    def consumer(self) -> ChunkConsumer:
        return cast("ChunkConsumer", self.app.consumer)


def build(
    kafka: KafkaSettings,
    streams: StreamSettings,
    engine: Engine,
    topics: Iterable[str],
    *,
    index: int,
    data_dir: Path,
) -> WorkerApp:
    """The app of worker ``index`` over these cluster topics; nothing is started."""
    names = tuple(topics)
    folder = data_dir / "faust" / f"stream-{index}"
    folder.mkdir(parents=True, exist_ok=True)
    app: AppT = faust.App(
        streams.group,
        broker=[f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(",")],
        broker_client_id=f"nadi-stream-{index}",
        consumer_group_instance_id=f"nadi-stream-{index}",
        broker_session_timeout=streams.session_timeout_s,
        broker_heartbeat_interval=min(1.0, streams.session_timeout_s / 4),
        broker_request_timeout=max(20.0, streams.session_timeout_s + 5),
        broker_rebalance_timeout=max(20.0, streams.session_timeout_s),
        broker_commit_interval=60.0,  # the engine commits; see faust_transport.py
        PartitionAssignor=WholeAssignor,
        TableManager=NoTables,
        stream_buffer_maxsize=CHUNKS_PER_AGENT,  # counts chunks; rows are bounded by the fetch thread
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        datadir=str(folder),
        key_serializer="raw",
        value_serializer="raw",
    )
    app.transport = ChunkTransport(app.conf.broker_consumer, app, engine=engine, engine_topics=names)
    for name in names:
        _add_agent(app, engine, name)
    app.timer(interval=streams.idle_clock_ms / 1000)(engine.move_clocks)
    return WorkerApp(app)


def _add_agent(app: Any, engine: Engine, topic: str) -> None:
    source = app.topic(topic, schema=ChunkSchema(), acks=False, internal=False)

    async def apply(chunks: Any) -> None:
        async for delivery in chunks:
            engine.process(delivery)

    app.agent(source, name=f"nadi.{topic}")(apply)

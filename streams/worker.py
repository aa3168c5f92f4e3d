"""One stream worker: a process that Faust gives partitions of the domain topics, and that computes them.

Any number of workers share the work; each is a static member of the consumer group. A worker stops itself when
in doubt (position mismatch, producer failure, too many rows our own code cannot take) with exit code 1; the
supervisor starts it again and it goes on from its last state group.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from schemas.catalogue import DOMAINS, READABLE, REGENCY_TOPIC
from schemas.codec import HEADER, MAGIC, Codec
from schemas.profile import Profile
from schemas.registry import SchemaIds, open_ids
from schemas.settings import KafkaSettings
from streams.engine.claims import Claims
from streams.engine.client import quiet_libraries
from streams.engine.clock import ClockRule
from streams.engine.decode import ENVELOPE, Decoder
from streams.engine.engine import CASES, REGENCY_FEED, Engine
from streams.engine.fetch import Fetcher, open_fetcher
from streams.engine.look_ups import LookUps
from streams.engine.output import Encoder
from streams.engine.processor import Context, Maker
from streams.engine.pump import Pump
from streams.engine.regency import RegencyProcessor
from streams.engine.task import About
from streams.settings import StreamSettings

STOP_SECONDS = 8.0
#: New objects between two looks for garbage in circles: a batch of records is many objects and no circle.
GARBAGE_OBJECTS = 100_000
FAILED = 1

if TYPE_CHECKING:
    from streams.engine.app import WorkerApp

log: Any = structlog.get_logger("streams.worker")

Makers = Mapping[str, Maker]
RegencyMaker = Callable[[Context], RegencyProcessor]


def run(
    kafka: KafkaSettings,
    streams: StreamSettings,
    profile: Profile,
    *,
    index: int,
    data_dir: Path,
    http_port: int,
    processors: Makers | None = None,
    regency: RegencyMaker | None = None,
) -> None:
    """Run worker ``index`` until SIGTERM or SIGINT; then commit, leave the group and return.

    Metrics and health are on 127.0.0.1:``http_port``. Raises SystemExit(1) when the worker stopped itself.
    ``processors`` and ``regency`` are those of ``streams.domains`` unless a test brings its own.

    Bounded runs (``clock="event"`` with ``until``): a partition's end offset is committed only after its clock
    was moved to ``until`` and everything is on Kafka, so a group that has committed every end offset is done. A
    partition without records commits nothing.
    """
    sys.meta_path.insert(0, _NoPandas())
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)
    if processors is None:
        from streams.domains import PROCESSORS, REGENCY

        processors, regency = PROCESSORS, REGENCY
    worker = _Worker(kafka, streams, profile, index, data_dir, processors, regency)
    failure = asyncio.run(worker.main(http_port))
    if failure is not None:
        raise SystemExit(FAILED)


class _NoPandas(MetaPathFinder):
    """Keeps pyarrow from importing pandas, which it does at the first numpy array it meets when it can.

    Nothing here uses pandas; it would cost each worker nearly two seconds of its start, and 60 MB.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:  # noqa: ARG002
        if fullname == "pandas":
            raise ModuleNotFoundError("stream workers do without pandas", name=fullname)


def warm_up(codecs: Mapping[str, Codec]) -> None:
    """Pay for first calls of Arrow, Avro and the schemas before the first chunk.

    A value of zeros goes every way there is: whole batch, row by row, refused.
    """
    for codec in codecs.values():
        codec.decode_batch([HEADER.pack(MAGIC, codec.ids.writer(codec.name).id) + bytes(300)])


def claims_of(
    kafka: KafkaSettings, streams: StreamSettings, profile: Profile, look_ups: LookUps, about: About,
    makers: Makers | None = None, regency: RegencyMaker | None = None, rehearsed: int | None = None,
) -> Claims:  # fmt: skip
    """How the tasks of a deployment are claimed, or tried with a set that was not chosen (``rehearsed``); with the domains
    of ``streams.domains`` unless ``makers`` are given."""
    if makers is None:
        from streams.domains import PROCESSORS, REGENCY

        makers, regency = PROCESSORS, REGENCY
    clock = streams.clock == "event"
    return Claims(
        bootstrap=kafka.bootstrap_servers,
        layout=kafka.layout(),
        look_ups=look_ups,
        make=lambda domain, partition: makers[domain](Context(profile, clock, partition)),
        make_regency=None if regency is None else partial(regency, Context(profile, clock)),
        topics={domain: DOMAINS[domain].name for domain in makers},
        readable={name: topic.name for name, topic in READABLE.items()},
        rule=ClockRule(streams.clock, streams.until if clock else None),
        group=streams.group,
        about=about,
        profile_hash=profile.hash,
        snapshot_bytes=streams.snapshot_bytes,
        rehearsed=rehearsed,
    )


def codecs_of(
    kafka: KafkaSettings, ids: SchemaIds, wanted: Mapping[str, tuple[str, ...] | None]
) -> dict[str, Codec]:
    """Codecs by cluster topic; only the columns that are wanted, by domain, come out of them."""
    layout = kafka.layout()
    return {
        layout.topic(READABLE[domain].name): Codec(
            READABLE[domain].schema, ids, None if columns is None else {*ENVELOPE, *columns}
        )
        for domain, columns in wanted.items()
    }


class _Worker:
    """The parts of one worker process, wired together."""

    def __init__(
        self,
        kafka: KafkaSettings,
        streams: StreamSettings,
        profile: Profile,
        index: int,
        data_dir: Path,
        makers: Makers,
        regency: RegencyMaker | None,
    ) -> None:
        self._kafka, self._streams, self._profile = kafka, streams, profile
        self._index, self._data_dir, self._makers, self._regency = index, data_dir, makers, regency
        self._layout = kafka.layout()
        self._ids = open_ids(kafka.schema_registry_url)
        self._domains = {self._layout.topic(DOMAINS[domain].name): domain for domain in makers}

    def _pump(
        self,
        feed: str,
        wanted: Mapping[str, tuple[str, ...] | None],
        worker: WorkerApp,
        engine: Engine,
        fetcher: Fetcher,
    ) -> Pump:
        """The pump of one feed; only the columns that are wanted, by domain, come out of its decoders."""
        group = self._streams.group
        codecs = codecs_of(self._kafka, self._ids, wanted)
        decoders = {topic: Decoder(codec, group) for topic, codec in codecs.items()}
        return Pump(
            feed, fetcher, decoders.__getitem__, worker.consumer.deliver, engine.fail, self._streams.chunk_rows,
            prepare=lambda: warm_up(codecs),
        )  # fmt: skip

    def _claims(self, look_ups: LookUps, kind: str) -> Claims:
        worker = f"stream-{self._index} ({socket.gethostname()}, pid {os.getpid()})"
        about = About(worker, kind, self._profile.hash)
        return claims_of(
            self._kafka, self._streams, self._profile, look_ups, about, self._makers, self._regency
        )

    async def main(self, http_port: int) -> BaseException | None:
        """Run until a signal or a failure; returns the failure."""
        from monitoring.server import serve
        from streams.engine.app import build

        quiet_libraries()
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def ask_to_stop() -> None:
            loop.call_soon_threadsafe(stop.set)

        client = f"nadi-stream-{self._index}"
        servers = self._kafka.bootstrap_servers
        kind = self._streams.fetch
        fetcher = open_fetcher(servers, self._streams.group, f"{client}-fetch", kind)
        look_ups = LookUps(servers, f"{client}-look-ups")
        claims = self._claims(look_ups, fetcher.kind)
        engine = Engine(
            look_ups=look_ups,
            claims=claims,
            encoder=Encoder(self._layout, self._ids),
            rule=claims.rule,
            commit_interval=self._streams.commit_interval_ms / 1000,
            stop=ask_to_stop,
        )
        topics = [*self._domains, *([self._layout.topic(REGENCY_TOPIC)] if self._regency else [])]
        worker = build(self._kafka, self._streams, engine, topics, index=self._index, data_dir=self._data_dir)
        pumps = [self._pump(CASES, claims.columns(), worker, engine, fetcher)]
        if claims.make_regency is not None:
            second = open_fetcher(servers, self._streams.group, f"{client}-regency", kind)
            pumps.append(self._pump(REGENCY_FEED, claims.make_regency().reads, worker, engine, second))
        for feed, pump in zip(engine.feeds.values(), pumps, strict=False):
            feed.pump = pump
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = serve(http_port, engine.ready, engine.alive)
        for pump in pumps:
            pump.start()
        log.info(
            "worker starts",
            index=self._index,
            group=self._streams.group,
            topics=len(self._domains),
            fetch=fetcher.kind,
        )
        running = asyncio.ensure_future(self._run_app(worker.app, engine))
        try:
            await stop.wait()
        finally:
            _end_for_sure(STOP_SECONDS, engine)
            await engine.release()
            if engine.failure is None:
                await worker.consumer.leave()
            for pump in pumps:
                await asyncio.to_thread(pump.stop, 2.0)
            running.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(worker.app.stop(), STOP_SECONDS - 2)
            look_ups.close()
            server.close()
        log.info("worker ends", index=self._index, failed=engine.failure is not None)
        return engine.failure

    async def _run_app(self, app: Any, engine: Engine) -> None:
        """Start the app and watch it: Faust keeps a crash to itself unless asked."""
        try:
            await app.start()
            await app.wait_until_stopped()
            raise RuntimeError(f"Faust stopped: {app.crash_reason!r}")
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  (an edge: the worker must not go on without Faust)
            engine.fail(error)


def _end_for_sure(seconds: float, engine: Engine) -> None:
    """End the process even when a library does not stop: everything is committed or will be replayed."""

    def end() -> None:
        log.warning("stop took too long, ending the process", seconds=seconds)
        os._exit(FAILED if engine.failure is not None else 0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()

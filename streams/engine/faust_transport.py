"""Chunks through Faust: the one file that overrides private methods of Faust and aiokafka.

Faust keeps the group membership (aiokafka), the assignment, the agents and the lifecycle. Partitions of engine
topics are paused in aiokafka for ever; their records come from the engine's own fetch thread, one Faust message
per chunk, and their offsets are committed by the engine. All other topics go the stock way.

Faust has no types, so mypy takes its classes for Any: hence the ``type: ignore[misc]`` of its subclasses.

Pinned to faust-streaming 0.15.3 with aiokafka 0.14; tests/streams/test_engine_faust_contract.py holds the names
and signatures that this file relies on. What is overridden, and why:

- ``ConsumerRebalanceListener.on_partitions_assigned``: runs in the aiokafka thread; pauses engine partitions
  before the first await, or aiokafka prefetches them.
- ``Consumer.on_start``: starts to hand chunks over.
- ``Consumer.on_partitions_revoked``: the stock handler suspends everything and clears the agents' queues; what was
  in them is read again, and goes on past the agents until the flow is resumed.
- ``Consumer.on_partitions_assigned``: after the stock handler, the engine's tasks are claimed in the background.
- ``Consumer._getmany``: engine partitions are taken out of request and answer; it is still called when nothing is
  left, because it feeds ``max_poll_interval``.
- ``Consumer.perform_seek`` is left alone: seeking a paused partition moves aiokafka only.
- ``Consumer._filter_tps_with_pending_acks``: Faust's own commit leaves engine partitions alone.
- ``TableManager.on_start``: nothing joins the group before it, and there are no tables to wait for.
- ``PartitionAssignor.assign``: partitions are dealt out when all topics are known, or not at all.
- ``Consumer.highwater``, ``Consumer.verify_event_path``: aiokafka knows neither for a paused partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import structlog
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.assignor import PartitionAssignor
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.engine.client import Once
from streams.engine.engine import CASES, Engine
from streams.engine.fetch import Committed, Source
from streams.engine.group_offsets import GroupOffsets
from streams.engine.pump import Delivery

FAUST_VERSION = "0.15.3"
NOT_OURS = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

log: Any = structlog.get_logger("streams.faust")


class UnknownTopicError(RuntimeError):
    """The broker does not know a topic of ours, or not yet."""


class WholeAssignor(PartitionAssignor):  # type: ignore[misc]
    """Faust's assignor, which stops the worker where the stock one passes over topics it does not see.

    Just after its start a broker may know only some topics. An assignment made then would stand: a static member that
    comes back is given what it had, and nobody looks again.
    """

    def assign(self, cluster: Any, member_metadata: Mapping[str, Any]) -> Any:
        wanted = {topic for member in member_metadata.values() for topic in member.subscription}
        missing = sorted(topic for topic in wanted if not cluster.partitions_for_topic(topic))
        if missing:
            error = UnknownTopicError(f"the broker does not know {', '.join(missing)}")
            self.app.consumer.engine.fail(error)
            raise error
        return super().assign(cluster, member_metadata)


class NoTables(TableManager):  # type: ignore[misc]
    """Faust's table manager, without the second that the stock one waits for tables: the engine has its own state."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class ChunkListener(driver.ConsumerRebalanceListener):  # type: ignore[misc]
    """Pauses engine partitions the moment they are assigned."""

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        thread = self._thread
        engine_tps = [tp for tp in assigned if tp.topic in thread.consumer.engine_topics]
        if engine_tps:
            thread._ensure_consumer().pause(*engine_tps)
        await super().on_partitions_assigned(assigned)


class ChunkConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer with a second way in, for chunks."""

    RebalanceListener = ChunkListener

    def __init__(self, transport: ChunkTransport, *args: Any, **kwargs: Any) -> None:
        self.engine: Engine = transport.engine
        self.engine_topics: frozenset[str] = transport.engine_topics
        self._deliveries: asyncio.Queue[Delivery] = asyncio.Queue()
        self._opening: asyncio.Task[None] | None = None
        self._once = Once()
        super().__init__(transport, *args, **kwargs)
        self._offsets = self.engine.offsets = GroupOffsets(self.commit_positions)

    async def on_start(self) -> None:
        self.add_future(self._hand_over())
        self.add_future(self._offsets.loop())
        await super().on_start()

    def deliver(self, delivery: Delivery) -> None:
        """Hand over a chunk, from any thread. The fetch thread bounds how many are under way."""
        self.loop.call_soon_threadsafe(self._deliveries.put_nowait, delivery)

    # ---- ownership

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await super().on_partitions_revoked(revoked)
        self.engine.refetch()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        await super().on_partitions_assigned(assigned, generation_id)
        ours = {Source(tp.topic, tp.partition) for tp in assigned if tp.topic in self.engine_topics}
        self._opening = asyncio.ensure_future(self.engine.own(ours))

    # ---- chunks in

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        others = {tp for tp in active_partitions or () if tp.topic not in self.engine_topics}
        records = await super()._getmany(others, timeout)
        return {tp: found for tp, found in records.items() if tp.topic not in self.engine_topics}

    async def _hand_over(self) -> None:
        """One Faust message per chunk, to the agent of its topic; straight to the engine during a rebalance, when Faust
        delivers nothing, so that the partitions we hold go on, and for the regency task, which reads partitions that
        Faust gave to others."""
        while not self.should_stop:
            delivery = await self._deliveries.get()
            if self.flow_active and delivery.feed == CASES:
                await self.callback(self._chunk_message(delivery))
            else:
                self.engine.process(delivery)

    def _chunk_message(self, delivery: Delivery) -> Any:
        run = delivery.batch.run
        stamp = float(run.timestamps[-1]) / 1000 if len(run) else 0.0
        return ConsumerMessage(
            run.source.topic,
            run.source.partition,
            run.first_offset,
            stamp,
            1,  # LogAppendTime
            None,
            None,
            delivery,
            None,
            None,
            None,
            TP(run.source.topic, run.source.partition),
            generation_id=self.app.consumer_generation_id,
        )

    # ---- offsets out

    async def commit_positions(self, positions: Mapping[Source, Committed]) -> bool:
        """Commit group offsets with metadata; False when the partitions are not ours now. Raises KafkaError."""
        return cast("bool", await self._thread.call_thread(self._commit_in_thread, positions))

    async def _commit_in_thread(self, positions: Mapping[Source, Committed]) -> bool:
        consumer = self._thread._ensure_consumer()
        offsets = {
            TopicPartition(s.topic, s.partition): OffsetAndMetadata(c.offset, c.metadata)
            for s, c in positions.items()
        }
        try:
            await consumer.commit(offsets)
        except NOT_OURS as error:
            if self._once(type(error).__name__):
                log.info("group offsets not taken now", reason=type(error).__name__)
            return False
        return True

    async def leave(self) -> None:
        """Leave the group for good, so that the partitions move at once; a static member would keep them until
        its session ends. For a clean stop only: after a kill the same member comes back to its partitions."""
        consumer = self._thread._consumer
        if consumer is not None and consumer._coordinator is not None:
            consumer._coordinator._group_instance_id = None

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (
            tp for tp in super()._filter_tps_with_pending_acks(topics) if tp.topic not in self.engine_topics
        )

    # ---- what aiokafka does not know of a paused partition

    def highwater(self, tp: TP) -> int:
        return 0 if tp.topic in self.engine_topics else super().highwater(tp)

    def verify_event_path(self, now: float, tp: TP) -> None:
        if tp.topic not in self.engine_topics:
            super().verify_event_path(now, tp)


class ChunkTransport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport with the chunk consumer."""

    Consumer = ChunkConsumer

    def __init__(self, url: Any, app: Any, *, engine: Engine, engine_topics: Iterable[str]) -> None:
        self.engine = engine
        self.engine_topics = frozenset(engine_topics)
        super().__init__(url, app)

"""What brings batches to inputs: a pump, the inputs that it reads for, and how rows under way are counted.

The case tasks of a worker share one feed; the regency task has its own, because it reads the same partitions from
other places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import structlog

from monitoring.metrics import LAST_PROCESSED
from streams.engine.decode import Batch
from streams.engine.fetch import Source
from streams.engine.pump import Delivery, Pump, Start
from streams.engine.reading import HoleError
from streams.engine.task import Input

if TYPE_CHECKING:
    from streams.engine.committer import Committer

log = structlog.get_logger("streams.feed")


class Reader(Input, Protocol):
    """An input that takes batches."""

    def apply(self, batch: Batch) -> None:
        """Take one batch. Raises HoleError when it does not start at ``expected``."""


class Feed:
    """The inputs of one pump, each with a turn that grows whenever it is read from another place."""

    def __init__(self) -> None:
        self.pump: Pump | None = None
        self._inputs: dict[Source, tuple[Committer, Reader]] = {}
        self._turns: dict[Source, int] = {}

    def add(self, committer: Committer, inputs: Iterable[Reader]) -> None:
        """Read for these too, each from where it stands."""
        for item in inputs:
            self._inputs[item.source] = (committer, item)
            self._turns[item.source] = self._turns.get(item.source, 0) + 1
        self._assign()

    def remove(self, committer: Committer) -> None:
        """Read for this task no more."""
        self._inputs = {s: found for s, found in self._inputs.items() if found[0] is not committer}
        self._assign()

    def refetch(self) -> None:
        """What was under way may be lost: read for every input again from where it stands."""
        for source in self._inputs:
            self._turns[source] += 1
        self._assign()

    def stop(self) -> None:
        """Read nothing."""
        self._inputs = {}
        self._assign()

    def process(self, delivery: Delivery) -> Reader | None:
        """Hand a batch to its input; which one took it. What is of an earlier turn is ignored."""
        source, batch = delivery.batch.run.source, delivery.batch
        if self.pump is not None:
            self.pump.begun()
        found = self._inputs.get(source)
        if found is None or delivery.turn != self._turns[source]:
            return None
        committer, item = found
        try:
            item.apply(batch)
        except HoleError as hole:  # Faust cleared an agent's queue on the way
            log.info("reading again", reason=str(hole))
            self._turns[source] += 1
            self._assign()
            return None
        if self.pump is not None:  # dead letters stay in memory until they are on Kafka
            self.pump.done(source, delivery.turn, len(batch) - len(batch.refused))
        committer.letters_under_way(source, delivery.turn, len(batch.refused))
        LAST_PROCESSED.labels(item.topic, str(source.partition)).set_to_current_time()
        committer.dirty.set()
        return item

    def done(self, letters: dict[tuple[Source, int], int]) -> None:
        """These dead letters, by source and turn, are on Kafka."""
        if self.pump is not None:
            for (source, turn), rows in letters.items():
                self.pump.done(source, turn, rows)

    def inputs(self) -> list[tuple[Committer, Reader]]:
        """Everything that is read for."""
        return list(self._inputs.values())

    def _assign(self) -> None:
        if self.pump is not None:
            self.pump.assign({s: Start(self._turns[s], i.expected) for s, (_, i) in self._inputs.items()})

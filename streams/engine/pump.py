"""The fetch thread: fetch, decode, hand over, and wait when too much is under way.

Fetching and decoding share one thread outside the event loop. What is handed over carries the epoch of the
assignment it was fetched under; whoever takes it ignores what is of an older one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streams.engine.decode import Batch, Decoder
from streams.engine.fetch import Fetcher, Source

WAIT_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Delivery:
    """A decoded batch on its way to its agent."""

    epoch: int
    batch: Batch


class Pump:
    """Runs one fetcher. ``deliver`` and ``fail`` are called from the fetch thread and must not block.

    At most about two chunks of rows are under way at any time; ``done`` gives rows back. ``prepare`` runs first
    in the thread, while Faust joins the group: it takes the first slow calls out of the first chunk.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        decoder: Callable[[str], Decoder],
        deliver: Callable[[Delivery], None],
        fail: Callable[[BaseException], None],
        chunk_rows: int,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._prepare = prepare
        self._fetcher = fetcher
        self._decoder = decoder
        self._deliver = deliver
        self._fail = fail
        self._chunk_rows = chunk_rows
        self._condition = threading.Condition()
        self._wanted: tuple[int, dict[Source, int]] | None = None
        self._under_way = 0
        self._epoch = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="fetch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def assign(self, epoch: int, positions: Mapping[Source, int]) -> None:
        """Read these partitions from these positions, under a new epoch; all rows under way count as done."""
        with self._condition:
            self._wanted = (epoch, dict(positions))
            self._condition.notify()

    def done(self, epoch: int, rows: int) -> None:
        """So many rows handed over in this epoch are dealt with."""
        with self._condition:
            if epoch == self._epoch:
                self._under_way -= rows
                self._condition.notify()

    def stop(self, seconds: float = 5.0) -> None:
        """End the thread and close the fetcher."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._prepare()
            assigned = 0
            while True:
                with self._condition:
                    if self._wanted is None and (not assigned or self._under_way >= 2 * self._chunk_rows):
                        self._condition.wait(WAIT_SECONDS)
                    if self._stopping:
                        break
                    wanted, self._wanted = self._wanted, None
                    if wanted is not None:
                        self._epoch, self._under_way = wanted[0], 0
                    full = self._under_way >= 2 * self._chunk_rows
                if wanted is not None:
                    self._fetcher.assign(wanted[1])
                    assigned = len(wanted[1])
                elif assigned and not full:
                    self._turn()
        except BaseException as error:  # noqa: BLE001  (the edge of a thread: the worker must hear of it)
            self._fail(error)
        finally:
            self._fetcher.close()

    def _turn(self) -> None:
        for run in self._fetcher.fetch(self._chunk_rows, WAIT_SECONDS):
            delivery = Delivery(self._epoch, self._decoder(run.source.topic).decode(run))
            with self._condition:
                self._under_way += len(run)
            self._deliver(delivery)

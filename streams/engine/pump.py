"""The fetch thread: fetch, decode, hand over, and wait when too much is under way.

Fetching and decoding share one thread outside the event loop. Every source has a turn, a number that grows whenever
it is to be read from another place; a batch carries the turn it was fetched under, and whoever takes it ignores what
is of an older one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from streams.engine.decode import Batch, Decoder
from streams.engine.fetch import Fetcher, Source

WAIT_SECONDS = 0.05


class Start(NamedTuple):
    """Read a source from ``offset`` on, as turn ``turn``."""

    turn: int
    offset: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A decoded batch on its way to a feed."""

    feed: str
    turn: int
    batch: Batch


class Pump:
    """Runs one fetcher. ``deliver`` and ``fail`` are called from the fetch thread and must not block.

    At most about two chunks of rows are under way at any time; ``done`` gives rows back. One fetch may wait while the
    one before it is processed, and no more: when processing is slower than what comes in, batches grow instead of
    their number. ``prepare`` runs first in the thread, while Faust joins the group: it takes the first slow calls out
    of the first chunk.
    """

    def __init__(
        self,
        feed: str,
        fetcher: Fetcher,
        decoder: Callable[[str], Decoder],
        deliver: Callable[[Delivery], None],
        fail: Callable[[BaseException], None],
        chunk_rows: int,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._feed = feed
        self._prepare = prepare
        self._fetcher = fetcher
        self._decoder = decoder
        self._deliver = deliver
        self._fail = fail
        self._chunk_rows = chunk_rows
        self._condition = threading.Condition()
        self._wanted: dict[Source, Start] | None = None
        self._reading: dict[Source, Start] = {}
        self._under_way: dict[Source, int] = {}
        self._batches = 0  # handed over and not begun to be dealt with
        self._last = 0  # of them from the last fetch, when it was made
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="fetch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def assign(self, starts: Mapping[Source, Start]) -> None:
        """Read exactly these sources. One whose turn has not changed goes on where it is."""
        with self._condition:
            self._wanted = dict(starts)
            self._condition.notify()

    def begun(self) -> None:
        """One batch that was handed over has been taken, whatever became of it."""
        with self._condition:
            self._batches = max(0, self._batches - 1)
            self._condition.notify()

    def done(self, source: Source, turn: int, rows: int) -> None:
        """So many rows of a source that were handed over in this turn are dealt with."""
        with self._condition:
            reading = self._reading.get(source)
            if reading is not None and reading.turn == turn:
                self._under_way[source] -= rows
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
            while True:
                with self._condition:
                    full = self._full()
                    if self._wanted is None and (full or not self._reading) and not self._stopping:
                        self._condition.wait(WAIT_SECONDS)
                    if self._stopping:
                        break
                    wanted, self._wanted = self._wanted, None
                    full = self._full()
                if wanted is not None:
                    self._turn_to(wanted)
                elif self._reading and not full:
                    self._fetch()
        except BaseException as error:  # noqa: BLE001  (the edge of a thread: the worker must hear of it)
            self._fail(error)
        finally:
            self._fetcher.close()

    def _full(self) -> bool:
        return self._batches > self._last or sum(self._under_way.values()) >= 2 * self._chunk_rows

    def _turn_to(self, wanted: dict[Source, Start]) -> None:
        with self._condition:
            under_way = dict.fromkeys(wanted, 0)
            for source, start in wanted.items():
                before = self._reading.get(source)
                if before is not None and before.turn == start.turn:
                    wanted[source] = before
                    under_way[source] = self._under_way[source]
            changed = wanted != self._reading
            self._reading, self._under_way = wanted, under_way
            if changed:  # some of what was handed over may never be taken: Faust empties its queues
                self._batches = 0
        if changed:
            self._fetcher.assign({source: start.offset for source, start in wanted.items()})

    def _fetch(self) -> None:
        runs = self._fetcher.fetch(self._chunk_rows, WAIT_SECONDS)
        with self._condition:
            self._batches += len(runs)
            self._last = len(runs)
        for run in runs:
            turn = self._reading[run.source].turn
            batch = self._decoder(run.source.topic).decode(run)
            with self._condition:
                self._reading[run.source] = Start(turn, run.next_offset)
                self._under_way[run.source] += len(run)
            self._deliver(Delivery(self._feed, turn, batch))

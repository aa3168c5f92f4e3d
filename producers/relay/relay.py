"""The relay's loop: an outbox's rows through ``producers/sending``; a database that goes away is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from producers.relay.environment import Environment
from producers.relay.events import UnsendableError, cloud_event
from producers.relay.outbox import Outbox, Row
from producers.sending.delivery import Delivery, Progress, Unsendable
from producers.sending.only_one import LockedError
from producers.sending.replies import Outgoing

IDLE_SECONDS = 2.0


class Relay:
    """One run. ``stop`` may be set from any thread: the batch under way is finished and marked first.

    ``tell`` hears of progress, from the thread that runs.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        batch: int = 200,
        stop: threading.Event | None = None,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._environment = environment
        self._delivery = Delivery(environment.gateway, batch=batch, stop=stop, tell=tell)
        self._worked = False

    def run(self, *, once: bool, seconds: float | None = None) -> Progress:
        """Relay until told to stop; with ``once`` until no row waits, with ``seconds`` no longer than that.

        Raises LockedError, EnvironmentFileError, StoppedError, SQLAlchemyError. A database that goes away, or a lock
        that its server still holds for us, is waited for once this run has read a row list, unless ``once``.
        """
        from sqlalchemy.exc import DBAPIError

        delivery = self._delivery
        until = None if seconds is None else time.monotonic() + seconds
        try:
            while not delivery.ended(until):
                try:
                    if self._connected(once, until):
                        break
                except (DBAPIError, LockedError) as error:
                    if once or not self._worked:
                        raise
                    delivery.pause(None, f"basis data: {type(error).__name__}", until)
        finally:
            delivery.close()
        return delivery.progress

    def _connected(self, once: bool, until: float | None) -> bool:
        """Relay over one connection; True when there is nothing more to do."""
        delivery = self._delivery
        with Outbox(self._environment.database, self._environment.table) as outbox:
            outbox.lock()
            rows = _Rows(outbox, self._environment.source)
            while not delivery.ended(until):
                some = delivery.batch(rows, until)
                self._worked = True
                if not some:
                    if once:
                        return True
                    delivery.stop.wait(IDLE_SECONDS)
        return True


class _Rows:
    """The rows of an outbox as events of one source."""

    def __init__(self, outbox: Outbox, source: str) -> None:
        self._outbox, self._source = outbox, source
        self.mark = outbox.mark

    def waiting(self, limit: int) -> Sequence[Outgoing | Unsendable]:
        return [self._made(row) for row in self._outbox.waiting(limit)]

    def _made(self, row: Row) -> Outgoing | Unsendable:
        try:
            return Outgoing(row.seq, row.id, self._source, cloud_event(row, self._source))
        except UnsendableError as error:
            return Unsendable(row.seq, str(error))

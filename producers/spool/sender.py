"""The sender of a queue: everything that waits, in order, to the gateway, for as long as it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from producers.sending.delivery import Delivery, Progress
from producers.sending.environment import Gateway
from producers.sending.only_one import hold
from producers.sending.replies import StoppedError
from producers.spool.errors import SpoolBusyError, SpoolDiskError, SpoolError
from producers.spool.outgoing import Outlet

LOCK = "sender.lock"
IDLE_SECONDS = 0.5


class Sender:
    """One run. ``stop`` may be set from any thread: the batch under way is finished and marked first.

    ``tell`` hears of progress, from the thread that runs.
    """

    def __init__(
        self,
        folder: Path,
        gateway: Gateway,
        *,
        batch: int = 200,
        stop: threading.Event | None = None,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Open the queue, or make it. Raises SpoolError, EnvironmentFileError."""
        self._folder = folder
        self._outlet = Outlet.open(folder, make=True)
        self._tell, self._noted = tell, ""
        self._delivery = Delivery(gateway, batch=batch, stop=stop, tell=self._told)

    def run(self, *, once: bool, seconds: float | None = None) -> Progress:
        """Send until told to stop; with ``once`` until nothing waits, with ``seconds`` no longer than that.

        On a full disk the reserve is used, and after it the disk is waited for; what has a receipt but could not be taken
        out is sent again, and the gateway knows it. Raises LockedError when another process sends, StoppedError, SpoolError.
        """
        until = None if seconds is None else time.monotonic() + seconds
        delivery = self._delivery
        refusal = f"proses lain sedang mengirim dari antrean {self._folder}; hanya satu yang boleh berjalan."
        with closing(self._outlet), closing(delivery), closing(hold(self._folder / LOCK, refusal)):
            while not delivery.ended(until):
                try:
                    some = delivery.batch(self._outlet, until)
                except SpoolBusyError as error:
                    delivery.pause(None, str(error), until)
                except SpoolDiskError as error:
                    if not self._outlet.make_room():
                        delivery.pause(None, str(error), until)
                except StoppedError as error:
                    self._note(str(error))
                    raise
                else:
                    self._outlet.database.recover()
                    if not some:
                        if once:
                            break
                        delivery.stop.wait(IDLE_SECONDS)
        return delivery.progress

    def _told(self, progress: Progress) -> None:
        if progress.waiting_for and progress.waiting_for != self._noted:
            self._note(progress.waiting_for)
        self._noted = progress.waiting_for
        self._tell(progress)

    def _note(self, error: str) -> None:
        with suppress(SpoolError):  # a disk that is full keeps no note either
            self._outlet.note(error)

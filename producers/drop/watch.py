"""Looks into the folder again and again, and takes each file that is whole through."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from producers.drop.folder import Settled
from producers.drop.outcome import Outcome
from producers.drop.work import InterruptedWorkError, Worker

Report = Callable[[Outcome], None]

LOOK_SECONDS = 2.0
WAIT_SECONDS = 30.0


@dataclass(slots=True)
class Watch:
    """``settle_seconds``: how long a file must not have changed; ``report`` hears of every file that was taken."""

    worker: Worker
    report: Report
    settle_seconds: float = 5.0
    look_seconds: float = LOOK_SECONDS
    wait_seconds: float = WAIT_SECONDS
    _settled: Settled = field(init=False)

    def __post_init__(self) -> None:
        self._settled = Settled(self.settle_seconds)

    def once(self) -> None:
        """Take what is whole now; what still grows is left to the next time."""
        self._settled.ready(self.worker.folder.files(), time.monotonic())
        self.worker.stop.wait(self.settle_seconds + 0.05)
        self._pass()

    def forever(self) -> None:
        """Until the worker is stopped; while the broker takes nothing, it is asked again every ``wait_seconds``."""
        while not self.worker.stop.is_set():
            waiting = self._pass()
            self.worker.stop.wait(self.wait_seconds if waiting else self.look_seconds)

    def _pass(self) -> bool:
        """One look; whether a file has to wait. Where it is for the broker, the others would too."""
        held_up = False
        for dropped in self._settled.ready(self.worker.folder.files(), time.monotonic()):
            if self.worker.stop.is_set():
                return False
            try:
                outcome = self.worker.process(dropped)
            except InterruptedWorkError:
                return False
            except FileNotFoundError:
                continue  # its sender took it back
            except OSError as error:  # no right to the folder, a full disk: the others may do better
                reason = f"{type(error).__name__}: {error}; periksa hak akses dan ruang disk, dicoba lagi"
                outcome = Outcome(dropped.name, str(dropped.place), "waiting", reason=reason)
                self.report(outcome)
                held_up = True
                continue
            self.report(outcome)
            if outcome.status == "waiting":
                return True
        return held_up

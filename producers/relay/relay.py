"""The relay's loop: read, post, mark; wait where the gateway or the database asks for it.

A row is marked after its receipt and never before. Whatever ends the process between the two, the row is sent again,
and the gateway knows it by ``(source, id)``.

A refused row is set aside alone; later rows of its aggregate go on. Figures are computed from the set of events, and one
that comes late corrects them, whereas holding the aggregate would let one wrong row stop a whole cash office.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitoring import failpoints
from producers.relay.dialects import LockedError
from producers.relay.environment import Environment
from producers.relay.events import UnsendableError, cloud_event
from producers.relay.outbox import Outbox, Row
from producers.relay.replies import Verdict, judge
from producers.relay.signing import Signer

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
#: Below the limit of the gateway's body (4 MiB) with room for the brackets.
MOST_BYTES = 3_500_000
REQUEST_SECONDS = 60.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
IDLE_SECONDS = 2.0


@dataclass(slots=True)
class Progress:
    """What one run has done so far; ``waiting_for`` says why it waits, empty while it does not."""

    sent: int = 0
    refused: int = 0
    waiting_for: str = ""


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
        import httpx

        self._environment = environment
        self._signer = Signer(environment.signing_key) if environment.signing_key else None
        self._most, self._batch = batch, batch
        self._stop = stop or threading.Event()
        self._tell = tell
        self._wait = FIRST_WAIT
        self._worked = False
        self._http: Any = httpx.Client(timeout=REQUEST_SECONDS, follow_redirects=False)
        self.progress = Progress()

    def run(self, *, once: bool, seconds: float | None = None) -> Progress:
        """Relay until told to stop; with ``once`` until no row waits, with ``seconds`` no longer than that.

        Raises LockedError, RelayEnvironmentError, StoppedError, SQLAlchemyError. A database that goes away, or a lock
        that its server still holds for us, is waited for once this run has read a row list, unless ``once``.
        """
        from sqlalchemy.exc import DBAPIError

        until = None if seconds is None else time.monotonic() + seconds
        try:
            while not self._ended(until):
                try:
                    if self._connected(once, until):
                        break
                except (DBAPIError, LockedError) as error:
                    if once or not self._worked:
                        raise
                    self._pause(None, f"basis data: {type(error).__name__}", until)
        finally:
            self._http.close()
        return self.progress

    def _connected(self, once: bool, until: float | None) -> bool:
        """Relay over one connection; True when there is nothing more to do."""
        with Outbox(self._environment.database, self._environment.table) as outbox:
            outbox.lock()
            while not self._ended(until):
                rows = outbox.waiting(self._batch)
                self._worked = True
                if not rows:
                    if once:
                        return True
                    self._stop.wait(IDLE_SECONDS)
                    continue
                self._one(outbox, rows, until)
        return True

    def _one(self, outbox: Outbox, rows: list[Row], until: float | None) -> None:
        chosen, events, unsendable = self._made(rows)
        if unsendable:
            self._mark(outbox, Verdict(refused=unsendable))
        if not chosen:
            return
        failpoints.reached("relay-before-send")
        verdict = self._post(chosen, b"[" + b",\n".join(events) + b"]")
        failpoints.reached("relay-answered")
        if verdict.sent or verdict.refused:
            self._mark(outbox, verdict)
        failpoints.reached("relay-marked")
        if verdict.fewer:
            self._batch = max(1, len(chosen) // 2)
        elif verdict.why:
            self._pause(verdict.wait, verdict.why, until)
        else:
            self._wait, self.progress.waiting_for = FIRST_WAIT, ""
            self._batch = min(self._most, self._batch + 1)

    def _made(self, rows: list[Row]) -> tuple[list[Row], list[bytes], list[tuple[int, str]]]:
        """The rows of one request, their events, and the rows of which no event can be made."""
        chosen: list[Row] = []
        events: list[bytes] = []
        unsendable: list[tuple[int, str]] = []
        size = 0
        for row in rows:
            try:
                event = cloud_event(row, self._environment.source)
            except UnsendableError as error:
                unsendable.append((row.seq, str(error)))
                continue
            size += len(event) + 2
            if chosen and size > MOST_BYTES:
                break
            chosen.append(row)
            events.append(event)
        return chosen, events, unsendable

    def _post(self, rows: list[Row], body: bytes) -> Verdict:
        import httpx

        headers = {"Authorization": f"Bearer {self._environment.key}", "Content-Type": BATCH_MEDIA_TYPE}
        if self._signer is not None:
            headers |= self._signer.headers(body)
        try:
            answer = self._http.post(f"{self._environment.url}/v1/events", content=body, headers=headers)
        except httpx.HTTPError as error:
            return Verdict(why=f"gerbang tidak dapat dihubungi ({type(error).__name__})")
        return judge(rows, self._environment.source, answer.status_code, answer.headers, answer.content)

    def _mark(self, outbox: Outbox, verdict: Verdict) -> None:
        outbox.mark(verdict.sent, verdict.refused)
        self.progress.sent += len(verdict.sent)
        self.progress.refused += len(verdict.refused)
        self._tell(self.progress)

    def _pause(self, asked: float | None, why: str, until: float | None) -> None:
        """Wait as long as was asked for; otherwise twice as long as the last time, with some chance in it."""
        self.progress.waiting_for = why
        self._tell(self.progress)
        wait = asked if asked is not None else self._wait * random.uniform(0.5, 1.0)  # noqa: S311
        self._wait = min(LONGEST_WAIT, self._wait * 2)
        if until is not None:
            wait = min(wait, max(0.0, until - time.monotonic()))
        self._stop.wait(wait)

    def _ended(self, until: float | None) -> bool:
        return self._stop.is_set() or (until is not None and time.monotonic() >= until)

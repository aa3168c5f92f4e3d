"""Batch after batch to the gateway: read, post, mark; wait where the gateway asks for it.

An event is marked after its receipt and never before. Whatever ends the process between the two, the event is sent
again, and the gateway knows it by ``(source, id)``.

A refused event is set aside alone; later ones of its key go on. Figures are computed from the set of events, and one
that comes late corrects them, whereas holding the key would let one wrong event stop a whole cash office.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from monitoring import failpoints
from producers.sending.environment import Gateway
from producers.sending.replies import Outgoing, Verdict, judge
from producers.sending.signing import Signer

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
#: Below the limit of the gateway's body (4 MiB) with room for the brackets.
MOST_BYTES = 3_500_000
REQUEST_SECONDS = 60.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


class Unsendable(NamedTuple):
    """A waiting entry of which no event can be made, and why."""

    seq: int
    why: str


class Store(Protocol):
    """Where events wait, in order."""

    def waiting(self, limit: int) -> Sequence[Outgoing | Unsendable]:
        """The first that wait, in order; marked ones do not."""

    def mark(self, sent: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """Write in one transaction what became of some: numbers with a receipt, and numbers with a reason."""


@dataclass(slots=True)
class Progress:
    """What one run has done so far; ``waiting_for`` says why it waits, empty while it does not."""

    sent: int = 0
    refused: int = 0
    waiting_for: str = ""


class Delivery:
    """One run. ``stop`` may be set from any thread: the batch under way is finished and marked first.

    ``tell`` hears of progress, from the thread that runs. Call ``close`` at the end.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        batch: int = 200,
        stop: threading.Event | None = None,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        import httpx

        self._gateway = gateway
        self._signer = Signer(gateway.signing_key) if gateway.signing_key else None
        self._most, self._batch = batch, batch
        self._tell = tell
        self._wait = FIRST_WAIT
        self._http: Any = httpx.Client(timeout=REQUEST_SECONDS, follow_redirects=False)
        self.stop = stop or threading.Event()
        self.progress = Progress()

    def batch(self, store: Store, until: float | None) -> bool:
        """Deliver one batch and wait afterwards if the gateway asks for it; False when nothing waits.

        Raises StoppedError, and what the store raises.
        """
        found = store.waiting(self._batch)
        if not found:
            return False
        unsendable = [(entry.seq, entry.why) for entry in found if isinstance(entry, Unsendable)]
        if unsendable:
            self._mark(store, Verdict(refused=unsendable))
        chosen = _that_fit([entry for entry in found if isinstance(entry, Outgoing)])
        if chosen:
            self._one(store, chosen, until)
        return True

    def _one(self, store: Store, chosen: Sequence[Outgoing], until: float | None) -> None:
        failpoints.reached("sending-before")
        verdict = self._post(chosen)
        failpoints.reached("sending-answered")
        if verdict.sent or verdict.refused:
            self._mark(store, verdict)
        failpoints.reached("sending-marked")
        if verdict.fewer:
            self._batch = max(1, len(chosen) // 2)
        elif verdict.why:
            self.pause(verdict.wait, verdict.why, until)
        else:
            self._wait, self.progress.waiting_for = FIRST_WAIT, ""
            self._batch = min(self._most, self._batch + 1)

    def pause(self, asked: float | None, why: str, until: float | None) -> None:
        """Wait as long as was asked for; otherwise twice as long as the last time, with some chance in it."""
        self.progress.waiting_for = why
        self._tell(self.progress)
        wait = asked if asked is not None else self._wait * random.uniform(0.5, 1.0)  # noqa: S311
        self._wait = min(LONGEST_WAIT, self._wait * 2)
        if until is not None:
            wait = min(wait, max(0.0, until - time.monotonic()))
        self.stop.wait(wait)

    def ended(self, until: float | None) -> bool:
        """Whether it was told to stop, or its time (monotonic seconds) is over."""
        return self.stop.is_set() or (until is not None and time.monotonic() >= until)

    def close(self) -> None:
        """Close the connection to the gateway."""
        self._http.close()

    def _post(self, events: Sequence[Outgoing]) -> Verdict:
        import httpx

        body = b"[" + b",\n".join(event.body for event in events) + b"]"
        headers = {"Authorization": f"Bearer {self._gateway.key}", "Content-Type": BATCH_MEDIA_TYPE}
        if self._signer is not None:
            headers |= self._signer.headers(body)
        try:
            answer = self._http.post(f"{self._gateway.url}/v1/events", content=body, headers=headers)
        except httpx.HTTPError as error:
            return Verdict(why=f"gerbang tidak dapat dihubungi ({type(error).__name__})")
        return judge(events, answer.status_code, answer.headers, answer.content)

    def _mark(self, store: Store, verdict: Verdict) -> None:
        store.mark(verdict.sent, verdict.refused)
        self.progress.sent += len(verdict.sent)
        self.progress.refused += len(verdict.refused)
        self._tell(self.progress)


def _that_fit(events: Sequence[Outgoing]) -> Sequence[Outgoing]:
    """The first events, as many as one body may hold; at least one."""
    size = 0
    for number, event in enumerate(events):
        size += len(event.body) + 2
        if number and size > MOST_BYTES:
            return events[:number]
    return events

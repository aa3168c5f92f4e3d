"""The rounds: what is above the watermark less the overlap, and now and then the whole table.

Three readings, each for what the others cannot see. By watermark, from the highest one less the overlap: new and changed
rows, late commits, rows that vanished. By key, above the highest one: rows that a clock set back wrote far below the
watermark. The sweep of the whole table in the order of its key: everything else. The first reading is a sweep, because
the key has an index and the watermark often has none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from producers.pull.anomalies import Horizon, Kind
from producers.pull.config import PullError, Source
from producers.pull.database import Database, Row
from producers.pull.events import Maker, key_of
from producers.pull.marks import NUMBER, form_of, highest, number_of, overlap_of, value_of
from producers.pull.page import Found, Pages
from producers.pull.report import bring_up_to_date
from producers.pull.state import State
from producers.relay.environment import Environment
from producers.relay.relay import Relay

#: Events that wait before they are sent: the bound on what lies in the outbox.
MOST_WAITING = 5000
BATCH = 500
VERIFIED = 500
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: Pages that a round may read again, at most, to follow a clock that was set back.
FOLLOWED = 20


@dataclass(slots=True)
class Progress:
    """What one run has done: rows ``read`` of ``total`` in the sweep under way (0: none), events ``sent`` and
    ``refused``, ``anomalies`` found, and what it waits for."""

    read: int = 0
    total: int = 0
    sent: int = 0
    refused: int = 0
    anomalies: int = 0
    waiting_for: str = ""


class Puller:
    """One run over one source. ``stop`` may be set from any thread: the page under way is finished first.

    ``gateway`` is the environment of a relay whose outbox is the state.
    """

    def __init__(
        self,
        source: Source,
        database: Database,
        state: State,
        maker: Maker,
        gateway: Environment,
        stop: threading.Event,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._source, self._database, self._state, self._gateway = source, database, state, gateway
        self._pages = Pages(source, state, maker)
        self._stop, self._tell = stop, tell
        self._waiting = state.waiting()
        self.progress = Progress()

    def run(self, *, once: bool, sweep: bool = False) -> Progress:
        """Pull until told to stop, or for one round; ``sweep`` reads the whole table in the first one.

        Raises PullError, MappingError, StoppedError (the gateway refuses), SQLAlchemyError. A database that goes away
        is waited for once a round was done, unless ``once``.
        """
        from sqlalchemy.exc import DBAPIError

        self._same_source()
        worked, wait = False, FIRST_WAIT
        while not self._stop.is_set():
            try:
                self._turn(sweep=sweep, checked=worked)
            except DBAPIError as error:
                if once or not worked:
                    raise
                self._say(f"basis data: {type(error).__name__}")
                self._stop.wait(wait)
                wait = min(LONGEST_WAIT, wait * 2)
                continue
            finally:
                bring_up_to_date(self._state)
            if once:
                break
            worked, sweep, wait = True, False, FIRST_WAIT
            self._say("")
            self._stop.wait(self._source.file.pause)
        return self.progress

    def _turn(self, *, sweep: bool, checked: bool) -> None:
        if not checked:
            self._database.check()
        self._send()
        first = not self._state.get("first_done")
        if first or self._state.get("sweep"):
            self._sweep(first)
        self._round()
        due = time.time() - self._state.get("swept_at", 0) >= self._source.file.sweep_hours * 3600
        if (sweep and not first) or due:
            self._sweep(False)
        self._send()

    def _sweep(self, first: bool) -> None:
        """Read the whole table in the order of its key, from where the last sweep was cut off."""
        if self._stop.is_set():
            return
        state, file = self._state, self._source.file
        number, cursor = state.get("sweep"), state.get("cursor")
        if number is None:
            number, cursor = self._next_pass(), None
            start = self._database.highest() if first else None
            with state.transaction():
                state.set(sweep=number, cursor=None)
                if start is not None:
                    state.set(position=number_of(start), highest=number_of(start), form=form_of(start))
        horizon = Horizon(None, None, None, 0) if first else self._horizon()
        self._pages.first = first
        self.progress.read, self.progress.total = 0, self._database.count()
        while rows := self._database.by_key(cursor, file.page):
            cursor = rows[-1][file.key]
            if not self._take(rows, number, horizon, cursor=key_of(cursor)):
                return
            if len(rows) < file.page:
                break
        self._pages.first = False
        if self._vanished(number, None, horizon):
            with state.transaction():
                state.set(sweep=None, cursor=None, first_done=1, swept_at=time.time())
        self.progress.total = 0

    def _round(self) -> None:
        if self._stop.is_set():
            return
        state, file, horizon, number = self._state, self._source.file, self._horizon(), self._next_pass()
        start = None if horizon.mark is None else horizon.mark - horizon.overlap
        value = None if start is None else value_of(start, state.get("form"))
        after: tuple[Any, Any] | None = None
        top = horizon.key
        while rows := self._database.by_mark(value, after, file.page):
            after = rows[-1][file.watermark], rows[-1][file.key]
            found = self._take(rows, number, horizon, by_mark=True)
            if not found:
                return
            top = highest(top, found.key)
            if len(rows) < file.page:
                break
        if not self._vanished(number, start, horizon) or not self._above(number, horizon):
            return
        if top is not None:
            with state.transaction():
                state.set(top=highest(state.get("top"), top))

    def _above(self, number: int, horizon: Horizon) -> bool:
        """Rows above the highest key, wherever their watermark is; follows a clock that was set back."""
        file, cursor, back = self._source.file, horizon.key, None
        if cursor is None or file.key == file.watermark:
            return True
        while rows := self._database.by_key(cursor, file.page):
            cursor = rows[-1][file.key]
            found = self._take(rows, number, horizon)
            if not found:
                return False
            back = highest(back, found.set_back)
            if len(rows) < file.page:
                break
        limit = FOLLOWED * file.page
        if back is not None and self._state.above(back - horizon.overlap, limit + 1) <= limit:
            with self._state.transaction():
                self._state.set(position=back)
        return True

    def _vanished(self, number: int, start: int | None, horizon: Horizon) -> bool:
        """Ask for every row that this pass should have seen and did not; False when told to stop."""
        while missing := self._state.unseen(number, start, VERIFIED):
            rows = self._database.with_keys([key for key, _ in missing])
            if rows and not self._take(rows, number, horizon):
                return False
            gone = self._state.still_unseen(number, [key for key, _ in missing])
            with self._state.transaction():
                for key, mark in gone:
                    self._state.report(Kind.VANISHED, key, mark, None)
                self._state.forget([key for key, _ in gone])
            self.progress.anomalies += len(gone)
            if self._stop.is_set():
                return False
        return True

    def _take(self, rows: list[Row], number: int, horizon: Horizon, **more: Any) -> Found | None:
        """Take a page, and send when enough waits; None when told to stop."""
        found = self._pages.take(rows, number, horizon, **more)
        self.progress.read += len(rows) if self.progress.total else 0
        self.progress.anomalies += found.anomalies
        self._waiting += found.events
        self._tell(self.progress)
        if found.anomalies:
            bring_up_to_date(self._state)
        if self._waiting >= MOST_WAITING:
            self._send()
        return None if self._stop.is_set() else found

    def _send(self) -> None:
        """Send what waits; comes back when all of it is answered, or when told to stop."""
        self._waiting = self._state.waiting()
        if not self._waiting:
            return
        sent, refused = self.progress.sent, self.progress.refused

        def tell(relayed: Any) -> None:
            self.progress.sent, self.progress.refused = sent + relayed.sent, refused + relayed.refused
            self._say(relayed.waiting_for)

        relayed = Relay(self._gateway, batch=BATCH, stop=self._stop, tell=tell).run(once=True)
        self._say(relayed.waiting_for)
        self._state.clear_sent()
        self._waiting = self._state.waiting()

    def _horizon(self) -> Horizon:
        get = self._state.get
        return Horizon(
            get("position"),
            get("highest"),
            get("top"),
            overlap_of(self._source.file.overlap, get("form", NUMBER)),
        )

    def _next_pass(self) -> int:
        number = int(self._state.get("pass", 0)) + 1
        with self._state.transaction():
            self._state.set(**{"pass": number})
        return number

    def _same_source(self) -> None:
        known, now = self._state.get("source"), self._source.fingerprint
        if known is None:
            with self._state.transaction():
                self._state.set(source=now)
        elif known != now:
            raise PullError(
                f"{self._source.name}: tabel, query, key, watermark, source, atau daftar kolom lain dari yang dulu; "
                f"semua baris akan tampak berubah. Kembalikan, atau pakai nama berkas lain dengan source lain "
                f"(yang dulu: {known.splitlines()})"
            )

    def _say(self, why: str) -> None:
        self.progress.waiting_for = why
        self._tell(self.progress)

"""One page of rows against what is remembered: events into the outbox, anomalies into the report, in one transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from monitoring.failpoints import reached
from producers.pull.anomalies import Horizon, Kind, Known, judged
from producers.pull.config import PullError, Source
from producers.pull.database import Row
from producers.pull.events import Made, Maker, key_of
from producers.pull.marks import form_of, highest, number_of
from producers.pull.state import Aside, State

REASON = "isi baris berubah di basis data sumber"
ENVELOPE = ("mode", "corrects", "correction_reason")


class Found(NamedTuple):
    """What a page brought: events put into the outbox, anomalies, the highest key that is a number, and the highest
    watermark of a new row that a clock set back."""

    events: int
    anomalies: int
    key: int | None
    set_back: int | None


class Item(NamedTuple):
    """One row: its content's hash, its watermark as a number, and the row itself."""

    hash: bytes
    mark: int | None
    row: Row


class Pages:
    """Takes pages of one source. ``first`` holds while the first reading is not done."""

    def __init__(self, source: Source, state: State, maker: Maker) -> None:
        self._source, self._state, self._maker = source, state, maker
        self.first = False

    def take(
        self,
        rows: Sequence[Row],
        number: int,
        horizon: Horizon,
        *,
        by_mark: bool = False,
        cursor: int | str | None = None,
    ) -> Found:
        """Take a page of the pass with this number. ``by_mark`` moves the position on, ``cursor`` is how far a sweep came.

        Raises PullError.
        """
        items = self._items(rows)
        state = self._state
        events = anomalies = 0
        news = set_back = None
        kept, same = [], []
        with state.transaction():
            known = state.known(list(items))
            aside = state.aside([old.event for old in known.values()])
            for key, item in items.items():
                old = known.get(key)
                kind = judged(old, item.hash, item.mark, key, horizon)
                if kind is not None:
                    anomalies += 1
                    state.report(kind, key, old.mark if old else horizon.mark, item.mark)
                    if kind is Kind.CLOCK and old is None:
                        set_back = highest(set_back, item.mark)
                waiting = aside.get(old.event) if old else None
                if old is not None and old.hash == item.hash and waiting is None and not old.gone:
                    same.append((number, item.mark, key))
                    continue
                event, place, put, more = self._changed(key, item, old, waiting)
                if more is not None:
                    anomalies += 1
                    state.report(more, key, old.mark if old else None, item.mark)
                kept.append((key, item.hash, item.mark, event, place, number))
                events += put
                news = highest(news, item.mark)
            state.remember(kept)
            state.seen(same)
            if by_mark and news is not None:
                state.set(
                    position=highest(state.get("position"), news), highest=highest(state.get("highest"), news)
                )
            top = max((key for key in items if isinstance(key, int)), default=None)
            if cursor is not None:
                state.set(cursor=cursor, top=highest(state.get("top"), top))
            reached("pull-before-commit")
        reached("pull-committed")
        return Found(events, anomalies, top, set_back)

    def _items(self, rows: Sequence[Row]) -> dict[int | str, Item]:
        file = self._source.file
        items: dict[int | str, Item] = {}
        for row in rows:
            if row[file.key] is None:
                raise PullError(f"{self._source.name}: kolom key {file.key!r} kosong pada suatu baris")
            key = key_of(row[file.key])
            item = Item(self._maker.hash(row), number_of(row[file.watermark]), row)
            if key in items and items[key].hash != item.hash:
                raise PullError(
                    f"{self._source.name}: kolom key {file.key!r} tidak unik; pilih kolom tanpa nilai berulang, "
                    "atau gabungkan beberapa kolom dengan query"
                )
            items[key] = item
        marked = next((row[file.watermark] for row in rows if row[file.watermark] is not None), None)
        if marked is not None and not self._state.get("form"):
            self._state.set(form=form_of(marked))
        return items

    def _changed(
        self, key: int | str, item: Item, old: Known | None, aside: Aside | None
    ) -> tuple[bytes, bytes, bool, Kind | None]:
        """(id of the row's event, its place, whether it was put into the outbox, an anomaly beside the first)."""
        if old is None:
            backfill = {"mode": "backfill"} if self.first and self._source.file.first == "backfill" else {}
            return self._put(key, self._maker.event(key, item.row, None, backfill))
        if aside is not None:
            return self._again(key, item, old, aside)
        if old.hash == item.hash:
            return old.event, old.place, False, None
        match self._source.file.on_change:
            case "report":
                return old.event, old.place, False, Kind.CHANGED
            case "new":
                return self._put(key, self._maker.event(key, item.row, old.event, {}))
        more = {"corrects": str(uuid.UUID(bytes=old.event)), "correction_reason": REASON}
        made = self._maker.event(key, item.row, old.event, more)
        return self._correct(key, made, old)

    def _again(
        self, key: int | str, item: Item, old: Known, aside: Aside
    ) -> tuple[bytes, bytes, bool, Kind | None]:
        """A row whose event was refused: the event anew, where row or mapping were mended."""
        more = _envelope(aside.payload)
        made = self._maker.event(key, item.row, old.event, more)
        if (made.kind, made.payload) == (aside.kind, aside.payload) and made.problem in ("", aside.why):
            return old.event, old.place, False, None
        self._state.take_back(old.event)
        if "corrects" not in more:
            return self._put(key, made)
        return self._correct(key, made, old._replace(event=uuid.UUID(more["corrects"]).bytes))

    def _correct(self, key: int | str, made: Made, old: Known) -> tuple[bytes, bytes, bool, Kind | None]:
        if made.place != old.place and not made.problem:
            return old.event, old.place, False, Kind.MOVED
        return self._put(key, made._replace(place=old.place))

    def _put(self, key: int | str, made: Made) -> tuple[bytes, bytes, bool, None]:
        self._state.put(self._source.topic.name, key, made)
        return made.id.bytes, made.place, True, None


def _envelope(payload: str) -> dict[str, str]:
    found = json.loads(payload)
    return {name: found[name] for name in ENVELOPE if name in found}

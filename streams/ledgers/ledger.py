"""The rows of one topic in the order of time, of which corrections take others back: a store.

A row is *seen* on the first day that begins after both its own local day and its arrival: on that day rules judge it
for the first time, and nothing that is dated in the future counts before. Rows that no rule looks back to are let go.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.event_ids import event_ids
from streams.corrections import Chains
from streams.days import local_days
from streams.engine.chunk import Int64s, frame_of
from streams.engine.store import FREEZE_ROWS

#: What every event has, and the ledger keeps of it beside the fields that rules read.
ENVELOPE = ("event_id", "source", "opd", "occurred_at", "kind", "mode", "corrects", "simulated")
ID = ("high", "low")
TIME = ("at", *ID)
NUMBERS = {"high": pl.UInt64, "low": pl.UInt64, "offset": pl.Int64}
#: A day before all others.
LONG_AGO = 0
#: More pieces than this make every look at the rows slow.
PIECES = 32
#: Rows are let go so many days at a time.
LET_GO = 30


class Ledger:
    """Columns: high, low (the event id), partition, offset, stamp (its clock, UTC ms), at (occurred_at), day (its
    local day), seen (days since 1970), opd, source, kind, backfill, simulated, corrects, and ``fields``. Texts are
    Categorical, also those of lists of records. ``key`` are the fields of the Kafka key; ``days`` is how far rules look back.
    A ``partial`` one is not given every row of its topic: a correction is believed where what it corrects is not among them.
    What corrects another source's event is not kept. ``adds`` are columns more that each row gives by itself; they are
    computed when it comes and are no part of the state."""

    def __init__(
        self,
        fields: Sequence[str],
        key: Sequence[str],
        days: int,
        zone: str,
        chains: Chains,
        *,
        partial: bool = False,
        adds: Sequence[pl.Expr] = (),
    ) -> None:
        self._partial, self._adds = partial, list(adds)
        self._fields = [name for name in dict.fromkeys((*key, *fields)) if name not in ENVELOPE]
        self._key, self._days, self._zone, self._chains = list(key), days, zone, chains
        self._rows: pl.DataFrame | None = None
        self._before: pl.DataFrame | None = None
        self._new: list[pl.DataFrame] = []
        self._unsaved: list[pl.DataFrame] = []
        self._gone: pl.DataFrame | None = None
        self._left: dict[
            str, int
        ] = {}  # since the last freeze: what another took the place of, and on which day
        self._from = 0

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields of an event that it wants."""
        return (*ENVELOPE, *self._fields)

    def append(self, columns: pa.RecordBatch, places: Mapping[str, Int64s], opens: Int64s) -> None:
        """Add rows in order. ``places`` are their partition, offset and stamp; ``opens`` is the day (since 1970) that
        is frozen first after each arrived."""
        if not len(columns):
            return
        ids = event_ids(columns.column("event_id"))
        at = columns.column("occurred_at").to_numpy()
        days = local_days(at, self._zone)
        plain = frame_of(
            columns.select([name for name in self.reads if name not in ("event_id", "occurred_at")])
        ).with_columns(
            pl.Series("high", ids.high), pl.Series("low", ids.low), pl.Series("at", at), pl.Series("day", days),
            pl.Series("seen", np.maximum(days + 1, opens)), (pl.col("mode") == "backfill").alias("backfill"),
            *(pl.Series(name, values) for name, values in places.items()),
        ).drop("mode")  # fmt: skip
        frame = _with_texts(plain, pl.Categorical()).with_columns(self._adds)
        if foreign := self._chain(frame, opens):
            others = pl.DataFrame(foreign, [*ID, "offset"], orient="row", schema_overrides=NUMBERS)
            plain, frame = (some.join(others, on=[*ID, "offset"], how="anti") for some in (plain, frame))
            if not len(frame):
                return
        self._insert(frame)
        self._new.append(plain)

    def standing(self, first: int, last: int) -> pl.DataFrame:
        """The rows, in the order of (at, event id), that stood on a day from ``first`` to ``last``; ``gone`` is the day from
        which one stands no more (null: it stands)."""
        if self._rows is None:
            return pl.DataFrame()
        rows = self._rows
        gone = pl.repeat(None, len(rows), dtype=pl.Int64, eager=True)
        if len(self._chains):
            left = _numbers(self._left).with_columns(
                gone=pl.Series(list(self._left.values()), dtype=pl.Int64)
            )
            ended = (
                self._superseded()
                .join(left, on=ID, how="left")
                .with_columns(pl.col("gone").fill_null(LONG_AGO))
            )
            found = rows.select(ID).with_row_index("place").join(ended, on=ID)
            gone = gone.scatter(found.get_column("place"), found.get_column("gone"))
        stood = (pl.col("seen") <= last) & (pl.col("gone").is_null() | (pl.col("gone") > first))
        return rows.with_columns(gone=gone).filter(stood)

    def touched(self, days: Sequence[int], every: int, at: Callable[[int], int]) -> pl.DataFrame:
        """The rows that were seen first on each of ``days`` (``today``), or since the one ``every`` days before it, and those
        that a correction which came in that time took the place of: whoever they belong to is judged again. ``at`` is
        when a day is frozen (UTC ms)."""
        if self._rows is None:
            return pl.DataFrame()
        seen = pl.col("seen")
        new = self._rows.filter((seen > days[0] - every) & (seen <= days[-1])).with_columns(
            today=(seen + (every - 1)) // every * every
        )
        if not len(self._chains):
            return new
        ats = [at(day) for day in (days[0] - every, *days)]
        came = self._rows.filter(
            (pl.col("stamp") > ats[0]) & (pl.col("stamp") <= ats[-1]) & pl.col("corrects").is_not_null()
        )
        roots = defaultdict(set)
        for corrected, stamp in came.select("corrects", "stamp").iter_rows():
            if (link := self._chains.get(corrected)) is not None:
                roots[link[0]].add(days[bisect_left(ats, stamp) - 1])
        chained = [
            (*_number(name), today, at(today))
            for name in self._chains
            if (link := self._chains.get(name)) is not None
            for today in roots.get(link[0], ())
        ]
        schema = {**dict.fromkeys(ID, pl.UInt64), "today": pl.Int64, "until": pl.Int64}
        again = self._rows.join(pl.DataFrame(chained, schema, orient="row"), on=ID)
        known = (pl.col("stamp") <= pl.col("until")) & (pl.col("day") >= pl.col("today") - self._days)
        return new.vstack(again.filter(known).select(new.columns))

    def let_go(self, day: int) -> None:
        """From ``day`` on: forget what no rule looks back to, nor was seen so lately that one may not have been asked
        about it."""
        self._left.clear()
        least = day - self._days
        if self._rows is not None and least - self._from >= LET_GO:
            self._from = least
            self._rows = self._rows.filter(
                (pl.col("day") >= least) | (pl.col("seen") > day - LET_GO)
            ).rechunk()
            self._gone = None

    def mark(self) -> None:
        self._before = self._rows
        self._unsaved += self._new
        self._new = []

    def undo(self) -> None:
        self._rows, self._new, self._gone = self._before, [], None
        self._left.clear()

    def changes(self) -> pa.RecordBatch | None:
        self.mark()
        if not self._unsaved:
            return None
        rows, self._unsaved = pl.concat(self._unsaved), []
        return _batch(rows)

    def freeze(self) -> Iterator[pa.RecordBatch]:
        self.mark()
        rows = self._rows
        return iter(()) if rows is None else (self._saved(piece) for piece in rows.iter_slices(FREEZE_ROWS))

    def restore(self, batch: pa.RecordBatch) -> None:
        self._insert(_with_texts(frame_of(batch), pl.Categorical()).with_columns(self._adds))
        self._before, self._gone = self._rows, None

    def _insert(self, frame: pl.DataFrame) -> None:
        """Put rows in their place: nearly all come after those that are known."""
        frame = frame.sort(TIME)
        if self._rows is not None:
            before = int((self._rows.get_column("at") < frame.get_column("at").min()).sum())
            late = self._rows.slice(before)
            frame = self._rows.slice(0, before).vstack(late.vstack(frame).sort(TIME) if len(late) else frame)
        self._rows = frame.rechunk() if frame.n_chunks() > PIECES else frame

    def _saved(self, rows: pl.DataFrame) -> pa.RecordBatch:
        """Rows as they came, which is how the state has them: texts are texts."""
        added = [column.meta.output_name() for column in self._adds]
        return _batch(_with_texts(rows.drop(added), pl.String()))

    def _chain(self, frame: pl.DataFrame, opens: Int64s) -> list[tuple[int, int, int]]:
        """Put the corrections of a frame in the place of what they correct: an event of the same Kafka key that lies before
        them in their partition. Returns (high, low, offset) of those that correct another source's event."""
        columns = [*ID, "partition", "offset", "source", *self._key]
        corrections = (
            frame.with_columns(pl.Series("opens", opens))
            .filter(pl.col("corrects").is_not_null())
            .sort("offset")
        )
        if not len(corrections):
            return []
        self._gone = None
        rows = frame if self._rows is None else self._rows.select(frame.columns).vstack(frame)
        wanted = _numbers(corrections.get_column("corrects").to_list())
        known = {
            (high, low): (offset, place, source)
            for high, low, partition, offset, source, *key in rows.join(wanted, on=ID, how="semi")
            .select(columns)
            .iter_rows()
            for place in [(partition, *key)]
        }
        foreign: list[tuple[int, int, int]] = []
        for high, low, partition, offset, source, *key, corrected, on in corrections.select(
            *columns, "corrects", "opens"
        ).iter_rows():
            target = known.get(_number(corrected))
            if not (
                self._partial if target is None else target[0] < offset and target[1] == (partition, *key)
            ):
                continue
            if target is not None and target[2] != source:
                foreign.append((high, low, offset))
                if known.get((high, low), (None,))[0] == offset:
                    del known[high, low]
                continue
            before = self._chains.replace(corrected, str(UUID(int=high << 64 | low)))
            self._left[before] = on
        return foreign

    def _superseded(self) -> pl.DataFrame:
        """The ids of the events that another one stands for."""
        if self._gone is None:
            found = []
            for name in self._chains:
                link = self._chains.get(name)
                head = self._chains.get(link[0]) if link is not None else None
                if head is not None and head[1] != name:
                    found.append(name)
            self._gone = _numbers(found)
        return self._gone


def _batch(rows: pl.DataFrame) -> pa.RecordBatch:
    return rows.rechunk().to_arrow().to_batches()[0]


def _number(event_id: str) -> tuple[int, int]:
    """A UUID's halves; what is no UUID is nobody's."""
    try:
        number = UUID(event_id).int
    except ValueError:
        return 0, 0
    return number >> 64, number & (1 << 64) - 1


def _numbers(event_ids: Iterable[str]) -> pl.DataFrame:
    numbers = [_number(name) for name in event_ids]
    return pl.DataFrame(numbers, schema=dict.fromkeys(ID, pl.UInt64), orient="row")


def _with_texts(rows: pl.DataFrame, text: pl.DataType) -> pl.DataFrame:
    """Rows with texts of a type, but for the ids of what they correct."""
    return rows.cast({name: _of_text(kind, text) for name, kind in rows.schema.items() if name != "corrects"})


def _of_text(kind: pl.DataType, text: pl.DataType) -> pl.DataType:
    """A type with its texts, also those of lists of records, of another type."""
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
        return pl.List(
            pl.Struct(
                {name: _of_text(inner, text) for name, inner in pl.Schema(kind.inner.to_schema()).items()}
            )
        )
    return text if isinstance(kind, pl.String | pl.Categorical) else kind

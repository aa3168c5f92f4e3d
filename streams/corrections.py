"""Corrections: an event that names an earlier one of the same key replaces it.

Of an event and all corrections of it, or of its corrections, the one that arrived last stands. A correction of an
event that is not known (or of another key) is counted as itself. One of an event of another source is refused: whatever
way it came, this is where the corrected event is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from streams.engine.chunk import frame_of
from streams.engine.store import Table

#: Why a correction is set aside that replaces another source's event.
FOREIGN = "ForeignCorrection"
FOREIGN_TEXT = "corrects an event of another source: only the source that sent an event may correct it"
CHAIN_SCHEMA = pa.schema([("event_id", pa.string()), ("root", pa.string()), ("standing", pa.string())])

Link = tuple[str, str]
"""The first event of the chain, and the one that stands for it (kept at the first event)."""


class Chains(Table[str, Link]):
    """Which event stands for which: by event, the first event of its chain and, there, the one that stands now."""

    def replace(self, corrected: str, by: str) -> str:
        """Let ``by`` stand for the chain that the known event ``corrected`` is in; returns what stood before."""
        link = self.get(corrected)
        root = link[0] if link is not None else corrected
        head = self.get(root)
        before = head[1] if head is not None else root
        self.put(by, (root, ""))
        self.put(root, (root, by))
        return before

    def columns(self, keys: Sequence[str], values: Sequence[Link | None]) -> pa.RecordBatch:
        roots, standing = zip(*(value or (None, None) for value in values), strict=True)
        arrays = [pa.array(texts, pa.string()) for texts in (keys, roots, standing)]
        return pa.RecordBatch.from_arrays(arrays, schema=CHAIN_SCHEMA)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[str, Link | None]]:
        for event_id, root, standing in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield event_id, None if root is None else (root, standing)


class Taken(NamedTuple):
    """What a chunk's rows come to: those to count, those counted earlier to take back, and the indexes of those that correct
    another source's event, which were not kept."""

    counted: pl.DataFrame
    undone: pl.DataFrame
    foreign: list[int]


class Facts:
    """The rows of one partition, kept as columns so that a correction can take one back: a store that only grows.

    ``key`` names the columns of the Kafka key; ``source`` is one of the columns. Nothing is looked up until a row corrects another. Which rows stand is
    in ``chains``, a store beside this one.
    """

    def __init__(self, key: Sequence[str], chains: Chains) -> None:
        self._key = list(key)
        self._chains = chains
        self._pieces: list[pa.RecordBatch] = []
        self._unsaved: list[pa.RecordBatch] = []
        self._new: list[pa.RecordBatch] = []

    def take(self, rows: pa.RecordBatch, frame: pl.DataFrame) -> Taken:
        """Add the rows of a chunk, in order; ``frame`` has the same."""
        superseded: list[str] = []
        foreign: list[int] = []
        if frame.get_column("corrects").null_count() < len(frame):
            superseded, foreign = self._superseded(frame)
        if foreign:
            mine = np.ones(len(frame), np.bool_)
            mine[foreign] = False
            rows, frame = rows.filter(pa.array(mine)), frame.filter(pl.Series(mine))
        undone = self._find(superseded, frame)
        counted = frame.filter(~pl.col("event_id").is_in(superseded)) if superseded else frame
        if len(frame):
            self._new.append(rows)
        return Taken(counted, undone, foreign)

    def mark(self) -> None:
        self._unsaved += self._new
        self._new = []

    def undo(self) -> None:
        self._new = []

    def changes(self) -> pa.RecordBatch | None:
        self.mark()
        if not self._unsaved:
            return None
        rows = _joined(self._unsaved)
        self._unsaved = []
        self._keep(rows)
        return rows

    def freeze(self) -> Iterator[pa.RecordBatch]:
        self.mark()
        return iter([*self._pieces, *self._unsaved])

    def restore(self, batch: pa.RecordBatch) -> None:
        self._keep(batch)

    def _superseded(self, frame: pl.DataFrame) -> tuple[list[str], list[int]]:
        """Ids that stood before and are replaced by rows of this frame, or stood within it for a while; and the indexes of
        rows that correct another source's event."""
        columns = ["position", "event_id", "source", *self._key]
        rows = frame.with_row_index("position")
        corrections = rows.filter(pl.col("corrects").is_not_null())
        wanted = corrections.get_column("corrects").to_list()
        known: dict[str, tuple[int, str, tuple[object, ...]]] = {}
        earlier = self._find(wanted, frame).select(pl.lit(-1).alias("position"), *columns[1:])
        here = rows.filter(pl.col("event_id").is_in(wanted)).select(
            pl.col("position").cast(pl.Int32), *columns[1:]
        )
        for position, event_id, source, *key in pl.concat(
            [earlier, here], how="vertical_relaxed"
        ).iter_rows():
            known.setdefault(event_id, (position, source, tuple(key)))
        found: list[str] = []
        foreign: list[int] = []
        for position, event_id, source, corrected, *key in corrections.select(
            "position", "event_id", "source", "corrects", *self._key
        ).iter_rows():
            target = known.get(corrected)
            if target is None or target[0] >= position or target[2] != tuple(key):
                continue
            if target[1] == source:
                found.append(self._chains.replace(corrected, event_id))
                continue
            foreign.append(position)
            if known.get(event_id, (None,))[0] == position:
                del known[event_id]
        return found, foreign

    def _find(self, event_ids: list[str], like: pl.DataFrame) -> pl.DataFrame:
        """Rows kept from earlier chunks; without any, an empty frame of the same columns."""
        found = []
        for piece in [*self._pieces, *self._unsaved, *self._new] if event_ids else ():
            ids = piece.column("event_id")
            matches = pc.is_in(ids, value_set=pa.array(event_ids, ids.type))
            if pc.any(matches).as_py():
                found.append(frame_of(piece.filter(matches)))
        return pl.concat(found) if found else like.clear()

    def _keep(self, rows: pa.RecordBatch) -> None:
        """Append, joining small pieces so that their number grows with the logarithm of the rows."""
        pieces = self._pieces
        pieces.append(rows)
        while len(pieces) > 1 and len(pieces[-2]) <= 2 * len(pieces[-1]):
            last = pieces.pop()
            pieces[-1] = _joined([pieces[-1], last])


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Batches of the same columns as one."""
    tables = [pa.Table.from_batches([batch]) for batch in batches]
    return pa.concat_tables(tables, promote_options="permissive").combine_chunks().to_batches()[0]

"""Corrections: an event that names an earlier one of the same key replaces it.

Of an event and all corrections of it, or of its corrections, the one that arrived last stands. A correction of an
event that is not known (or of another key) is counted as itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


class Chains:
    """Which event stands for which: the first event of a chain, and the one that stands for it now."""

    def __init__(self) -> None:
        self._root: dict[str, str] = {}
        self._standing: dict[str, str] = {}

    def replace(self, corrected: str, by: str) -> str:
        """Let ``by`` stand for the chain that the known event ``corrected`` is in; returns what stood before."""
        root = self._root.get(corrected, corrected)
        before = self._standing.get(root, root)
        self._root[by] = root
        self._standing[root] = by
        return before


class Facts:
    """The rows of one partition, kept as columns so that a correction can take one back.

    ``key`` names the columns of the Kafka key. Nothing is looked up until a row corrects another.
    """

    def __init__(self, key: Sequence[str]) -> None:
        self._key = list(key)
        self._pieces: list[pl.DataFrame] = []
        self._chains = Chains()

    def take(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Add the rows of a chunk, in order; returns (rows to count, rows counted earlier to take back)."""
        superseded: list[str] = []
        if frame.get_column("corrects").null_count() < len(frame):
            superseded = self._superseded(frame)
        undone = self._find(superseded, frame)
        counted = frame.filter(~pl.col("event_id").is_in(superseded)) if superseded else frame
        self._keep(frame)
        return counted, undone

    def _superseded(self, frame: pl.DataFrame) -> list[str]:
        """Ids that stood before and are replaced by rows of this frame, or stood within it for a while."""
        columns = ["position", "event_id", *self._key]
        rows = frame.with_row_index("position")
        corrections = rows.filter(pl.col("corrects").is_not_null())
        wanted = corrections.get_column("corrects").to_list()
        known: dict[str, tuple[int, tuple[object, ...]]] = {}
        earlier = self._find(wanted, frame).select(pl.lit(-1).alias("position"), *columns[1:])
        here = rows.filter(pl.col("event_id").is_in(wanted)).select(
            pl.col("position").cast(pl.Int32), *columns[1:]
        )
        for position, event_id, *key in pl.concat([earlier, here], how="vertical_relaxed").iter_rows():
            known.setdefault(event_id, (position, tuple(key)))
        found: list[str] = []
        for position, event_id, corrected, *key in corrections.select(
            "position", "event_id", "corrects", *self._key
        ).iter_rows():
            target = known.get(corrected)
            if target is not None and target[0] < position and target[1] == tuple(key):
                found.append(self._chains.replace(corrected, event_id))
        return found

    def _find(self, event_ids: list[str], like: pl.DataFrame) -> pl.DataFrame:
        """Rows kept from earlier chunks; without any, an empty frame of the same columns."""
        if not event_ids or not self._pieces:
            return like.clear()
        wanted = pl.col("event_id").is_in(event_ids)
        return pl.concat([piece.filter(wanted) for piece in self._pieces])

    def _keep(self, frame: pl.DataFrame) -> None:
        """Append, joining small pieces so that their number grows with the logarithm of the rows."""
        pieces = self._pieces
        pieces.append(frame)
        while len(pieces) > 1 and len(pieces[-2]) <= 2 * len(pieces[-1]):
            last = pieces.pop()
            pieces[-1] = pl.concat([pieces[-1], last], rechunk=True)

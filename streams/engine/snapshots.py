"""When a task's state is written whole, how it is spread over commits, and what may be deleted then.

A snapshot is due when the groups since the last one outweigh it, so that writing snapshots costs no more than writing
groups, and recovery reads at most about three times the state. Rows are frozen between two chunks and written a few
megabytes with each commit. Once it is whole, everything before the one before it is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from streams.engine.state_group import SNAPSHOT_PART, Header, Part, Piece, part_pieces, snapshot_end
from streams.engine.state_log import Recovered

#: Pieces of at most 900 kB that go with one commit.
PIECES_PER_COMMIT = 8


class Freeze:
    """A snapshot under way. ``header`` is that of the group it was frozen at, set by the task."""

    def __init__(self, parts: Callable[[], Iterator[Part]]) -> None:
        self.header: Header | None = None
        self.begin: int | None = None
        self.bytes = 0
        self._parts = parts()
        self._pieces: Iterator[Piece] | None = None
        self._count = 0
        self.whole = False

    def pieces(self) -> Iterator[Piece]:
        """The next pieces, and the end record after the last. Called once for each commit, by one thread."""
        header = self.header
        if header is None or self.whole:
            return
        if self._pieces is None:
            self._pieces = (
                p for part in self._parts for p in part_pieces(SNAPSHOT_PART, header.number, part)
            )
        mine = list(islice(self._pieces, PIECES_PER_COMMIT))
        for piece in mine:
            self._count += 1
            self.bytes += len(piece.value)
            yield piece
        if len(mine) < PIECES_PER_COMMIT and self._count:
            self.whole = True
            yield snapshot_end(header, self._count)

    def note(self, offset: int) -> None:
        """The offset of a piece on the log."""
        self.begin = offset if self.begin is None else min(self.begin, offset)


class Snapshots:
    """Decides when to freeze, and remembers where snapshots begin. Groups of fewer than ``least_bytes`` are not worth a
    snapshot."""

    def __init__(self, recovered: Recovered, least_bytes: int) -> None:
        self._least = least_bytes
        self._since = recovered.bytes_since
        self._size = recovered.bytes_snapshot
        self._begins = list(recovered.snapshots)
        self._under_way: Freeze | None = None

    def next(self, parts: Callable[[], Iterator[Part]]) -> Freeze | None:
        """The snapshot under way, or a new one when it is time, or None."""
        if self._under_way is None and self._since > max(self._least, self._size):
            self._under_way = Freeze(parts)
            self._since = 0
        return self._under_way

    def written(self, group_bytes: int) -> int | None:
        """A commit of so many bytes of groups is done. Returns the offset before which the log may be deleted, when a
        snapshot has just become whole and there is one before it."""
        self._since += group_bytes
        freeze = self._under_way
        if freeze is None or not freeze.whole or freeze.begin is None:
            return None
        self._under_way = None
        self._size = freeze.bytes
        before = self._begins[-1] if self._begins else None
        self._begins = [*self._begins[-1:], freeze.begin]
        return before

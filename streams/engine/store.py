"""Durable state: what the engine asks of it, and the one common form, a dict whose changes are known.

A processor keeps all of its state in stores and nothing elsewhere: then a batch that its code failed on can be
taken back, a commit takes along exactly what changed, and a successor takes it over, without the processor knowing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pyarrow as pa

K = TypeVar("K")
V = TypeVar("V")
FREEZE_ROWS = 20_000


class Store(Protocol):
    """The verbs of durable state. All are called by one thread, but for iterating over what ``freeze`` gave."""

    def mark(self) -> None:
        """What was done so far stays; ``undo`` goes back to here."""

    def undo(self) -> None:
        """Take back everything since the last mark."""

    def changes(self) -> pa.RecordBatch | None:
        """What changed since the last call, None for nothing. Marks."""

    def freeze(self) -> Iterator[pa.RecordBatch]:
        """Everything, as it is at the call; may be iterated later, in another thread, while the store goes on."""

    def restore(self, batch: pa.RecordBatch) -> None:
        """Take over a batch of ``freeze`` or ``changes``, in the order they were made."""


class Table(ABC, Generic[K, V]):
    """A dict with the verbs of a store; a value of None deletes the key."""

    def __init__(self) -> None:
        self._rows: dict[K, V] = {}
        self._before: dict[K, V | None] = {}
        self._changed: set[K] = set()

    def get(self, key: K) -> V | None:
        return self._rows.get(key)

    def put(self, key: K, value: V | None) -> None:
        """Set or delete one key."""
        if key not in self._before:
            self._before[key] = self._rows.get(key)
        if value is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = value

    def mark(self) -> None:
        self._changed.update(self._before)
        self._before.clear()

    def undo(self) -> None:
        for key, value in self._before.items():
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value
        self._before.clear()

    def changes(self) -> pa.RecordBatch | None:
        self.mark()
        if not self._changed:
            return None
        keys, self._changed = list(self._changed), set()
        return self.columns(keys, [self._rows.get(key) for key in keys])

    def freeze(self) -> Iterator[pa.RecordBatch]:
        rows = self._rows.copy()
        return (
            self.columns([key for key, _ in piece], [value for _, value in piece])
            for piece in batched(rows.items(), FREEZE_ROWS)
        )

    def restore(self, batch: pa.RecordBatch) -> None:
        for key, value in self.rows(batch):
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    @abstractmethod
    def columns(self, keys: Sequence[K], values: Sequence[V | None]) -> pa.RecordBatch:
        """Rows as columns."""

    @abstractmethod
    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[K, V | None]]:
        """The rows of such columns."""


class Pairs(Table[K, V]):
    """A table of one plain value a key; ``schema`` names the two columns and their types."""

    schema: ClassVar[pa.Schema]

    def columns(self, keys: Sequence[K], values: Sequence[V | None]) -> pa.RecordBatch:
        arrays = [
            pa.array(texts, field.type) for texts, field in zip((keys, values), self.schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[K, V | None]]:
        return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most ``size`` items."""
    piece: list[Any] = []
    for item in items:
        piece.append(item)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece

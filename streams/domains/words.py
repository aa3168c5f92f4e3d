"""Texts that come again and again, as small numbers in packed state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from streams.engine.store import Table

SCHEMA = pa.schema([("text", pa.string()), ("number", pa.int64())])


class Words(Table[str, int]):
    """The number of every text that was ever packed, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []

    def number(self, text: str) -> int:
        """The number of a text; a new one gets the next."""
        number = self._rows.get(text)
        if number is None:
            number = len(self._rows)
            self.put(text, number)
            self._texts.append(text)
        return number

    def text(self, number: int) -> str:
        """The text of a number. Raises IndexError."""
        return self._texts[number]

    def undo(self) -> None:
        super().undo()
        del self._texts[len(self._rows) :]

    def restore(self, batch: pa.RecordBatch) -> None:
        super().restore(batch)
        self._texts = sorted(self._rows, key=self._rows.__getitem__)

    def columns(self, keys: Sequence[str], values: Sequence[int | None]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(
            [pa.array(keys, pa.string()), pa.array(values, pa.int64())], schema=SCHEMA
        )

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[str, int | None]]:
        return zip(*(column.to_pylist() for column in batch.columns), strict=True)

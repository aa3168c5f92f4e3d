"""Texts that come again and again, as small numbers: 0 is the empty text, every other one gets the next number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from streams.engine.store import Pairs

Numbers = np.ndarray[Any, np.dtype[np.uint32]]


class Words(Pairs[str, int]):
    """The number of every text, in the order in which they came: a store that only grows. ``taken_back`` counts the times
    that new ones were undone: whoever remembers numbers forgets them then."""

    schema = pa.schema([("text", pa.string()), ("number", pa.int64())])

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = [""]
        self.taken_back = 0

    def number(self, text: str) -> int:
        """The number of a text; a new one gets the next."""
        if not text:
            return 0
        number = self._rows.get(text)
        if number is None:
            number = len(self._texts)
            self.put(text, number)
            self._texts.append(text)
        return number

    def numbers(self, column: pa.StringArray) -> Numbers:
        """The numbers of a column of texts (uint32[n]); null is 0."""
        if column.null_count == len(column):
            return np.zeros(len(column), np.uint32)
        encoded = column.dictionary_encode()
        known = np.array([self.number(text) for text in encoded.dictionary.to_pylist()], np.uint32)
        if not column.null_count:
            return known[encoded.indices.to_numpy()]
        return np.append(known, np.uint32(0))[
            encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        ]

    def known(self, text: str) -> int | None:
        """The number of a text that has one."""
        return self._rows.get(text) if text else 0

    def text(self, number: int) -> str:
        """The text of a number. Raises IndexError."""
        return self._texts[number]

    def undo(self) -> None:
        super().undo()
        if len(self._texts) > len(self._rows) + 1:
            self.taken_back += 1
            del self._texts[len(self._rows) + 1 :]

    def restore(self, batch: pa.RecordBatch) -> None:
        super().restore(batch)
        self._texts = ["", *sorted(self._rows, key=self._rows.__getitem__)]

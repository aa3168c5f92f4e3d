"""Event ids as numbers: the text of a whole column of UUIDs to 128 bits a row, without a Python object per row."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

LENGTH = 36
#: Rows at a time, so that what is computed stays in the processor's cache.
PIECE = 8192
DASHES = (8, 13, 18, 23)

Uint64s = np.ndarray[Any, np.dtype[np.uint64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

ONES = np.uint64(0x0101010101010101)
LOW_NIBBLES = np.uint64(0x0F0F0F0F0F0F0F0F)
HIGH_NIBBLES = np.uint64(0xF0F0F0F0F0F0F0F0)
SIXES = np.uint64(0x0606060606060606)
DIGITS = np.uint64(0x3030303030303030)


class EventIds(NamedTuple):
    """The ids of n rows: the upper and the lower 64 bits (uint64[n], big-endian as the text is read), and whether
    the text is a UUID in lower case (bool[n]). Where it is not, the numbers mean nothing."""

    high: Uint64s
    low: Uint64s
    valid: Bools

    def pick(self, rows: Any) -> EventIds:
        """The ids of some rows: a slice, a mask, or indexes."""
        return EventIds(self.high[rows], self.low[rows], self.valid[rows])


def event_ids(column: pa.StringArray) -> EventIds:
    """The ids of a column of text (8-4-4-4-12 hexadecimal digits, lower case); null is not valid.

    Several nanoseconds a row where all rows are 36 bytes long; else those that are not are put aside first.
    """
    count = len(column)
    if count == 0:
        return EventIds(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.bool_))
    ends = _ends(column)
    fits = (ends[1:] - ends[:-1]) == LENGTH
    if column.null_count:
        fits &= column.is_valid().to_numpy(zero_copy_only=False)
    if fits.all():
        return _parse(column.buffers()[2], int(ends[0]), count)
    high, low, valid = np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.bool_)
    if fits.any():
        some = column.filter(pa.array(fits))
        high[fits], low[fits], valid[fits] = _parse(some.buffers()[2], int(_ends(some)[0]), len(some))
    return EventIds(high, low, valid)


def _ends(column: pa.StringArray) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Where each row's text begins, and where the last one ends."""
    return np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, 4 * column.offset)


def _parse(data: pa.Buffer, begin: int, count: int) -> EventIds:
    """``count`` texts of 36 bytes each, one after the other from ``begin``."""
    high, low, valid = np.empty(count, np.uint64), np.empty(count, np.uint64), np.empty(count, np.bool_)
    size = min(count, PIECE)
    text, digits, spare = (np.empty((4, size), np.uint64) for _ in range(3))
    for first in range(0, count, PIECE):
        n = min(PIECE, count - first)
        place = begin + first * LENGTH
        part = slice(first, first + n)
        _load(data, place, n, text[:, :n])
        _digits(text[:, :n], digits[:, :n], spare[:, :n])
        good = valid[part]
        np.equal(np.bitwise_or.reduce(text[:, :n], axis=0), 0, out=good)
        for dash in DASHES:
            good &= _every(data, np.uint8, place + dash, n) == ord("-")
        numbers = digits[:, :n]
        for half, out in ((numbers[:2], high[part]), (numbers[2:], low[part])):
            np.left_shift(half[0], np.uint64(32), out=out)
            np.bitwise_or(out, half[1], out=out)
    return EventIds(high, low, valid)


def _every(data: pa.Buffer, kind: Any, place: int, count: int) -> np.ndarray[Any, Any]:
    """One number out of every text: a view with the stride of the texts."""
    return np.ndarray((count,), kind, buffer=data, offset=place, strides=(LENGTH,))


def _load(data: pa.Buffer, place: int, count: int, out: Uint64s) -> None:
    """The 32 digits of each text as four words of eight bytes; the first digit is a word's lowest byte."""
    out[0] = _every(data, "<u8", place, count)
    out[3] = _every(data, "<u8", place + 28, count)
    for word, lower, upper in ((out[1], 9, 14), (out[2], 19, 24)):
        word[:] = _every(data, "<u4", place + upper, count)
        np.left_shift(word, np.uint64(32), out=word)
        np.bitwise_or(word, _every(data, "<u4", place + lower, count), out=word)


def _digits(text: Uint64s, out: Uint64s, spare: Uint64s) -> None:
    """Eight hexadecimal digits a word to a number of 32 bits in ``out``; ``text`` is left 0 where all eight were such.

    A digit's value is its low nibble, plus nine for a letter (bit 6). It was one if the value has four bits and
    writes itself as the same character.
    """
    np.right_shift(text, np.uint64(6), out=spare)
    spare &= ONES
    spare *= np.uint64(9)
    np.bitwise_and(text, LOW_NIBBLES, out=out)
    out += spare
    np.add(out, SIXES, out=spare)
    spare >>= np.uint64(4)
    spare &= ONES
    spare *= np.uint64(ord("a") - ord("0") - 10)
    spare += out
    spare += DIGITS
    text ^= spare
    np.bitwise_and(out, HIGH_NIBBLES, out=spare)
    text |= spare
    for shift, mask in ((4, 0x00FF00FF00FF00FF), (8, 0x0000FFFF0000FFFF), (16, 0xFFFFFFFF)):
        np.right_shift(out, np.uint64(2 * shift), out=spare)
        out <<= np.uint64(shift)
        out |= spare
        out &= np.uint64(mask)

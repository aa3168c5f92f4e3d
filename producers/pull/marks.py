"""Watermarks as numbers that can be compared: a growing number as it is, a time in microseconds since 1970.

A time without an offset counts as if it were UTC: only its order matters.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from producers.pull.config import PullError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
NUMBER, DAY, NAIVE, AWARE, TEXT = "number", "day", "naive", "aware", "text:"


def number_of(value: Any) -> int | None:
    """A watermark as a number; None for an empty one. Raises PullError for what has no order that we know."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, Decimal | float) and value == int(value):
        return int(value)
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - EPOCH) // MICROSECOND
    raise PullError(
        f"watermark: {value!r} bukan waktu (2026-11-28 09:30:00) dan bukan bilangan bulat; pilih kolom lain"
    )


def form_of(value: Any) -> str:
    """How the database writes its watermarks, so that ``value_of`` can write one; the form is text to be kept."""
    if isinstance(value, str):
        return TEXT + value
    if isinstance(value, datetime):
        return AWARE if value.tzinfo else NAIVE
    return DAY if isinstance(value, date) else NUMBER


def value_of(number: int, form: str) -> Any:
    """The lowest watermark of this number in that form."""
    if form == NUMBER:
        return number
    moment = EPOCH + number * MICROSECOND
    if form == AWARE:
        return moment
    if form == NAIVE:
        return moment.replace(tzinfo=None)
    if form == DAY:
        return moment.date()
    sample = form.removeprefix(TEXT)
    offset = _parsed(sample).utcoffset() or timedelta()
    separator = sample[10:11] or " "
    return (moment + offset).replace(tzinfo=None).isoformat(separator, "seconds")[: len(sample)]


def shown(number: int | None, form: str) -> str:
    """A watermark for people."""
    if number is None:
        return ""
    return str(number if form == NUMBER else value_of(number, NAIVE).isoformat(" "))


def overlap_of(overlap: int, form: str) -> int:
    """The overlap in the unit of ``number_of``."""
    return overlap if form == NUMBER else overlap * SECOND


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise PullError(
            f"watermark: {text!r} bukan waktu ISO (2026-11-28 09:30:00); pilih kolom lain atau ubah dengan query"
        ) from None


def highest(one: int | None, other: int | None) -> int | None:
    """The higher of two numbers, of which either may be missing."""
    return other if one is None else one if other is None else max(one, other)

"""Whether a body is exactly one value of its schema: the definition, one value at a time.

The general decoders are lenient, each in its own way: they take bytes after the end, texts that are not UTF-8,
numbers that do not fit their type, negative branches of a union. What is not refused here they all read alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.program import Kind, Step

INT_BITS = 32
LONG_BITS = 64


class Damage(ValueError):  # noqa: N818  (it says what the bytes have, not what the code did)
    """Bytes that are no value of the schema. ``reason`` is Truncated, TrailingBytes or Undecodable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check(steps: Sequence[Step], value: bytes, start: int) -> None:
    """Raise Damage, naming the field, unless ``value`` from ``start`` to its end is one value of ``steps``."""
    end = _fields(steps, 0, len(steps), value, start)
    if end != len(value):
        raise Damage("TrailingBytes", f"{len(value) - end} bytes follow the end of the value")


def _fields(steps: Sequence[Step], at: int, after: int, value: bytes, place: int) -> int:
    while at < after:
        place = _value(steps, at, value, place)
        at = steps[at].after
    return place


def _value(steps: Sequence[Step], at: int, value: bytes, place: int) -> int:
    step = steps[at]
    if step.null_branch >= 0:
        branch, place = _number(step, value, place, LONG_BITS)
        if branch not in (0, 1):
            raise _undecodable(step, f"has branch {branch} of a union of two")
        if branch == step.null_branch:
            return place
    match step.kind:
        case Kind.NULL:
            return place
        case Kind.BOOLEAN:
            after = _bytes(step, value, place, 1)
            if value[place] > 1:
                raise _undecodable(step, f"has {value[place]:#04x} where a boolean is 0 or 1")
            return after
        case Kind.INT:
            return _number(step, value, place, INT_BITS)[1]
        case Kind.LONG:
            return _number(step, value, place, LONG_BITS)[1]
        case Kind.FLOAT:
            return _bytes(step, value, place, 4)
        case Kind.DOUBLE:
            return _bytes(step, value, place, 8)
        case Kind.FIXED:
            return _bytes(step, value, place, step.size)
        case Kind.STRING | Kind.BYTES:
            length, place = _number(step, value, place, LONG_BITS)
            if length < 0:
                raise _undecodable(step, f"has a length of {length} bytes")
            after = _bytes(step, value, place, length)
            if step.kind is Kind.STRING:
                try:
                    value[place:after].decode()
                except UnicodeDecodeError as error:
                    raise _undecodable(step, f"is not UTF-8: {error}") from error
            return after
        case Kind.ARRAY | Kind.MAP:
            return _items(steps, at, value, place)
        case Kind.RECORD:
            return _fields(steps, at + 1, step.after, value, place)


def _items(steps: Sequence[Step], at: int, value: bytes, place: int) -> int:
    step = steps[at]
    while True:
        count, place = _number(step, value, place, LONG_BITS)
        if count == 0:
            return place
        size = -1
        if count < 0:  # the count of a block that also tells its size
            size, place = _number(step, value, place, LONG_BITS)
            if size < 0:
                raise _undecodable(step, f"has a block of {size} bytes")
        start = place
        for _ in range(abs(count)):  # ends soon: every item takes a byte
            place = _fields(steps, at + 1, step.after, value, place)
        if size >= 0 and place - start != size:
            raise _undecodable(step, f"has a block of {place - start} bytes that claims {size}")


def _number(step: Step, value: bytes, place: int, bits: int) -> tuple[int, int]:
    """A zigzag varint that fits ``bits``, and the place after it."""
    number = shift = 0
    while True:
        if place >= len(value):
            raise _truncated(step, value)
        byte = value[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift >= LONG_BITS:
            raise _undecodable(step, f"has a number of more than {LONG_BITS} bits")
    if number >> bits:
        raise _undecodable(step, f"has a number of more than {bits} bits")
    return (number >> 1) ^ -(number & 1), place


def _bytes(step: Step, value: bytes, place: int, size: int) -> int:
    if place + size > len(value):
        raise _truncated(step, value)
    return place + size


def _truncated(step: Step, value: bytes) -> Damage:
    return Damage("Truncated", f"value ends after {len(value)} bytes, in field {step.name!r}")


def _undecodable(step: Step, what: str) -> Damage:
    return Damage("Undecodable", f"field {step.name!r} {what}")

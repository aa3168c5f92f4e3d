"""CloudEvents 1.0 out of a request: one in JSON, one in binary mode, or a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Raw

from producers.gateway.problems import FieldError, Problem, ProblemError

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"
LONGEST = 512

Short = Annotated[str, Meta(max_length=LONGEST)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Envelope(msgspec.Struct, frozen=True):
    """One CloudEvent as it came. ``data`` is JSON text that nothing has read yet; other attributes are not kept."""

    id: Short = ""
    source: Short = ""
    type: Short = ""
    specversion: Short = ""
    time: Annotated[datetime, Meta(tz=True)] | None = None
    datacontenttype: Short = "application/json"
    traceparent: Short = ""
    data: Raw = Raw()


_single = msgspec.json.Decoder(Envelope)
_batch = msgspec.json.Decoder(list[Envelope])
_items = msgspec.json.Decoder(list[Raw])
_anything = msgspec.json.Decoder()


def milliseconds(time: datetime) -> int:
    """UTC ms of an instant."""
    return (time - _EPOCH) // _MS


def single(body: bytes) -> Envelope | Problem:
    """One event. Raises ProblemError where the body is not JSON."""
    try:
        return _single.decode(body)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        return _why(error)
    except msgspec.DecodeError as error:
        raise ProblemError(_not_json(error)) from error


def batch(body: bytes) -> list[Envelope | Problem]:
    """The events of a batch, each for itself: a bad one does not spoil the others. Raises ProblemError where the body
    is no JSON array."""
    try:
        return list(_batch.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return [_one(bytes(item)) for item in _items.decode(body)]
    except msgspec.ValidationError as error:
        raise ProblemError(
            Problem("body-not-json", "Kiriman batch harus berupa daftar JSON: [ … ].")
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _apart(body, error)


def _apart(body: bytes, error: Exception) -> list[Envelope | Problem]:
    """The same where one event has a text that is no Unicode (half a surrogate pair): the standard library lets it pass, and
    it is refused by itself."""
    try:
        items = json.loads(body)
        if isinstance(items, list):
            return [_one(json.dumps(item).encode()) for item in items]
    except (ValueError, RecursionError):
        pass
    raise ProblemError(_not_json(error)) from error


def _one(item: bytes) -> Envelope | Problem:
    try:
        return single(item)
    except ProblemError as error:
        return error.problem


def binary(headers: Mapping[str, str], body: bytes) -> Envelope | Problem:
    """One event whose attributes are headers ``ce-*`` (percent-encoded) and whose data is the body."""
    found = {
        name: unquote(headers.get(f"ce-{name}", ""))
        for name in ("id", "source", "type", "specversion", "time", "traceparent")
    }
    if not found["time"]:
        del found["time"]
    try:
        return msgspec.structs.replace(msgspec.convert(found, Envelope), data=Raw(body))
    except msgspec.ValidationError as error:
        return Problem("fields", errors=[_field(error)])


def _why(error: Exception) -> Problem:
    if isinstance(error, msgspec.ValidationError):
        return Problem("fields", errors=[_field(error)])
    return _not_json(error)


def _field(error: msgspec.ValidationError) -> FieldError:
    name = str(error).rpartition("`$.")[2].rstrip("`") if "`$." in str(error) else ""
    if name == "time":
        return FieldError("/time", "wajib waktu RFC 3339 dengan zona, misalnya 2026-11-28T09:30:00+07:00")
    if name:
        return FieldError(f"/{name}", f"wajib teks, paling panjang {LONGEST} huruf")
    return FieldError("", "satu kejadian harus berupa objek JSON: { … }")


def _not_json(error: Exception) -> Problem:
    place = str(error).rpartition("(")[2].rstrip(")") if "byte" in str(error) else ""
    where = f" Kesalahan pada {place}." if place.startswith("byte") else ""
    return Problem("body-not-json", f"Isi kiriman bukan JSON yang utuh dalam UTF-8.{where}")

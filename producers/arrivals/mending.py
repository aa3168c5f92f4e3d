"""A dead letter as an event that its sender can mend, and the mended event as the gateway takes it."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

from producers.arrivals.mailbox import Opened
from producers.gateway.contracts import ENVELOPE, PREFIX, PUBLISHABLE
from producers.gateway.envelope import Envelope, single
from producers.gateway.problems import FieldError, Problem, ProblemError
from producers.identity import NAMESPACE
from producers.numbers import is_nik
from producers.persons import LEAST_NIK, TOKEN, suspicious
from producers.protected import NUMBERS, SUFFIX, TEXT
from producers.redaction import MASK, mask, masked
from schemas.catalogue import DEAD_LETTER_SUFFIX

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def event_of(opened: Opened) -> dict[str, Any]:
    """The event as far as it can be read: CloudEvent attributes and data, without an id, numbers of persons masked."""
    topic = opened.item.letter.place.topic.removesuffix(DEAD_LETTER_SUFFIX)
    fields = dict(opened.inside.fields) or _plain(opened.value)
    headers = {name: (value or b"").decode(errors="replace") for name, value in opened.headers.items()}
    kind = fields.get("kind") or _kind(headers.get("ce_type", ""), topic)
    at = fields.get("occurred_at")
    data = {
        name: shown(name, value)
        for name, value in fields.items()
        if name not in ENVELOPE and name != "simulated" and value is not None and value != []
    }
    return {
        "source": mask(str(fields.get("source") or headers.get("ce_source", ""))),
        "type": mask(f"{PREFIX}.{topic}.{kind}.v1" if topic in PUBLISHABLE else headers.get("ce_type", "")),
        "time": _time(at) if isinstance(at, int) else mask(headers.get("ce_time", "")),
        "data": data,
    }


def shown(name: str, value: Any) -> Any:
    """A value of a field as it may be shown: tokens and amounts stay, what could be a person's number does not."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        if name.endswith(SUFFIX) and NUMBERS.get(name) != (TEXT,):
            return value if not value or TOKEN.fullmatch(value) else MASK
        return MASK if suspicious(name, value) else value
    if isinstance(value, int):
        return MASK if value >= LEAST_NIK and is_nik(str(value)) else value
    if isinstance(value, float):
        return value
    if isinstance(value, dict):
        return {key: shown(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(name, item) for item in value]
    return masked(value)


def new_id(opened: Opened) -> str:
    """The id of the event that is sent in a letter's place: the same at every attempt, so that it is taken once."""
    return str(uuid.uuid5(NAMESPACE, f"mended {opened.item.letter.subject}"))


def mended(opened: Opened, event: Any) -> Envelope | Problem:
    """The event as it is sent: with an id of its own, and ``corrects`` naming the record of the letter."""
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return Problem("fields", errors=[FieldError("/data", "wajib objek JSON: { … }")])
    if place := _masked_at("", event):
        return Problem("fields", errors=[FieldError(place, "masih disamarkan: isi nilai yang sebenarnya")])
    data = dict(event["data"])
    original = _original(opened)
    if original and not data.get("corrects"):
        data["corrects"] = original
    if not data.get("correction_reason"):
        data["correction_reason"] = f"Perbaikan surat mati {opened.item.letter.place}"
    attributes = {name: event[name] for name in ("source", "type", "time") if event.get(name)}
    whole = {**attributes, "specversion": "1.0", "id": new_id(opened), "data": data}
    try:
        found = single(json.dumps(whole, ensure_ascii=False).encode())
    except (ProblemError, UnicodeEncodeError):
        return Problem("body-not-json")
    return found


def _original(opened: Opened) -> str:
    """The event id of a letter's record, empty where it has none that could be corrected."""
    said = dict(opened.inside.fields).get("event_id") or (opened.headers.get("ce_id") or b"").decode(
        errors="replace"
    )
    return said if isinstance(said, str) and _UUID.fullmatch(said) else ""


def _masked_at(pointer: str, value: Any) -> str:
    """Where a value is still masked, as a JSON pointer; empty for nowhere."""
    if isinstance(value, str):
        return pointer if MASK in value else ""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for name, item in items if (found := _masked_at(f"{pointer}/{name}", item))), "")


def _plain(value: bytes | None) -> dict[str, Any]:
    """The fields of a record that is JSON and should not be."""
    try:
        found = msgspec.json.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if isinstance(found, dict) and isinstance(found.get("data"), dict):
        found = found["data"]
    return {str(name): item for name, item in found.items()} if isinstance(found, dict) else {}


def _kind(type_: str, topic: str) -> str:
    return type_.removeprefix(f"{PREFIX}.{topic}.").removesuffix(".v1")


def _time(at: int) -> str:
    try:
        text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return ""
    return text.replace("+00:00", "Z")

"""The rows of a task's stores, folded, as plain values that anything can read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pyarrow as pa

from schemas.profile import Profile
from streams.cases import body
from streams.cases.events import EVENT
from streams.cases.plain import plain_events
from streams.domains import PROCESSORS
from streams.domains.permits import Permits
from streams.engine.processor import Context, Processor
from streams.engine.state_log import Recovered
from streams.rules.judging import outcome_text
from streams.settings import StreamSettings


def processor_of(
    domain: str, task: int, recovered: Recovered, profile: Profile, streams: StreamSettings
) -> Processor:
    """A domain's processor with the state of one task, as its next owner would make it."""
    processor = PROCESSORS[domain](Context(profile, streams.clock == "event", task))
    for part in recovered.parts:
        if part.domain == domain:
            processor.stores[part.store].restore(part.batch)
    return processor


def rows(processor: Processor, store: str, batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of one of a processor's stores, in its columns; what is packed is taken apart."""
    packed = [field.name for field in batch.schema if pa.types.is_binary(field.type)]
    unpack = partial(_case, processor) if store == "cases" and isinstance(processor, Permits) else _value
    for row in batch.to_pylist():
        for name in packed:
            row[name] = unpack(row[name])
        yield row


def _case(permits: Permits, data: bytes | None) -> Any:
    if not data:
        return None
    case = body.unpack(data, len(permits.rules))
    events = np.frombuffer(case.events, EVENT)
    words = permits.book.words
    return {
        "seen": case.seen,
        "events": list(plain_events(events, words, permits.book.names)),
        "replaced": {str(UUID(bytes=old)): str(UUID(bytes=new)) for old, new in case.replaced.items()},
        "rules": {
            rule.id: outcome_text(rule, outcome)
            for rule, outcome in zip(permits.rules, case.outcomes, strict=True)
        },
        "alerted": [[permits.rules[name >> 32].id, words.text(name & 0xFFFFFFFF)] for name in case.alerted],
    }


def _value(body: bytes | None) -> Any:
    """MessagePack where it is that, else hexadecimal digits."""
    if body is None:
        return None
    try:
        return _plain(msgspec.msgpack.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.hex()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value

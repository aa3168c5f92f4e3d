"""One event against its contract: the quick way when it is right, all its faults at once when it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from msgspec import UNSET

from producers.access.caller import Access, Caller, RefusedError
from producers.gateway.contracts import Contract, EventTypes, UnknownTypeError
from producers.gateway.envelope import Envelope, milliseconds
from producers.gateway.faults import faults
from producers.gateway.problems import FieldError, Problem
from producers.gateway.protecting import Protection
from producers.identity import event_id
from producers.numbers import found_in_code
from schemas.acceptance import FUTURE_LIMIT_MS

FIRST_MS = -62_135_596_800_000
"""UTC ms of the year 1, the first that a CloudEvent's time can say."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_decoded = msgspec.json.Decoder().decode
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
log: Any = structlog.get_logger(__name__)


class Checked(msgspec.Struct):
    """An event that fits its contract: ``data`` has every field of the schema."""

    contract: Contract
    data: Any
    given_id: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What every event is held against. ``simulated`` is the deployment's origin; ``event_bytes`` the most of one."""

    types: EventTypes
    access: Access
    event_bytes: int
    protection: Protection | None = None


class Checker:
    """Checks the events of one request of one caller. ``now`` is UTC ms."""

    def __init__(self, rules: Rules, caller: Caller, *, simulated: bool, now: int) -> None:
        self._rules, self._caller = rules, caller
        self._simulated, self._latest = simulated, now + FUTURE_LIMIT_MS
        self._permitted: dict[tuple[str, str], Problem | None] = {}

    def check(self, event: Envelope) -> Checked | Problem:
        """The event ready to be written, or why not."""
        if not event.id:
            return Problem("id-missing")
        if wrong := _attributes(event):
            return Problem("fields", errors=wrong)
        if names_somebody(event.id):
            return Problem(
                "fields", errors=[FieldError("/id", "memuat nomor orang; pakai nomor kejadian yang acak")]
            )
        try:
            contract, kind = self._rules.types.find(event.type)
        except UnknownTypeError:
            return Problem(
                "type-unknown", errors=[FieldError("/type", "jenis kejadian ini tidak ada di /v1/schemas")]
            )
        if refused := self._refused(event.source, event.type):
            return refused
        if len(event.data) > self._rules.event_bytes:
            return Problem(
                "event-too-long", f"Data satu kejadian paling banyak {self._rules.event_bytes} byte."
            )
        return self._data(event, contract, kind)

    def _refused(self, source: str, type_: str) -> Problem | None:
        key = (source, type_)
        if key not in self._permitted:
            try:
                self._rules.access.permits(self._caller, source, type_)
                self._permitted[key] = None
            except RefusedError as error:
                self._permitted[key] = refusal(error)
        return self._permitted[key]

    def _data(self, event: Envelope, contract: Contract, kind: str) -> Checked | Problem:
        try:
            values = _decoded(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _fields(contract, [FieldError("/data", "bukan JSON yang utuh")])
        if type(values) is not dict:
            return _fields(contract, [FieldError("/data", "wajib objek JSON: { … }")])
        wrong = self._rules.protection.fields(contract.topic.schema, values) if self._rules.protection else []
        if not wrong:
            try:
                data = msgspec.convert(values, contract.struct)
            except (msgspec.ValidationError, RecursionError) as error:
                return self._faulty(event, contract, kind, values, [], str(error))
            return self._enveloped(event, contract, kind, data)
        return self._faulty(event, contract, kind, values, wrong)

    def _faulty(
        self, event: Envelope, contract: Contract, kind: str, values: dict[str, Any], wrong: list[FieldError],
        error: str = "",
    ) -> Problem:  # fmt: skip
        """All faults of an event's fields at once; ``wrong`` are those that protecting persons found."""
        filled = {
            "event_id": event.id, "source": event.source, "opd": self._caller.opd, "occurred_at": 0, "kind": kind,
            **values,
        }  # fmt: skip
        named = {e.pointer for e in wrong}
        wrong = [*wrong, *(e for e in faults(contract.topic.schema, filled) if e.pointer not in named)]
        if not wrong:
            log.error("event refused without a fault that has a name", type=event.type, error=error)
            wrong = [FieldError("/data", "tidak sesuai dengan kontrak jenis kejadian ini")]
        return _fields(contract, wrong)

    def _enveloped(self, event: Envelope, contract: Contract, kind: str, data: Any) -> Checked | Problem:
        """Put in what the envelope and the caller say; data may say the same, and nothing else."""
        if data.opd != self._caller.opd:
            if data.opd is not UNSET:
                log.warning(
                    "event for another department",
                    key=self._caller.key_id,
                    opd=self._caller.opd,
                    type=event.type,
                )
                return Problem(
                    "other-department", errors=[FieldError("/data/opd", "OPD ini bukan pemilik kunci")]
                )
            data.opd = self._caller.opd
        canonical = event.id
        if not _UUID.fullmatch(canonical):
            canonical = event_id({"event_id": event.id, "source": event.source})
        wrong: list[FieldError] = []
        occurred = milliseconds(event.time) if event.time is not None else UNSET
        if data.occurred_at is UNSET:
            data.occurred_at = occurred
        if data.occurred_at is UNSET:
            wrong.append(
                FieldError("/time", "wajib diisi: waktu kejadian, misalnya 2026-11-28T09:30:00+07:00")
            )
        elif occurred is not UNSET and data.occurred_at != occurred:
            wrong.append(FieldError("/data/occurred_at", "berbeda dari time; hapus salah satu"))
        elif data.occurred_at > self._latest:
            wrong.append(FieldError("/time", "lebih dari dua tahun di depan; periksa jam pengirim"))
        elif data.occurred_at < FIRST_MS:
            wrong.append(FieldError("/data/occurred_at", "wajib milidetik UTC, tidak sebelum tahun 1"))
        for name, value in (("event_id", canonical), ("source", event.source), ("kind", kind)):
            given = getattr(data, name)
            if given is UNSET:
                setattr(data, name, value)
            elif given != value:
                wrong.append(FieldError(f"/data/{name}", "berbeda dari amplop kejadian; hapus dari data"))
        if data.simulated is UNSET:
            data.simulated = self._simulated
        elif data.simulated != self._simulated:
            wrong.append(
                FieldError("/data/simulated", f"wajib {str(self._simulated).lower()} di sini, atau hapus")
            )
        if wrong:
            return _fields(contract, wrong)
        trace = event.traceparent if _TRACE.fullmatch(event.traceparent) else ""
        return Checked(contract, data, event.id, trace)


def names_somebody(id_: str) -> bool:
    """Whether an event's id holds a number of a person: it would stand on Kafka, as itself or as a hash to be guessed."""
    return not _UUID.fullmatch(id_) and found_in_code(id_) is not None


def refusal(error: RefusedError) -> Problem:
    """What Access refused, as a problem."""
    return Problem(error.code, error.sentence, status_given=error.status, retry_given=error.retry_after)


def _fields(contract: Contract, wrong: list[FieldError]) -> Problem:
    return Problem("fields", errors=wrong, schema=contract.topic.name)


def _attributes(event: Envelope) -> list[FieldError]:
    """The faults of a CloudEvent's own attributes."""
    if event.specversion == "1.0" and event.source and event.type and event.data:
        if event.datacontenttype == "application/json":
            return []
        if event.datacontenttype.partition(";")[0].strip().lower().endswith(("/json", "+json")):
            return []
        return [FieldError("/datacontenttype", "wajib application/json")]
    wrong = []
    if event.specversion != "1.0":
        wrong.append(FieldError("/specversion", 'wajib "1.0"'))
    if not event.source:
        wrong.append(FieldError("/source", "wajib diisi: sistem pengirim, misalnya /opd/2.18.01/perizinan"))
    if not event.type:
        wrong.append(FieldError("/type", "wajib diisi: jenis kejadian, lihat /v1/schemas"))
    if not event.data:
        wrong.append(FieldError("/data", "wajib diisi: isi kejadian sebagai objek JSON"))
    return wrong

"""One request with events, from its first byte to its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from producers.access.caller import Caller
from producers.gateway import answers, body, envelope, refusing
from producers.gateway.acceptance import Answer, Delivery, now_ms
from producers.gateway.checking import Checked, Checker, names_somebody
from producers.gateway.envelope import Envelope
from producers.gateway.gateway import Gateway
from producers.gateway.problems import Problem, ProblemError
from schemas.deployment import DeploymentMismatchError

KINDS = (envelope.SINGLE, envelope.BATCH, envelope.BINARY)


class Receiving:
    """POST /v1/events, and with ``dry`` POST /v1/events/validate: the same checks, nothing written."""

    def __init__(self, gateway: Gateway, *, dry: bool = False) -> None:
        self._gateway, self._dry = gateway, dry

    async def __call__(self, request: Request) -> Response:
        return await refusing.answered(self._gateway, request, self._answer, kept=not self._dry)

    async def _answer(self, request: Request) -> Response:
        gateway, headers, now = self._gateway, headers_of(request), now_ms()
        if not self._dry:
            refuse_unready(gateway)
        caller = caller_of(gateway, request, now)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in KINDS or (kind == envelope.BINARY and "ce-specversion" not in headers):
            raise ProblemError(Problem("media-type"))
        sent, text = await body.read(
            request.stream(), headers.get("content-length"), headers.get("content-encoding", ""),
            gateway.settings.body_bytes,
        )  # fmt: skip
        signed = gateway.access.verify(caller, headers, sent, now)
        events = _events(kind, headers, text)
        most = min(gateway.settings.batch, caller.quota.batch) if kind == envelope.BATCH else 1
        if len(events) > most:
            raise ProblemError(
                Problem("batch-too-long", f"Paling banyak {most} kejadian dalam satu kiriman.")
            )
        left = gateway.access.spend(caller, 0 if self._dry else len(events), len(text), now)
        checked = checks(gateway, caller, events, now, dry=self._dry)
        ids = ids_of(events, checked)
        extra = answers.limits(left)
        if self._dry:
            return verdicts(checked, ids, extra)
        delivery = Delivery(caller, signed, hashlib.sha256(sent).digest() if signed else b"", now)
        found = await accept(gateway, delivery, events, checked, ids)
        return answers.batch(found, ids, extra) if kind == envelope.BATCH else answers.single(found[0], extra)


def refuse_unready(gateway: Gateway) -> None:
    """Raise ProblemError while nothing can be accepted."""
    ready, _ = gateway.ready
    if not ready:
        raise ProblemError(Problem("kafka-away" if gateway.stuck else "starting"))


def checks(
    gateway: Gateway, caller: Caller, events: list[Envelope | Problem], now: int, *, dry: bool
) -> list[Checked | Problem]:
    """Every event against its contract, and what is old or corrects against what is known; numbers of persons become tokens."""
    checker = Checker(gateway.rules, caller, simulated=gateway.simulated, now=now)
    sound = [event if isinstance(event, Problem) else checker.check(event) for event in events]
    checked = gateway.past.judge(sound, caller, now)
    if (protection := gateway.rules.protection) is not None:
        (protection.drop if dry or caller.sandbox else protection.keep)()
    return checked


def ids_of(events: list[Envelope | Problem], checked: list[Checked | Problem]) -> list[str]:
    """The senders' own ids, as far as they name nobody; of what was ``checked`` that is known."""
    return [
        event.id
        if isinstance(event, Envelope) and (isinstance(found, Checked) or not names_somebody(event.id))
        else ""
        for event, found in zip(events, checked, strict=True)
    ]


async def accept(
    gateway: Gateway, delivery: Delivery, events: list[Envelope | Problem], checked: list[Checked | Problem],
    ids: list[str],
) -> list[Answer]:  # fmt: skip
    """Onto Kafka, and what became of each event is remembered. Raises ProblemError where nothing can be accepted."""
    acceptance, caller = gateway.acceptance, delivery.caller
    if acceptance is None:
        raise ProblemError(Problem("starting"))
    if not caller.sandbox:
        try:
            await gateway.settle()
        except TimeoutError as error:
            raise ProblemError(Problem("kafka-away")) from error
        except DeploymentMismatchError as error:
            gateway.simulated = True  # someone settled it meanwhile; the same request again is checked anew
            raise ProblemError(Problem("starting")) from error
    found = await acceptance.accept(checked, delivery)
    remember(gateway, caller, events, checked, found, ids, delivery.now)
    return found


def remember(
    gateway: Gateway, caller: Caller, events: Sequence[object], checked: Sequence[Checked | Problem],
    found: list[Answer], ids: list[str], now: int,
) -> None:  # fmt: skip
    """What became of events, by whichever way they came: for their sender, for the log, and for the department's page."""
    gateway.history.note(caller.key_id, found, ids, now)
    refusing.said(caller, found)
    gateway.trail.note(caller, events, checked, found, now)


def caller_of(gateway: Gateway, request: Request, now: int) -> Caller:
    """Whoever makes a request, noted in its state. Raises RefusedError."""
    address = request.client.host if request.client else ""
    caller = gateway.access.authenticate(request.headers.get("authorization"), address, now)
    request.state.caller = caller
    return caller


def headers_of(request: Request) -> dict[str, str]:
    """The headers by lower-case name, the first of each: asked for one by one, each would be searched for and decoded."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.headers.raw)}


def _events(kind: str, headers: Mapping[str, str], text: bytes) -> list[Envelope | Problem]:
    if kind == envelope.BATCH:
        return envelope.batch(text)
    event = envelope.single(text) if kind == envelope.SINGLE else envelope.binary(headers, text)
    key = headers.get("idempotency-key")
    if isinstance(event, Problem) or not key:
        return [event]
    if len(key) > envelope.LONGEST or (event.id and event.id != key):
        return [Problem("id-differs")]
    return [_with_id(event, key)]


def _with_id(event: Envelope, key: str) -> Envelope:
    return msgspec.structs.replace(event, id=key)


def verdicts(checked: list[Checked | Problem], ids: list[str], extra: dict[str, str]) -> Response:
    """What a real request would be told about its contents: 200 and one verdict an event, in order."""
    items = [
        {"status": event.status, "id": given, "problem": event.document()}
        if isinstance(event, Problem)
        else {"status": 202, "id": given, "event_id": event.data.event_id, "topic": event.contract.topic.name}
        for event, given in zip(checked, ids, strict=True)
    ]
    valid = sum(isinstance(event, Checked) for event in checked)
    document = {"valid": valid, "invalid": len(checked) - valid, "items": items}
    return Response(msgspec.json.encode(document), 200, extra, answers.JSON)

"""What can be asked: receipts, who I am, the contracts, and schemas the way Kafka's tools ask a registry for them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from producers.access.caller import RefusedError
from producers.gateway import answers, refusing
from producers.gateway.acceptance import now_ms
from producers.gateway.contracts import PREFIX, PUBLISHABLE, UnknownTypeError, contract
from producers.gateway.examples import cloud_event
from producers.gateway.gateway import Gateway
from producers.gateway.problems import Problem
from producers.gateway.receiving import caller_of
from producers.identity import event_id
from schemas.catalogue import SANDBOX
from schemas.registry import UnknownSchemaError, current

REGISTRY_MEDIA = "application/vnd.schemaregistry.v1+json"


def _json(value: Any, media: str = answers.JSON) -> Response:
    return Response(msgspec.json.encode(value), media_type=media)


def _not_found(detail: str = "") -> Response:
    return answers.problem(Problem("not-found", detail))


class LookUps:
    """The handlers of all GET addresses."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def receipt(self, request: Request) -> Response:
        """GET /v1/events/{id}: the caller's own receipts; ``?source=`` where the id is no UUID."""
        try:
            caller = caller_of(self._gateway, request, now_ms())
        except RefusedError as error:
            return refusing.refused(self._gateway, request, error)
        if self._gateway.acceptance is None:
            return answers.problem(Problem("starting"))
        given = request.path_params["id"]
        try:
            canonical = str(UUID(given))
        except ValueError:
            source = request.query_params.get("source")
            if not source:
                return _not_found("Nomor ini bukan UUID: tambahkan ?source= dengan sumber kejadian.")
            canonical = event_id({"event_id": given, "source": source})
        places = self._gateway.index.by_id(canonical, caller.opd)
        places = [place for place in places if place.topic.startswith(SANDBOX) == caller.sandbox]
        if not places:
            return _not_found(
                "Tidak ada tanda terima untuk nomor ini dari OPD Anda dalam tujuh hari terakhir."
            )
        return _json({"id": given, "event_id": canonical, **answers.place(places[0])})

    async def me(self, request: Request) -> Response:
        """GET /v1/me."""
        now = now_ms()
        try:
            caller = caller_of(self._gateway, request, now)
            left = self._gateway.access.spend(caller, 0, 0, now)
        except RefusedError as error:
            return refusing.refused(self._gateway, request, error)
        seen = self._gateway.history.of(caller.key_id)
        return _json(
            {
                "opd": caller.opd,
                "key": caller.key_id,
                "sandbox": caller.sandbox,
                "signature_required": caller.signed,
                "sources": caller.sources,
                "types": caller.types,
                "quota": msgspec.to_builtins(caller.quota),
                "left": {"limit": left.limit, "remaining": left.remaining, "resets_in": left.resets_in},
                "since_start": dict(seen.counts),
                "last_accepted": answers.receipt(seen.last) if seen.last else None,
                "last_errors": list(seen.errors),
                "keys_turned_away": self._gateway.history.turned_away(caller.opd),
            }
        )

    async def schemas(self, _request: Request) -> Response:
        """GET /v1/schemas."""
        return _json(
            [
                {
                    "topic": name,
                    "type": f"{PREFIX}.{name}.{{kind}}.v1",
                    "doc": json.loads(current(topic.schema)).get("doc", ""),
                    "schema": f"/v1/schemas/{name}",
                }
                for name, topic in PUBLISHABLE.items()
            ]
        )

    async def schema(self, request: Request) -> Response:
        """GET /v1/schemas/{type}: of a whole type or of a topic."""
        name = request.path_params["type"]
        if name not in PUBLISHABLE:
            try:
                name = self._gateway.rules.types.find(name)[0].topic.name
            except UnknownTypeError:
                return _not_found("Jenis kejadian tidak dikenal; lihat /v1/schemas.")
        found = contract(name)
        return _json(
            {
                "topic": name,
                "avro": json.loads(current(found.topic.schema)),
                "json_schema": msgspec.json.schema(found.struct),
                "example": cloud_event(name),
            }
        )

    async def schema_by_id(self, request: Request) -> Response:
        """GET /schemas/ids/{id}, as Confluent's registry answers."""
        try:
            found = self._gateway.ids.by_id(int(request.path_params["id"]))
        except (UnknownSchemaError, ValueError):
            return _registry_error(40403, "Schema not found")
        return _json({"schema": found.text}, REGISTRY_MEDIA)

    async def subjects(self, _request: Request) -> Response:
        """GET /subjects."""
        return _json([f"{name}-value" for name in PUBLISHABLE], REGISTRY_MEDIA)

    async def subject(self, request: Request) -> Response:
        """GET /subjects/{subject}/versions/{version}: ``latest`` or the number of the newest."""
        subject, version = request.path_params["subject"], request.path_params["version"]
        topic = PUBLISHABLE.get(subject.removesuffix("-value")) if subject.endswith("-value") else None
        if topic is None:
            return _registry_error(40401, "Subject not found")
        found = self._gateway.ids.writer(topic.schema)
        number = _version(found.id)
        if version not in ("latest", str(number)):
            return _registry_error(40402, "Version not found")
        document = {"subject": subject, "version": number, "id": found.id, "schema": found.text}
        return _json(document, REGISTRY_MEDIA)


def _version(schema_id: int) -> int:
    from schemas.registry import FILES

    entries = json.loads((FILES / "ids.json").read_text(encoding="utf-8"))
    return next((int(entry["version"]) for entry in entries if entry["id"] == schema_id), 1)


def _registry_error(code: int, message: str) -> Response:
    body = msgspec.json.encode({"error_code": code, "message": message})
    return Response(body, 404, media_type=REGISTRY_MEDIA)

"""What OpenAPI says of each address: made from the table of errors, the examples and the contracts."""

from __future__ import annotations

from typing import Any

from producers.gateway import envelope
from producers.gateway.examples import cloud_event, snippets
from producers.gateway.problems import MEDIA_TYPE, TABLE
from schemas.catalogue import DOMAINS

_KEY: list[dict[str, list[str]]] = [{"kunci": []}]
_STRING = {"type": "string"}
_BINARY = "Hanya untuk application/json: atribut kejadian sebagai tajuk."
_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": envelope.LONGEST},
        "source": {"type": "string", "minLength": 1, "maxLength": envelope.LONGEST},
        "type": {"type": "string", "minLength": 1, "maxLength": envelope.LONGEST},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": _STRING,
        "data": {"type": "object"},
    },
}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {
            "description": "; ".join(entry.title for entry in TABLE.values() if entry.status == status),
            "content": {
                MEDIA_TYPE: {
                    "schema": {
                        "type": "object",
                        "required": ["type", "title", "status", "detail"],
                        "properties": {
                            "type": _STRING, "title": _STRING, "status": {"type": "integer"}, "detail": _STRING,
                        },
                    }
                }
            },
        }
        for status in statuses
    }  # fmt: skip


def _answers(good: dict[int, str], *statuses: int) -> dict[str, Any]:
    described = {
        status: {"description": text, "content": {"application/json": {"schema": {}}}}
        for status, text in good.items()
    }
    return {"responses": {**_problems(*statuses), **described}, "response_model": None}


def _body(operation: str) -> dict[str, Any]:
    example = cloud_event("permits.steps")
    return {
        "operationId": operation,
        "security": _KEY,
        "parameters": [
            {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "pattern": "^[!-~]{1,512}$"}},
            *(
                {"name": f"ce-{name}", "in": "header", "required": False, "schema": {"type": "string"}, "description": _BINARY}
                for name in ("specversion", "id", "source", "type", "time")
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {
                envelope.SINGLE: {"schema": _EVENT, "example": example},
                envelope.BATCH: {"schema": {"type": "array", "items": _EVENT, "maxItems": 500}, "example": [example]},
                envelope.BINARY: {"schema": {"type": "object"}, "example": example["data"]},
            },
        },
        "x-codeSamples": [{"lang": name, "source": text} for name, text in snippets().items()],
    }  # fmt: skip


#: What a receipt is good for next.
_RECEIPT = {
    "Tanda terima": {"operationId": "getReceipt", "parameters": {"path.id": "$response.body#/event_id"}}
}
_SENT = (400, 401, 403, 409, 413, 415, 422, 429, 500, 503)
_SENDING = _answers(
    {202: "Semua kejadian tersimpan; tanda terima", 207: "Sebagian ditolak; jawaban per kejadian"}, *_SENT
)
POST: dict[str, Any] = {
    **_SENDING,
    "status_code": 202,
    "responses": {**_SENDING["responses"], 202: {**_SENDING["responses"][202], "links": _RECEIPT}},
    "openapi_extra": _body("sendEvents"),
}
VALIDATE: dict[str, Any] = {
    **_answers({200: "Hasil pemeriksaan per kejadian"}, 400, 401, 403, 413, 415, 422, 429),
    "openapi_extra": _body("validateEvents"),
}

_ENDINGS = (
    "text/csv",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
FILE: dict[str, Any] = {
    **_answers(
        {200: "Semua baris diterbitkan; laporan", 202: "Diterima dan dikerjakan; laporan di Location"},
        400, 401, 403, 413, 415, 422, 429,
    ),
    "openapi_extra": {
        "operationId": "sendFile",
        "security": _KEY,
        "parameters": [
            {"name": "domain", "in": "query", "required": True, "schema": {"enum": list(DOMAINS)}},
            {"name": "name", "in": "query", "required": True, "schema": _STRING, "example": "izin.xlsx"},
        ],
        "requestBody": {
            "required": True,
            "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _ENDINGS},
        },
    },
}  # fmt: skip


def _get(good: str, *statuses: int, names: tuple[str, ...] = (), key: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {
        "parameters": [{"name": name, "in": "path", "required": True, "schema": _STRING} for name in names]
    }
    if key:
        extra["security"] = _KEY
    return {**_answers({200: good}, *statuses), "openapi_extra": extra}


GET: dict[str, dict[str, Any]] = {
    "/v1/events/{id}": {
        **_get("Tanda terima", 401, 403, 404, 503, names=("id",), key=True),
        "operation_id": "getReceipt",
    },
    "/v1/files/{job}": _get("Laporan per baris", 401, 403, 404, names=("job",), key=True),
    "/v1/files/{job}/hasil": _get("Berkas hasil", 401, 403, 404, 409, names=("job",), key=True),
    "/v1/me": _get("Kunci, kuota, dan kesalahan terakhir", 401, 403, 429, key=True),
    "/v1/schemas": _get("Daftar kontrak"),
    "/v1/schemas/{type}": _get("Kontrak dalam Avro dan JSON Schema, dengan contoh", 404, names=("type",)),
    "/schemas/ids/{id}": {**_get("Skema (cara Confluent)", names=("id",))},
    "/subjects": _get("Subjek (cara Confluent)"),
    "/subjects/{subject}/versions/{version}": _get("Versi (cara Confluent)", names=("subject", "version")),
}
for _path in ("/schemas/ids/{id}", "/subjects", "/subjects/{subject}/versions/{version}"):
    _media: dict[str, Any] = {"application/vnd.schemaregistry.v1+json": {"schema": {}}}
    GET[_path]["responses"][200]["content"] = _media
    if "{" in _path:
        GET[_path]["responses"][404] = {"description": "Tidak ditemukan (cara Confluent)", "content": _media}

GET["/v1/files/{job}/hasil"]["responses"][200]["content"] = {_ENDINGS[-1]: {"schema": {}}}

_PAGE = {"responses": {200: {"description": "Halaman", "content": {"text/html": {}}}}, "response_model": None}
OTHER: dict[str, dict[str, Any]] = {
    "/health": _answers({200: "Proses berjalan"}),
    "/ready": _answers({200: "Menerima kejadian"}, 503),
    "/docs": _PAGE,
    "/docs/errors": _PAGE,
    "/docs/postman.json": _answers({200: "Koleksi Postman"}),
    "/unggah": _PAGE,
    "/unggah.js": {
        "responses": {200: {"description": "Skrip halaman unggah", "content": {"text/javascript": {}}}},
        "response_model": None,
    },
    "/favicon.ico": {
        "responses": {200: {"description": "Gambar kecil halaman ini", "content": {"image/svg+xml": {}}}},
        "response_model": None,
    },
    "/docs/style.css": {
        "responses": {200: {"description": "Lembar gaya halaman ini", "content": {"text/css": {}}}},
        "response_model": None,
    },
}

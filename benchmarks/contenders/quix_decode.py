"""Values to records for Quix Streams, by fastavro; the five bytes of the wire format are skipped."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
from quixstreams.models.serializers import Deserializer, SerializationContext

from benchmarks.contenders.report import first_record

HEADER = 5


class ReceiptDeserializer(Deserializer):  # type: ignore[misc]
    """Full records, as an application would take them."""

    def __init__(self, schema: str) -> None:
        super().__init__()
        self._schema = fastavro.parse_schema(json.loads(schema))
        self._begun = False

    def __call__(self, value: bytes, ctx: SerializationContext) -> Any:  # noqa: ARG002  (the library's signature)
        if not self._begun:
            self._begun = True
            first_record()
        body = io.BytesIO(value)
        body.seek(HEADER)
        return fastavro.schemaless_reader(body, self._schema, None)

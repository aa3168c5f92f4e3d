"""An event as it is put: completed once, and then kept byte for byte, so that a repeat is equal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from producers.sending.delivery import MOST_BYTES
from producers.spool.errors import EventError

LONGEST_ID = 256


class Stored(NamedTuple):
    """An event in the queue; ``body`` is all of it, a CloudEvent in JSON (UTF-8) with sorted names."""

    source: str
    id: str
    type: str
    body: bytes


def stored(event: Mapping[str, Any], source: str = "") -> Stored:
    """The event with what it lacks: ``id`` (a new UUID), ``source``, and ``time`` (now, UTC) where ``data`` has no
    ``occurred_at``, so that it keeps its time however late it is sent.

    Whoever gives an ``id`` of their own gives the time too: putting it again must be the same event. Raises EventError.
    """
    found = {"specversion": "1.0", "datacontenttype": "application/json", "source": source, **event}
    data = found.get("data")
    if not isinstance(data, Mapping):
        raise EventError(f"data: wajib objek (dict) menurut kontrak, diterima {type(data).__name__}.")
    if "time" not in found and "occurred_at" not in data:
        if "id" in found:
            raise EventError(
                "time: wajib diisi (atau data.occurred_at) bila id diisi sendiri, supaya pengulangan sama isinya."
            )
        found["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    found.setdefault("id", str(uuid.uuid4()))
    for name in ("id", "source", "type"):
        value = found.get(name)
        if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
            raise EventError(f"{name}: wajib teks 1 sampai {LONGEST_ID} huruf, diterima {_shown(value)}.")
    try:
        body = json.dumps(found, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EventError(
            f"kejadian {found['id']} tidak dapat ditulis sebagai JSON ({str(error)[:200]}); ubah tanggal menjadi teks, "
            "Decimal menjadi bilangan bulat rupiah, dan jangan memakai NaN."
        ) from error
    if len(body) > MOST_BYTES:
        raise EventError(f"kejadian {found['id']}: {len(body)} byte, paling banyak {MOST_BYTES} byte.")
    return Stored(found["source"], found["id"], found["type"], body)


def _shown(value: Any) -> str:
    return f"{len(value)} huruf" if isinstance(value, str) else type(value).__name__

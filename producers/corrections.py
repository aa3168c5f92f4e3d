"""What a correction must say, by whichever way it comes: ``corrects`` names the event that it replaces, and a reason says why.

That both are of one source is decided where the corrected event is known: at the gateway for the last days
(``producers.gateway.past``), and last by the stream (``streams.corrections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from producers.identity import event_id

CORRECTS, REASON = "corrects", "correction_reason"


class Fault(NamedTuple):
    """A field of a correction and what is wrong with it (Bahasa Indonesia)."""

    field: str
    sentence: str


def canonical(corrects: str, source: str) -> str:
    """The id of the corrected event as it stands on Kafka: a sender names it as it sent it."""
    return event_id({"event_id": corrects, "source": source})


def fault(record: Mapping[str, Any]) -> Fault | None:
    """What is wrong with a record as a correction; None for one that is right, or corrects nothing."""
    corrects = record.get(CORRECTS)
    if corrects is None:
        return None
    if not str(corrects).strip():
        return Fault(CORRECTS, "kosong; isi id kejadian yang dibetulkan, atau hapus bila bukan pembetulan")
    if corrects == record.get("event_id"):
        return Fault(CORRECTS, "menunjuk dirinya sendiri; pembetulan adalah kejadian baru dengan id baru")
    if not str(record.get(REASON) or "").strip():
        return Fault(REASON, "wajib diisi pada pembetulan: sebutkan dengan kalimat pendek apa yang salah")
    return None

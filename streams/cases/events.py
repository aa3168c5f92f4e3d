"""Events of permit cases as rows of fixed width: a chunk's columns in, one structured array out, and back for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.event_ids import event_ids
from streams.cases.words import Words
from streams.days import local_days
from streams.engine.chunk import Int64s

#: What stands for no instant and no amount.
NEVER = np.iinfo(np.int64).max
NO_AMOUNT = -1
NO_DAY = np.iinfo(np.int32).min

#: One event. Texts are numbers of ``Words``, 0 for none; times are UTC ms, ``stamp`` the record's own; amounts are
#: rupiah; ``document_day`` is a local day since 1970. Ids stand in two halves that sort as the text does.
EVENT = np.dtype(
    [
        ("at", "<i8"),
        ("high", "<u8"),
        ("low", "<u8"),
        ("offset", "<i8"),
        ("stamp", "<i8"),
        ("due_at", "<i8"),
        ("fee_assessed", "<i8"),
        ("fee_paid", "<i8"),
        ("kind", "<u4"),
        ("step", "<u4"),
        ("unit", "<u4"),
        ("permit_type", "<u4"),
        ("opd", "<u4"),
        ("source", "<u4"),
        ("officer", "<u4"),
        ("contact", "<u4"),
        ("delegation", "<u4"),
        ("document_day", "<i4"),
        ("partition", "<u2"),
        ("flags", "u1"),
    ]
)
#: An event with what only a comparison of cases reads, so that the case tasks do not carry it: who the applicant and the
#: agent are, and the running number in the office's register (0 for none).
COMPARED = np.dtype([*EVENT.descr, ("applicant", "<u4"), ("agent", "<u4"), ("register", "<i8")])
#: CATCHING_UP: it came while its source was catching up after a silence, so its lateness says nothing.
SIMULATED, BACKFILL, AUTOMATIC, NEW_DOCUMENTS, CATCHING_UP = 1, 2, 4, 8, 16

#: Fields of the contract that become numbers: labels, of which there are few, and names, of which there are many.
LABELS = {
    "kind": "kind", "step": "step", "unit": "unit", "permit_type": "permit_type", "opd": "opd", "source": "source",
    "contact": "contact",
}  # fmt: skip
OFFICIAL = {"officer": "officer_token", "delegation": "delegation_id"}
PRIVATE = {"applicant": "applicant_token", "agent": "agent_token"}
REGISTER = "register_number"
#: Every other field that is read of an event.
PLAIN = (
    "case_id", "event_id", "occurred_at", "due_at", "fee_assessed", "fee_paid", "document_date", "corrects", "mode",
    "simulated", "automatic", "new_documents",
)  # fmt: skip
FIELDS = (*PLAIN, *LABELS.values(), *OFFICIAL.values())
COMPARED_FIELDS = (*FIELDS, *PRIVATE.values(), REGISTER)

Events = np.ndarray[Any, np.dtype[np.void]]


class Intake(NamedTuple):
    """Rows of one chunk: the events, which case each belongs to (an index into ``case_ids``), and the corrections:
    rows that replace another event, with its id as 16 bytes."""

    events: Events
    case_of: Int64s
    case_ids: list[str]
    corrections: dict[int, bytes]

    def part(self, first: int, after: int) -> Intake:
        """Rows ``[first, after)``."""
        cases, case_of = np.unique(self.case_of[first:after], return_inverse=True)
        corrections = {
            row - first: target for row, target in self.corrections.items() if first <= row < after
        }
        case_ids = [self.case_ids[case] for case in cases.tolist()]
        return Intake(self.events[first:after], case_of, case_ids, corrections)


def joined(batches: Sequence[Intake]) -> Intake:
    """The rows of several, in order."""
    cases: dict[str, int] = {}
    case_of, corrections, at = [], {}, 0
    for batch in batches:
        here = np.array([cases.setdefault(case, len(cases)) for case in batch.case_ids], np.int64)
        case_of.append(here[batch.case_of])
        corrections.update({at + row: target for row, target in batch.corrections.items()})
        at += len(batch.events)
    events = np.concatenate([batch.events for batch in batches])
    return Intake(events, np.concatenate(case_of), list(cases), corrections)


def take_in(
    columns: pa.RecordBatch, offsets: Int64s, stamps: Int64s, words: Words, names: Words, zone: str,
    kind: np.dtype[np.void] = EVENT, partition: Any = 0,
) -> Intake:  # fmt: skip
    """The rows of a chunk as events of a ``kind``, EVENT or COMPARED. ``words`` has the labels, ``names`` the tokens of
    people; those that were never seen are added."""
    rows = np.zeros(columns.num_rows, kind)
    rows["at"] = columns.column("occurred_at").to_numpy()
    ids = event_ids(columns.column("event_id"))
    rows["high"], rows["low"] = ids.high, ids.low
    rows["offset"], rows["stamp"], rows["partition"] = offsets, stamps, partition
    rows["due_at"] = _filled(columns.column("due_at"), NEVER)
    rows["fee_assessed"] = _filled(columns.column("fee_assessed"), NO_AMOUNT)
    rows["fee_paid"] = _filled(columns.column("fee_paid"), NO_AMOUNT)
    dates = columns.column("document_date")
    rows["document_day"] = NO_DAY
    if dates.null_count < len(dates):
        known = dates.is_valid().to_numpy(zero_copy_only=False)
        rows["document_day"][known] = local_days(_filled(dates, 0)[known], zone)
    for name, field in LABELS.items():
        rows[name] = words.numbers(columns.column(field))
    compared = kind is COMPARED
    for name, field in (OFFICIAL | PRIVATE if compared else OFFICIAL).items():
        rows[name] = names.numbers(columns.column(field))
    if compared:
        rows["register"] = np.maximum(_filled(columns.column(REGISTER), 0), 0)
    flags = _filled(columns.column("simulated"), False).astype(np.uint8)
    flags |= np.uint8(BACKFILL) * pc.equal(columns.column("mode"), "backfill").to_numpy(zero_copy_only=False)
    flags |= np.uint8(AUTOMATIC) * _filled(columns.column("automatic"), False)
    flags |= np.uint8(NEW_DOCUMENTS) * _filled(columns.column("new_documents"), False)
    rows["flags"] = flags
    cases = columns.column("case_id").dictionary_encode()
    return Intake(
        rows, cases.indices.to_numpy().astype(np.int64), cases.dictionary.to_pylist(), _corrections(columns)
    )


def event_texts(rows: Events) -> list[str]:
    """The ids of events as text."""
    return [
        f"{h >> 32:08x}-{(h >> 16) & 0xFFFF:04x}-{h & 0xFFFF:04x}-{low >> 48:04x}-{low & 0xFFFFFFFFFFFF:012x}"
        for h, low in zip(rows["high"].tolist(), rows["low"].tolist(), strict=True)
    ]


def _filled(column: pa.Array, value: Any) -> Any:
    filled = pc.fill_null(column, value) if column.null_count else column
    return filled.to_numpy(zero_copy_only=False)


def _corrections(columns: pa.RecordBatch) -> dict[int, bytes]:
    corrects = columns.column("corrects")
    if corrects.null_count == len(corrects):
        return {}
    rows = np.flatnonzero(corrects.is_valid().to_numpy(zero_copy_only=False))
    ids = event_ids(corrects.take(pa.array(rows)))
    return {
        int(row): pair(high, low)
        for row, high, low, valid in zip(
            rows, ids.high.tolist(), ids.low.tolist(), ids.valid.tolist(), strict=True
        )
        if valid
    }


def pair(high: int, low: int) -> bytes:
    """An id as 16 bytes."""
    return high.to_bytes(8, "big") + low.to_bytes(8, "big")

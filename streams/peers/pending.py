"""Events that wait for the end of their day: batches of rows as they came, in a store."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from streams.cases.events import COMPARED, Intake
from streams.engine.store import Pairs

#: Events in a row of the store: a row must fit into a record of the state log, and an event is 123 bytes and its case.
ROWS = 4_000


class _Packed(msgspec.Struct, array_like=True):
    events: bytes
    case_of: bytes
    case_ids: list[str]
    corrections: dict[int, bytes]


class Pending(Pairs[int, bytes]):
    """Batches by number, in the order in which they came."""

    schema = pa.schema([("number", pa.int64()), ("rows", pa.binary())])

    def append(self, rows: Intake) -> None:
        """Keep a batch, as several where it is large: after an outage all that was missed comes at once."""
        for first in range(0, len(rows.events), ROWS):
            piece = slice(first, first + ROWS)
            cases, case_of = np.unique(rows.case_of[piece], return_inverse=True)
            corrections = {
                row - first: target for row, target in rows.corrections.items() if first <= row < first + ROWS
            }
            body = _Packed(
                rows.events[piece].tobytes(),
                case_of.astype("<i8").tobytes(),
                [rows.case_ids[case] for case in cases.tolist()],
                corrections,
            )
            self.put(len(self) + 1, _encode(body))  # ``take`` leaves none, so they are 1 to n

    def take(self) -> Intake | None:
        """All batches as one, in order; nothing is left. None where there was nothing."""
        numbers = sorted(self)
        batches = [_decode(self._rows[number]) for number in numbers]
        for number in numbers:
            self.put(number, None)
        if not batches:
            return None
        cases: dict[str, int] = {}
        case_of, corrections, at = [], {}, 0
        for batch in batches:
            here = np.array([cases.setdefault(case, len(cases)) for case in batch.case_ids], np.int64)
            mine = np.frombuffer(batch.case_of, "<i8")
            case_of.append(here[mine])
            corrections.update({at + row: target for row, target in batch.corrections.items()})
            at += len(mine)
        events = np.frombuffer(b"".join(batch.events for batch in batches), COMPARED)
        return Intake(events, np.concatenate(case_of), list(cases), corrections)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode

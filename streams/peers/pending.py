"""Events that wait for the end of their day: batches of rows as they came, in a store."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from streams.cases.events import COMPARED, Intake
from streams.engine.store import Pairs


class _Packed(msgspec.Struct, array_like=True):
    events: bytes
    case_of: bytes
    case_ids: list[str]
    corrections: dict[int, bytes]


class Pending(Pairs[int, bytes]):
    """Batches by number, in the order in which they came."""

    schema = pa.schema([("number", pa.int64()), ("rows", pa.binary())])

    def append(self, rows: Intake) -> None:
        """Keep a batch."""
        body = _Packed(
            rows.events.tobytes(), rows.case_of.astype("<i8").tobytes(), rows.case_ids, rows.corrections
        )
        self.put(max(self, default=0) + 1, _encode(body))

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

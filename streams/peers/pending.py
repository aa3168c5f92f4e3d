"""Events that wait for the end of their day: batches of rows as they came, in a store."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from streams.cases.events import COMPARED, Intake, joined
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
            piece = rows.part(first, first + ROWS)
            case_of = piece.case_of.astype("<i8").tobytes()
            body = _Packed(piece.events.tobytes(), case_of, piece.case_ids, piece.corrections)
            self.put(len(self) + 1, _encode(body))  # ``take`` leaves none, so they are 1 to n

    def take(self) -> Intake | None:
        """All batches as one, in order; nothing is left. None where there was nothing."""
        numbers = sorted(self)
        batches = [_unpack(self._rows[number]) for number in numbers]
        for number in numbers:
            self.put(number, None)
        return joined(batches) if batches else None


def _unpack(data: bytes) -> Intake:
    batch = _decode(data)
    case_of = np.frombuffer(batch.case_of, "<i8").astype(np.int64)
    return Intake(np.frombuffer(batch.events, COMPARED), case_of, batch.case_ids, batch.corrections)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode

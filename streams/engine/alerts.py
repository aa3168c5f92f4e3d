"""The standing alerts of one source partition, with their revisions: raised, escalated, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from streams.engine.store import Pairs

#: What makes an alert say something new.
SAID = ("level", "level_at", "due_at", "unit", "observed", "evidence_digest")
WITHDRAWN = "withdrawn"
REASON_REBUILT = (
    "Dihitung ulang dengan aturan atau profil yang berlaku sekarang; indikasi ini tidak lagi muncul."
)


class Alerts(Pairs[str, bytes]):
    """The last revision of every alert, by alert id: a record of ``risk.alerts`` but for ``published_at``."""

    schema = pa.schema([("alert_id", pa.string()), ("record", pa.binary())])

    def standing(self, alert_id: str) -> bool:
        """Whether an alert was raised and not withdrawn."""
        last = self.last(alert_id)
        return last is not None and last["status"] != WITHDRAWN

    def last(self, alert_id: str) -> dict[str, Any] | None:
        """What was said last of an alert."""
        value = self._rows.get(alert_id)
        return None if value is None else _decode(value)

    def revise(self, record: dict[str, Any], levels: Sequence[str]) -> None:
        """Say what a rule finds now (a record without status and revision); nothing happens when it says nothing new.

        A higher level than the standing one (later in ``levels``) escalates; anything else stands as raised.
        """
        last = self.last(record["alert_id"])
        stands = last is not None and last["status"] != WITHDRAWN
        if last is not None and stands and all(last.get(name) == record.get(name) for name in SAID):
            return
        status = "raised"
        if last is not None and stands:
            rise = levels.index(record["level"]) - levels.index(last["level"])
            status = "escalated" if rise > 0 else last["status"] if rise == 0 else "raised"
        self._say(record, status, (last or {}).get("revision", 0) + 1)

    def withdraw(self, alert_id: str, reason: str, clock: int) -> None:
        """Take a standing alert back; nothing happens when none stands. ``clock`` is UTC ms."""
        last = self.last(alert_id)
        if last is not None and last["status"] != WITHDRAWN:
            self._say({**last, "withdrawn_reason": reason, "clock": clock}, WITHDRAWN, last["revision"] + 1)

    def take_over(self, earlier: Mapping[str, dict[str, Any]], clock: int) -> None:
        """Alerts of an earlier computation: what this one says alike keeps its revision, what differs gets a higher one,
        and what this one does not find is withdrawn. All are written again."""
        for alert_id in [known for known in self._rows if known not in earlier]:
            self.put(alert_id, self._rows[alert_id])
        for alert_id, old in earlier.items():
            new = self.last(alert_id)
            if new is None:
                if old["status"] != WITHDRAWN:
                    record = {**old, "withdrawn_reason": REASON_REBUILT, "clock": clock}
                    self._say(record, WITHDRAWN, old["revision"] + 1)
                else:
                    self.put(alert_id, _encode(old))
            elif all(new.get(name) == old.get(name) for name in (*SAID, "status")):
                self.put(alert_id, _encode(old))
            else:
                self._say(new, new["status"], max(new["revision"], old["revision"] + 1))

    def records(self) -> dict[str, dict[str, Any]]:
        """The last revision of every alert, withdrawn ones too."""
        return {alert_id: _decode(value) for alert_id, value in self._rows.items()}

    def _say(self, record: dict[str, Any], status: str, revision: int) -> None:
        self.put(record["alert_id"], _encode({**record, "status": status, "revision": revision}))


def records_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The alert records in the changes of such a table."""
    return [_decode(value) for value in batch.column("record").to_pylist() if value is not None]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode

"""How a queue stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection


@dataclass(frozen=True, slots=True)
class Status:
    """Times are UTC ms. ``rows`` and ``bytes`` count waiting and refused events together, as the bounds
    ``most_rows`` and ``most_bytes`` do. ``sent`` counts receipts since the queue was made. ``error`` is why it last had
    to wait or stop, ``success_at`` the last receipt."""

    waiting: int
    oldest: int | None
    refused: int
    rows: int
    bytes: int
    most_rows: int
    most_bytes: int
    sent: int
    success_at: int | None
    error: str | None
    error_at: int | None

    @classmethod
    def read(cls, rows: Connection) -> Status:
        """Within a transaction."""
        refused = rows.execute("SELECT count(*) FROM refused").fetchone()[0]
        oldest = rows.execute("SELECT put_at FROM waiting ORDER BY seq LIMIT 1").fetchone()
        held = rows.execute("SELECT rows, bytes, most_rows, most_bytes FROM held").fetchone()
        sending = rows.execute("SELECT sent, success_at, error, error_at FROM sending").fetchone()
        return cls(held[0] - refused, oldest[0] if oldest else None, refused, *held, *sending)


def instant(ms: int | None) -> str:
    """A time in RFC 3339, UTC; ``-`` where there is none."""
    if ms is None:
        return "-"
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

"""A Kafka client that has lost every broker it knew, which it does not mend by itself.

While the only broker, or the last one, shuts down it may answer with an empty list of brokers. librdkafka then lets go of
those it has and never asks again, though the broker comes back a second later (confluentinc/librdkafka#5301, open with 2.16).
Its own report says so: no broker in it was configured or learned. Who has such a client makes a new one, or ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

REPORT_MS = 5_000
#: So many reports in a row: between two of them a client may be on its way back to the addresses that it began with.
REPORTS = 2
#: What stands in a report for each broker of the cluster; there are others that librdkafka has for itself.
KNOWN = ('"source":"learned"', '"source":"configured"')


class StrandedError(RuntimeError):
    """The client knows no broker any more and will not look for one."""

    def __init__(self) -> None:
        super().__init__("the Kafka client has lost every broker it knew; a new one is needed")


def hearing(lost: Callable[[str], None] | None = None) -> dict[str, Any]:
    """librdkafka settings of a client that says when it is stranded: ``lost`` is called with the reason, or, without one,
    whatever asks the client for something next (``poll``, ``consume``) raises StrandedError."""
    empty = 0

    def report(text: str) -> None:
        nonlocal empty
        empty = 0 if any(word in text for word in KNOWN) else empty + 1
        if empty == REPORTS:
            empty = 0
            if lost is None:
                raise StrandedError
            lost(str(StrandedError()))

    return {"statistics.interval.ms": REPORT_MS, "stats_cb": report}

"""The durable queue of a server that publishes with Python: ``Queue`` puts, ``nadi spool run`` delivers.

>>> from pathlib import Path
>>> from producers.spool import Queue
>>> queue = Queue(Path("antrean"), source="/opd/2.18.01/perizinan")  # doctest: +SKIP
>>> queue.send({"type": "id.go.nadi.permits.steps.submitted.v1", "data": {...}})  # doctest: +SKIP

The one who puts needs no key of the gateway; only the sender reads the ``.env``.
"""

from producers.spool.errors import EventError, SpoolBusyError, SpoolDiskError, SpoolError, SpoolFullError
from producers.spool.queue import Queue

__all__ = ["EventError", "Queue", "SpoolBusyError", "SpoolDiskError", "SpoolError", "SpoolFullError"]

"""Places where a test may end the process: off unless ``NADI_FAILPOINT`` names one."""

from __future__ import annotations

import os
import signal

#: The sink: before-letters, before-intent, after-intent, during-insert, after-insert, after-commit. The replay of dead
#: letters: dlq-before-send, dlq-delivered, dlq-after-send, dlq-after-mark. Drop folders: drop-claimed, drop-event,
#: drop-published, drop-recorded, drop-result, drop-moved. Relay and queue: sending-before, sending-answered,
#: sending-marked. The pull: pull-before-commit, pull-committed. Uploads: upload-published. After a colon, how often the
#: place is passed first.
_WANTED, _, _AFTER = os.environ.get("NADI_FAILPOINT", "").partition(":")
_left = int(_AFTER or 0)


def reached(name: str) -> None:
    """Die here, by SIGKILL, if a test asked for it."""
    global _left  # noqa: PLW0603
    if name != _WANTED:
        return
    if _left:
        _left -= 1
        return
    os.kill(os.getpid(), signal.SIGKILL)

"""What our Kafka clients have in common: reconnecting, and logs that say a thing once, not twenty times a second."""

from __future__ import annotations

import logging
import time
from typing import Any

import structlog

SILENCE_SECONDS = 10.0
LIBRARIES = ("aiokafka", "faust", "mode")

log: Any = structlog.get_logger("streams.kafka")


class Once:
    """Lets a text through at most once in ``seconds``."""

    def __init__(self, seconds: float = SILENCE_SECONDS) -> None:
        self._seconds = seconds
        self._said: dict[str, float] = {}

    def __call__(self, text: str) -> bool:
        now = time.monotonic()
        if now - self._said.get(text, -self._seconds) < self._seconds:
            return False
        self._said[text] = now
        return True


class LibraryLog(logging.Handler):
    """Passes warnings of the libraries on to our log, each wording once in a while."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._once = Once()

    def emit(self, record: logging.LogRecord) -> None:
        if self._once(str(record.msg)):
            log.warning(record.getMessage(), logger=record.name)


def quiet_libraries() -> None:
    """Take over what Faust and aiokafka log."""
    handler = LibraryLog()
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING)


def client_settings(bootstrap: str, client_id: str) -> dict[str, Any]:
    """librdkafka settings of every client of a worker."""
    once = Once()

    def report(error: Any) -> None:
        if once(error.name()):
            log.warning("kafka client", client=client_id, error=str(error))

    return {
        "bootstrap.servers": bootstrap,
        "client.id": client_id,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 1_000,
        "socket.nagle.disable": True,
        "log_level": 2,  # what matters comes through error_cb
        "error_cb": report,
    }

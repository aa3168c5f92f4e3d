"""How every process logs: English, one line an event, to standard error; readable, or JSON when asked.

Whatever is logged passes ``producers.redaction`` last, so that no number of a person stands in a log.
"""

from __future__ import annotations

import logging
import os
import sys

import structlog

from producers.redaction import mask, masked

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class MaskingFormatter(logging.Formatter):
    """Masks the finished line, so that arguments and tracebacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def mask_event(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """The processor before the renderer: every key and value of an event, masked."""
    own = {name: event.pop(name) for name in ("timestamp", "level") if name in event}
    return {**masked(event), **own}


def set_up(level: str = "INFO") -> None:
    """Configure structlog and the standard library's logging alike. ``NADI_LOG_JSON=1`` writes JSON lines."""
    as_json = os.environ.get("NADI_LOG_JSON") == "1"
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.UnicodeDecoder(),
            mask_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter(FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.lastResort = handler

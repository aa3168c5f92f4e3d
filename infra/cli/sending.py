"""What `nadi relay`, `nadi pull` and `nadi spool` share: a clean end at Ctrl-C, how far they are, and what a database refuses."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from infra.cli.main import PROBLEM, fail
from infra.cli.progress import Stages
from infra.cli.texts import _
from infra.signals import stop_signal

if TYPE_CHECKING:
    from producers.sending.delivery import Progress


def stopping() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    return stop_signal(signal.SIGINT, signal.SIGTERM)


@contextmanager
def explained() -> Iterator[None]:
    """What a database refuses becomes one line and an exit code."""
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        fail(_("basis data menolak: {reason}").format(reason=reason), PROBLEM)


class Telling:
    """Shows progress towards a total, and why it waits, once each time that changes. Use it as a context manager."""

    def __init__(self, total: int = 0) -> None:
        self.total, self._said = total, ""
        self._stages = Stages({"kirim": _("mengirim")})

    def __call__(self, progress: Progress) -> None:
        done = progress.sent + progress.refused
        self._stages.update("kirim", done, max(self.total, done))
        if progress.waiting_for and progress.waiting_for != self._said:
            self._stages.write(_("menunggu: {why}").format(why=progress.waiting_for))
        self._said = progress.waiting_for

    def __enter__(self) -> Self:
        self._stages.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stages.stop()

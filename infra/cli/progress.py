"""Progress of long work: bars on a terminal, a plain line now and then elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

PLAIN_SECONDS = 5.0


class Stages:
    """Several stages of one job, each with its own bar; ``labels`` names them by key.

    ``update(key, done, total)`` may be called from any thread and often; a total of 0 means unknown.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._terminal = sys.stderr.isatty()
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self._terminal:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bars away, so that a message can be printed."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def write(self, text: str) -> None:
        """Print a text of several lines among the bars."""
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(text if text.endswith("\n") else text + "\n")

    def update(self, key: str, done: int, total: int) -> None:
        """Stage ``key`` stands at ``done`` of ``total``."""
        if self._bars is not None:
            if key not in self._tasks:
                self._tasks[key] = self._bars.add_task(self._labels.get(key, key), total=total or None)
            self._bars.update(self._tasks[key], completed=done, total=total or None)
        elif not self._terminal:
            now = time.monotonic()
            finished = total and done >= total
            if (finished and self._said.get(key) != -1.0) or now - self._said.get(
                key, now - PLAIN_SECONDS
            ) >= PLAIN_SECONDS:
                self._said[key] = -1.0 if finished else now
                sys.stderr.write(f"{self._labels.get(key, key)}: {done}{f' / {total}' if total else ''}\n")

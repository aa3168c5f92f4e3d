"""A value that is read in a thread, so that nobody waits long for where it comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """What ``read`` gave last, at most ``seconds`` old. Whoever finds it older has it read again and waits for that no
    longer than ``patience`` seconds; after that the old value holds, None before the first. May be asked from any
    thread."""

    def __init__(self, read: Callable[[], T], *, seconds: float, patience: float) -> None:
        self._read, self._seconds, self._patience = read, seconds, patience
        self._lock = Lock()
        self._reading: Thread | None = None
        self._until = 0.0
        self._value: T | None = None

    def get(self) -> T | None:
        """The value."""
        with self._lock:
            if time.monotonic() >= self._until and (self._reading is None or not self._reading.is_alive()):
                self._reading = Thread(target=self._renew, daemon=True)
                self._reading.start()
            reading = self._reading
        if reading is not None:
            reading.join(self._patience)
        return self._value

    def _renew(self) -> None:
        self._value = self._read()
        self._until = time.monotonic() + self._seconds

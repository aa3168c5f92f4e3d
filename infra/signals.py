"""How a command learns that it is to end."""

from __future__ import annotations

import signal
import sys
import threading


def stop_signal(*numbers: signal.Signals) -> threading.Event:
    """An event that SIGTERM, SIGINT and SIGHUP set, or only those that are named; not SIGHUP under nohup, which ignores it."""
    stopping = threading.Event()
    for number in numbers or (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue
        # A thread of its own: the handler may run while this one holds the event's lock.
        signal.signal(number, lambda *_: threading.Thread(target=stopping.set).start())
    return stopping


def leave_when_told() -> None:
    """SIGTERM and SIGHUP, where nobody else handles them, raise SystemExit, as Ctrl-C raises KeyboardInterrupt: what is open
    is closed. Only once, and only in the main thread, which is asked."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _leave)


def _leave(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)

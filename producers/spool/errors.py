"""What can go wrong with a queue. Messages are Bahasa Indonesia and say what became of the event."""

from __future__ import annotations


class SpoolError(RuntimeError):
    """The queue cannot be used: its file is damaged or absent, or one of the errors below."""


class SpoolBusyError(SpoolError):
    """Another process holds the queue for too long. The event is not stored; try again."""


class SpoolFullError(SpoolError):
    """The queue is at its bound. The event is not stored; those that wait stay."""


class SpoolDiskError(SpoolError):
    """The disk is full or cannot be written. The event is not stored; those that wait stay."""


class EventError(ValueError):
    """What was given is no event that could ever be sent; the message names the attribute."""

"""Running a domain's code on rows: what it did stays, or is taken back and the row that it fails on is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, Self, TypeVar

from streams.engine.store import Store


class Rows(Protocol):
    """Rows in order that can be cut in two."""

    def __len__(self) -> int: ...

    def halves(self) -> tuple[Self, Self]: ...


R = TypeVar("R", bound=Rows)


def attempt(
    rows: R, process: Callable[[R], None], stores: Iterable[Store], set_aside: Callable[[R, Exception], None]
) -> None:
    """Process rows; where the code fails, undo and halve, until ``set_aside`` gets the single row that it fails on.
    Raises MemoryError, and what ``set_aside`` raises."""
    try:
        process(rows)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  (the domain's own bug: whatever it is, the row is set aside)
        for store in stores:
            store.undo()
        if len(rows) == 1:
            set_aside(rows, error)
            return
        for half in rows.halves():
            attempt(half, process, stores, set_aside)
        return
    mark(stores)


def mark(stores: Iterable[Store]) -> None:
    """What was done so far stays."""
    for store in stores:
        store.mark()

"""A latest value as differences: what the newest version says is the sum over the days of all versions."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from typing import NamedTuple


class Version(NamedTuple):
    """One version of something: ``order`` decides which is later, ``values`` are what it says (None: as before)."""

    order: tuple[int | str, ...]
    day: str
    values: tuple[int | None, ...]


class Latest:
    """The versions of many things, each by its identity."""

    def __init__(self) -> None:
        self._versions: dict[Hashable, list[Version]] = {}

    def add(self, identity: Hashable, version: Version) -> None:
        """Add a version wherever it belongs in the order."""
        versions = self._versions.setdefault(identity, [])
        if not versions or versions[-1].order < version.order:
            versions.append(version)
        else:
            insort(versions, version, key=lambda v: v.order)

    def remove(self, identity: Hashable, version: Version) -> None:
        """Take a version back."""
        versions = self._versions[identity]
        del versions[bisect_left(versions, version.order, key=lambda v: v.order)]

    def differences(self, identity: Hashable) -> Iterator[tuple[str, int, int]]:
        """(day, index in values, difference to the version before) for all versions; zeros left out."""
        before: list[int] = []
        for version in self._versions.get(identity, ()):
            before = before or [0] * len(version.values)
            for index, value in enumerate(version.values):
                if value is not None and value != before[index]:
                    yield version.day, index, value - before[index]
                    before[index] = value

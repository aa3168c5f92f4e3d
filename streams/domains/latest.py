"""A latest value as differences: what the newest version says is the sum over the days of all versions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator
from typing import NamedTuple


class Version(NamedTuple):
    """One version of something: ``order`` decides which is later, ``values`` are what it says (None: as before)."""

    order: tuple[int | str, ...]
    day: str
    values: tuple[int | None, ...]


#: Day, index in the values, and what the difference of that day changes by.
Change = tuple[str, int, int]


class Latest:
    """The versions of many things, each by its identity, in order."""

    def __init__(self) -> None:
        self._versions: dict[Hashable, list[Version]] = {}

    def add(self, identity: Hashable, version: Version) -> Iterator[Change]:
        """Add a version wherever it belongs; what that changes."""
        versions = self._versions.setdefault(identity, [])
        if not versions or versions[-1].order < version.order:
            index = len(versions)
        else:
            index = bisect_left(versions, version.order, key=_order)
        versions.insert(index, version)
        return self._changes(versions, index, 1)

    def remove(self, identity: Hashable, version: Version) -> Iterator[Change]:
        """Take a version back; what that changes."""
        versions = self._versions[identity]
        index = bisect_left(versions, version.order, key=_order)
        changes = list(self._changes(versions, index, -1))
        del versions[index]
        return iter(changes)

    @staticmethod
    def _changes(versions: list[Version], index: int, sign: int) -> Iterator[Change]:
        """The version's own difference, and the opposite at the next one that says something."""
        version = versions[index]
        for place, value in enumerate(version.values):
            if value is None:
                continue
            earlier = (versions[i].values[place] for i in range(index - 1, -1, -1))
            step = value - next((v for v in earlier if v is not None), 0)
            if step:
                yield version.day, place, sign * step
                for later in versions[index + 1 :] if index + 1 < len(versions) else ():
                    if later.values[place] is not None:
                        yield later.day, place, -sign * step
                        break


def _order(version: Version) -> tuple[int | str, ...]:
    return version.order

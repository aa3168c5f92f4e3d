"""A latest value as differences: what the newest version says is the sum over the days of all versions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

from streams.engine.store import Table

SCHEMA = pa.schema([("identity", pa.binary()), ("versions", pa.binary())])

Identity = tuple[int | str, ...]


class Version(NamedTuple):
    """One version of something: ``order`` decides which is later, ``values`` are what it says (None: as before)."""

    order: tuple[int | str, ...]
    day: str
    values: tuple[int | None, ...]


#: Day, index in the values, and what the difference of that day changes by.
Change = tuple[str, int, int]


class Latest(Table[Identity, list[Version]]):
    """The versions of many things, each by its identity, in order."""

    def add(self, identity: Identity, version: Version) -> Iterator[Change]:
        """Add a version wherever it belongs; what that changes."""
        versions = list(self.get(identity) or ())
        if not versions or versions[-1].order < version.order:
            index = len(versions)
        else:
            index = bisect_left(versions, version.order, key=_order)
        versions.insert(index, version)
        self.put(identity, versions)
        return self._differences(versions, index, 1)

    def remove(self, identity: Identity, version: Version) -> Iterator[Change]:
        """Take a version back; what that changes."""
        versions = list(self.get(identity) or ())
        index = bisect_left(versions, version.order, key=_order)
        differences = list(self._differences(versions, index, -1))
        del versions[index]
        self.put(identity, versions)
        return iter(differences)

    def columns(self, keys: Sequence[Identity], values: Sequence[list[Version] | None]) -> pa.RecordBatch:
        packed = [None if value is None else _pack(value) for value in values]
        arrays = [pa.array([_pack(key) for key in keys], pa.binary()), pa.array(packed, pa.binary())]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[Identity, list[Version] | None]]:
        for identity, versions in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield _identity(identity), None if versions is None else _versions(versions)

    @staticmethod
    def _differences(versions: list[Version], index: int, sign: int) -> Iterator[Change]:
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


_pack = msgspec.msgpack.Encoder().encode
_identity = msgspec.msgpack.Decoder(Identity).decode
_versions = msgspec.msgpack.Decoder(list[Version]).decode

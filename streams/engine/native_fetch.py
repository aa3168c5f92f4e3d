"""Records by librdkafka without a Python object per record: addresses of values, read in place.

The librdkafka is the one that confluent-kafka brings. The records of one fetch stay its property until the last
run that was made of them is let go.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from schemas.dead_letters import Headers
from schemas.native import load, wanted
from schemas.payloads import Payloads
from schemas.stranded import REPORTS, StrandedError
from streams.engine.chunk import Int64s
from streams.engine.fetch import BUSY_ROWS, GATHER_SECONDS, Run, fetch_settings, not_in_log
from streams.engine.source import FetchError, Source

LIBRARY = Path(__file__).parent / "native" / "libfetch.so"
SOURCE = Path(__file__).parent / "native" / "fetch.c"

# The functions of librdkafka in the order of struct api in native/fetch.c.
FUNCTIONS = (
    "conf_new",
    "conf_set",
    "conf_set_opaque",
    "conf_set_error_cb",
    "conf_set_stats_cb",
    "conf_destroy",
    "new",
    "poll_set_consumer",
    "queue_get_consumer",
    "queue_destroy",
    "consume_batch_queue",
    "message_destroy",
    "message_timestamp",
    "message_errstr",
    "topic_name",
    "topic_partition_list_new",
    "topic_partition_list_add",
    "topic_partition_list_destroy",
    "assign",
    "err2str",
    "consumer_close",
    "destroy_flags",
)
TEXT_BYTES = 512
NOT_IN_LOG, STRANDED = 1, 3
NOWHERE = Source("", -1)

_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
_Pointers = np.ndarray[Any, np.dtype[np.uint64]]


class _Message(ctypes.Structure):
    """``rd_kafka_message_t``, whose layout is public."""

    _fields_ = (
        ("err", ctypes.c_int32),
        ("rkt", ctypes.c_void_p),
        ("partition", ctypes.c_int32),
        ("payload", ctypes.c_void_p),
        ("len", ctypes.c_size_t),
        ("key", ctypes.c_void_p),
        ("key_len", ctypes.c_size_t),
        ("offset", ctypes.c_int64),
        ("private", ctypes.c_void_p),
    )


class _Failure(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int32),
        ("source", ctypes.c_int32),
        ("offset", ctypes.c_int64),
        ("text", ctypes.c_char * TEXT_BYTES),
    )


class NativeLibrary:
    """The functions of streams/engine/native/fetch.c, over a loaded librdkafka."""

    def __init__(self, library: ctypes.CDLL, librdkafka: ctypes.CDLL) -> None:
        places = [ctypes.cast(librdkafka[f"rd_kafka_{name}"], _POINTER).value for name in FUNCTIONS]
        self.api = (_POINTER * len(FUNCTIONS))(*places)
        self.open = library.nadi_fetch_open
        self.open.argtypes, self.open.restype = (_POINTER, _POINTER, _INT, _INT, _POINTER), _POINTER
        self.assign = library.nadi_fetch_assign
        self.assign.argtypes = (_POINTER, _POINTER, _POINTER, _POINTER, _INT, _POINTER)
        self.assign.restype = _INT
        self.take = library.nadi_fetch_take
        self.take.argtypes = (_POINTER, _LONG, _INT, _LONG, _INT, *(_POINTER,) * 8)
        self.take.restype = _LONG
        self.noted = library.nadi_fetch_noted
        self.noted.argtypes, self.noted.restype = (_POINTER, _POINTER), _INT
        self.release = library.nadi_fetch_release
        self.release.argtypes, self.release.restype = (_POINTER, _POINTER, _LONG), None
        self.close = library.nadi_fetch_close
        self.close.argtypes, self.close.restype = (_POINTER,), _INT
        self.destroy = library.nadi_fetch_destroy
        self.destroy.argtypes, self.destroy.restype = (_POINTER,), None
        # These only read memory: letting other threads have the interpreter lock meanwhile costs more than they take.
        locked = ctypes.PyDLL(librdkafka._name, handle=librdkafka._handle)
        self.message_headers = locked.rd_kafka_message_headers
        self.message_headers.argtypes, self.message_headers.restype = (_POINTER, _POINTER), _INT
        self.header_get_all = locked.rd_kafka_header_get_all
        self.header_get_all.argtypes = (_POINTER, ctypes.c_size_t, _POINTER, _POINTER, _POINTER)
        self.header_get_all.restype = _INT


@dataclass(frozen=True, slots=True)
class _Noted:
    """An error of the connection, as the report of streams.engine.client takes it."""

    code: int
    text: str

    def name(self) -> str:
        from confluent_kafka import KafkaError

        return str(KafkaError(self.code).name())

    def __str__(self) -> str:
        return self.text


def librdkafka() -> ctypes.CDLL | None:
    """The library that confluent-kafka's wheel brings, or None where it uses the system's."""
    import confluent_kafka

    packages = Path(confluent_kafka.__file__).parent
    found = [
        *packages.parent.glob("confluent_kafka.libs/librdkafka*.so*"),
        *packages.glob(".dylibs/librdkafka*.dylib"),
    ]
    return ctypes.CDLL(str(found[0])) if found else None


@cache
def _built() -> NativeLibrary | None:
    library = load(LIBRARY, SOURCE)
    under = librdkafka() if library is not None else None
    return NativeLibrary(library, under) if library is not None and under is not None else None


def native_library() -> NativeLibrary | None:
    """The native fetch, or None where it is not built, not wanted, or has no librdkafka to stand on."""
    return _built() if wanted() else None


_finalizing = sys.is_finalizing


class _Client:
    """One consumer. It ends when the fetcher and the last record of it are let go."""

    def __init__(self, library: NativeLibrary, settings: Mapping[str, Any]) -> None:
        self.library = library
        self.address: int | None = None
        words = [
            str(word).lower().encode() if isinstance(word, bool) else str(word).encode()
            for pair in settings.items()
            if not callable(pair[1])
            for word in pair
        ]
        error = ctypes.create_string_buffer(TEXT_BYTES)
        self.address = library.open(
            library.api, (ctypes.c_char_p * len(words))(*words), len(words) // 2, REPORTS, error
        )
        if not self.address:
            raise ValueError(f"librdkafka refuses the settings of the fetch: {error.value.decode()}")

    def __del__(self) -> None:
        if not _finalizing():  # the process ends, and nobody waits for the connection to be given back
            self.library.destroy(self.address)


class _Messages:
    """Records of one fetch, given back to librdkafka when nothing refers to them any more."""

    def __init__(self, client: _Client, messages: _Pointers) -> None:
        self._client, self._messages = client, messages

    def __del__(self) -> None:
        if _finalizing():
            return
        self._client.library.release(self._client.address, self._messages.ctypes.data, len(self._messages))

    def headers(self, address: int) -> Headers:
        library = self._client.library
        headers = ctypes.c_void_p()
        if library.message_headers(address, ctypes.byref(headers)):
            return ()
        name, value, size = ctypes.c_char_p(), ctypes.c_void_p(), ctypes.c_size_t()
        found: list[tuple[str, bytes | None]] = []
        while not library.header_get_all(
            headers, len(found), ctypes.byref(name), ctypes.byref(value), ctypes.byref(size)
        ):
            text = (name.value or b"").decode(errors="replace")
            found.append((text, ctypes.string_at(value.value, size.value) if value.value else None))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class NativeRun:
    """A run of records that librdkafka holds. ``messages`` are their addresses, which ``held`` keeps valid."""

    source: Source
    first_offset: int
    next_offset: int
    offsets: Int64s
    timestamps: Int64s
    payloads: Payloads
    messages: _Pointers
    held: _Messages

    def __len__(self) -> int:
        return len(self.offsets)

    def values(self) -> Payloads:
        return self.payloads

    def key(self, row: int) -> bytes | None:
        message = _Message.from_address(self.messages.item(row))
        return ctypes.string_at(message.key, message.key_len) if message.key else None

    def value(self, row: int) -> bytes | None:
        return self.payloads[row]

    def headers(self, row: int) -> Headers:
        return self.held.headers(self.messages.item(row))

    def part(self, first: int, after: int) -> NativeRun:
        low, high = (int(i) for i in np.searchsorted(self.offsets, (first, after)))
        return self.rows(self.source, first, after, low, high)

    def rows(self, source: Source, first: int, after: int, low: int, high: int) -> NativeRun:
        """Rows ``[low, high)`` as a run of their own."""
        return NativeRun(
            source,
            first,
            after,
            self.offsets[low:high],
            self.timestamps[low:high],
            self.payloads.part(low, high),
            self.messages[low:high],
            self.held,
        )


class NativeFetcher:
    """librdkafka's fetch by ``assign()``, through C."""

    kind = "native"

    def __init__(self, library: NativeLibrary, bootstrap: str, group: str, client_id: str) -> None:
        settings = fetch_settings(bootstrap, group, client_id)
        self._report = settings["error_cb"]
        self._library = library
        self._client: _Client | None = _Client(library, settings)
        self._sources: list[Source] = []
        self._next: dict[Source, int] = {}

    def assign(self, positions: Mapping[Source, int]) -> None:
        client = self._open()
        self._sources, self._next = list(positions), dict(positions)
        n = len(self._sources)
        topics = (ctypes.c_char_p * n)(*(source.topic.encode() for source in self._sources))
        partitions = np.array([source.partition for source in self._sources], np.int32)
        offsets = np.array(list(positions.values()), np.int64)
        error = ctypes.create_string_buffer(TEXT_BYTES)
        if self._library.assign(
            client.address, topics, partitions.ctypes.data, offsets.ctypes.data, n, error
        ):
            raise FetchError(f"cannot assign {n} partitions: {error.value.decode(errors='replace')}")

    def fetch(self, rows: int, seconds: float) -> list[Run]:
        client = self._open()
        messages, addresses = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
        offsets, timestamps = np.empty(rows, np.int64), np.empty(rows, np.int64)
        lengths = np.empty(rows, np.int32)
        counts, ends = np.empty(len(self._sources), np.int64), np.empty(len(self._sources), np.int64)
        failure = _Failure()
        total = self._library.take(
            client.address,
            rows,
            int(seconds * 1000),
            BUSY_ROWS,
            int(GATHER_SECONDS * 1000),
            *(a.ctypes.data for a in (messages, offsets, timestamps, addresses, lengths, counts, ends)),
            ctypes.byref(failure),
        )
        self._report_noted(client)
        if total < 0:
            raise self._error(failure)
        # copies, so that a run of few records does not hold the room for many
        kept = messages[:total].copy()
        held = _Messages(client, kept)
        payloads = Payloads(addresses[:total].copy(), lengths[:total].copy(), held)
        fetched = NativeRun(
            NOWHERE, 0, 0, offsets[:total].copy(), timestamps[:total].copy(), payloads, kept, held
        )
        highs = np.cumsum(counts)
        runs: list[Run] = [
            self._run(fetched, source, high - count, high, end)
            for source, count, high, end in zip(
                self._sources, counts.tolist(), highs.tolist(), ends.tolist(), strict=True
            )
            if count or end >= 0
        ]
        return [run for run in runs if run.next_offset > run.first_offset]

    def _run(self, fetched: NativeRun, source: Source, low: int, high: int, end: int) -> NativeRun:
        first = self._next[source]
        after = max(first, end)  # before the end of the log there may be markers only
        if high > low:
            got = int(fetched.offsets[low])
            if got < first:
                raise FetchError(f"{source.topic}[{source.partition}]: got offset {got} after {first}")
            after = max(int(fetched.offsets[high - 1]) + 1, end)
        self._next[source] = after
        return fetched.rows(source, first, after, low, high)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._library.close(client.address)

    def _open(self) -> _Client:
        if self._client is None:
            raise FetchError("the fetcher is closed")
        return self._client

    def _report_noted(self, client: _Client) -> None:
        text = ctypes.create_string_buffer(TEXT_BYTES)
        if code := self._library.noted(client.address, text):
            self._report(_Noted(code, text.value.decode(errors="replace")))

    def _error(self, failure: _Failure) -> FetchError | StrandedError:
        if failure.kind == STRANDED:
            return StrandedError()
        source = self._sources[failure.source] if failure.source >= 0 else NOWHERE
        reason = failure.text.decode(errors="replace")
        if failure.kind == NOT_IN_LOG:
            return not_in_log(source, failure.offset, reason)
        return FetchError(f"{source.topic}[{source.partition}]: {reason}")

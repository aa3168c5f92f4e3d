"""Event logs in XES (IEEE 1849), plain or gzipped, streamed: memory holds one trace.

A row is one event: the attributes of its trace as ``case:KEY``, its own as ``KEY``, all as the text that stands in
the file, so that dates keep their offsets. Attributes of attributes and members of containers are ``KEY.CHILD``;
lists are left out and counted. The log's globals fill in what a trace or an event lacks, except dates and
identities, for a default must not make those up.

The file is not trusted: a DTD (and with it every entity), deep nesting, endless values and damaged gzip end the
reading with file, line and cure.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn
from xml.parsers import expat

from producers.files.reading import FileError, Row

ENDINGS = (".xes", ".xes.gz")
CASE = "case:"
SCALARS = frozenset({"string", "date", "int", "float", "boolean", "id"})
NOT_BY_DEFAULT = frozenset({"concept:instance", "identity:id", "case:identity:id", "case:concept:name"})
NO_VALUE = frozenset({"", "__INVALID__"})

CHUNK = 1 << 16
LONGEST_ELEMENT = 1 << 20
DEEPEST = 32
GZIP = b"\x1f\x8b"

#: What the reader counts beside the rows.
LISTS = "lists"
FILLED = "filled"


def is_xes(path: Path) -> bool:
    """Whether a file's name says that it is XES."""
    return path.name.lower().endswith(ENDINGS)


def read_xes(path: Path, counts: Counter[str] | None = None) -> Iterator[Row]:
    """The events of a log; a row's number is the line of its ``<event>``. Raises FileError.

    ``counts`` takes, once the last row is out, how many lists were left out (``LISTS``) and how many values came
    from the globals (``FILLED``).
    """
    reader = _Reader(path.name, Counter() if counts is None else counts)
    with _open(path) as stream:
        while not reader.ended:
            reader.feed(_read(stream, path.name))
            yield from reader.rows
            reader.rows.clear()


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        head = stream.read(2)
    if head == GZIP:
        return gzip.open(path)  # type: ignore[return-value]
    if path.name.lower().endswith(".gz"):
        raise FileError(
            f"berkas {path.name}: namanya .gz tetapi isinya bukan gzip; kirim ulang, atau beri nama .xes"
        )
    return path.open("rb")


def _read(stream: BinaryIO, name: str) -> bytes:
    try:
        return stream.read(CHUNK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(
            f"berkas {name}: gzip rusak atau terpotong ({error}); kirim ulang berkas yang utuh"
        ) from error


class _Open(NamedTuple):
    """An open element: where its attributes go, under which prefix; None where they are not taken."""

    tag: str
    values: dict[str, Any] | None = None
    prefix: str = ""
    line: int = 0


class _Reader:
    """The state of one reading; ``rows`` are those of the traces that have ended."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        self.rows: list[Row] = []
        self.ended = False
        self._name, self._counts = name, counts
        self._open: list[_Open] = []
        self._events: list[Row] = []
        self._defaults: dict[str, dict[str, str]] = {"trace": {}, "event": {}}
        self._fed = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes) -> None:
        """Take the next bytes; none are the end of the file."""
        self._fed += len(data)
        try:
            self._parser.Parse(data, not data)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            cure = (
                "berkas terpotong; kirim ulang yang utuh" if not data else "ekspor ulang dari sistem asalnya"
            )
            raise FileError(
                f"berkas {self._name} baris {error.lineno} kolom {error.offset + 1}: bukan XML yang benar ({what}); {cure}"
            ) from error
        self.ended = not data
        if data and self._fed - self._parser.CurrentByteIndex > LONGEST_ELEMENT + CHUNK:
            self._fail("satu elemen lebih panjang dari 1 MB", "periksa sistem asalnya")

    def _fail(self, what: str, cure: str) -> NoReturn:
        raise FileError(f"berkas {self._name} baris {self._parser.CurrentLineNumber}: {what}; {cure}")

    def _doctype(self, *_declared: Any) -> None:
        self._fail(
            "berisi DOCTYPE; entitas tidak dibaca karena dapat memuat berkas lain atau membengkak tanpa batas",
            "hapus DOCTYPE, XES tidak memerlukannya",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if not self._open:
            if tag != "log":
                self._fail(f"elemen pertama <{name}>, bukan <log>", "ini bukan XES (IEEE 1849)")
            self._open.append(_Open("log"))
            return
        if len(self._open) >= DEEPEST:
            self._fail(f"elemen bersarang lebih dari {DEEPEST} tingkat", "periksa sistem asalnya")
        self._open.append(self._opened(tag, attributes, self._open[-1]))

    def _opened(self, tag: str, attributes: dict[str, str], parent: _Open) -> _Open:
        if parent.tag == "log" and tag == "trace":
            return _Open(tag, {}, CASE)
        if parent.tag in ("log", "trace") and tag == "event":
            return _Open(tag, {}, "", self._parser.CurrentLineNumber)
        if parent.tag == "log" and tag == "global":
            scope = attributes.get("scope", "event")
            return _Open(tag, self._defaults.get(scope), CASE if scope == "trace" else "")
        if parent.values is None:
            return _Open(tag)
        if parent.tag == "global" and tag == "date":
            return _Open(tag)
        if tag in SCALARS:
            key = self._attribute(tag, attributes, "key")
            parent.values[parent.prefix + key] = self._attribute(tag, attributes, "value").strip()
            return _Open(tag, parent.values, f"{parent.prefix}{key}.")
        if tag == "container":
            return _Open(tag, parent.values, f"{parent.prefix}{self._attribute(tag, attributes, 'key')}.")
        self._counts[LISTS] += tag == "list"
        return _Open(tag)

    def _attribute(self, tag: str, attributes: dict[str, str], name: str) -> str:
        value = attributes.get(name)
        if value is None:
            self._fail(f"<{tag}> tanpa {name}", "setiap atribut XES memerlukan key dan value")
        return value

    def _end(self, _name: str) -> None:
        ended = self._open.pop()
        if ended.tag == "event" and ended.values is not None:
            row = Row(ended.line, ended.values)
            self._fill(row.values, self._defaults["event"])
            if self._open[-1].tag == "trace":
                self._events.append(row)
            else:
                self.rows.append(row)  # IEEE 1849 also knows events without a trace
        elif ended.tag == "trace" and ended.values is not None:
            self._fill(ended.values, self._defaults["trace"])
            for row in self._events:
                self.rows.append(Row(row.number, ended.values | row.values))
            self._events.clear()

    def _fill(self, values: dict[str, Any], defaults: dict[str, str]) -> None:
        for key, value in defaults.items():
            if key not in values and key not in NOT_BY_DEFAULT and value not in NO_VALUE:
                values[key] = value
                self._counts[FILLED] += 1

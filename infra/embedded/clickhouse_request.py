"""One request to ClickHouse's HTTP interface, understood: statement, data, settings, parameters. Pure.

Source: https://clickhouse.com/docs/interfaces/http and what clickhouse-connect 1.12 sends.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Parameters of the interface itself: they are no settings of the engine.
TRANSPORT = frozenset(
    {
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "quota_key",
        "role",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "stacktrace",
        "buffer_size",
        "wait_end_of_query",
        "compress",
        "decompress",
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "add_http_cors_header",
    }
)
SETTING_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
#: An INSERT whose rows follow as data: everything up to the format's name and one line end or space.
INSERT_HEAD = re.compile(
    rb"^\s*(?P<head>INSERT\s+INTO\s(?:(?!\bVALUES\b|\bSELECT\b).)*?)\s*\bFORMAT\s+(?P<format>\w+)[ \t\r]*(?:\n|$|[ \t])",
    re.IGNORECASE | re.DOTALL,
)
INSERT_SETTINGS = re.compile(r"(?<=[\s)`\"])SETTINGS\s+\w+\s*=.*$", re.IGNORECASE | re.DOTALL)
TRAILING_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
ANSWERS = re.compile(
    rb"^[\s(]*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS|CHECK|VALUES|FROM)\b", re.IGNORECASE
)
HEAD_LIMIT = 1 << 20


class BadRequestError(ValueError):
    """A request that is refused before the engine sees it; ``code`` is ClickHouse's."""

    def __init__(self, message: str, code: int = 36, name: str = "BAD_ARGUMENTS") -> None:
        super().__init__(message)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class Request:
    """``statement`` to run; for an insert with data, ``data_format`` and ``data`` (decoded, in pieces)."""

    statement: bytes
    data_format: str | None
    data: Iterator[bytes]
    settings: dict[str, str]
    parameters: dict[str, str]
    database: str
    default_format: str
    session: str | None = None
    session_timeout: float = 60.0
    query_id: str = ""

    @property
    def answer_format(self) -> str | None:
        """The format the answer will have, or None for a statement that answers nothing."""
        if self.data_format is not None:
            return None
        match = TRAILING_FORMAT.search(self.statement[-200:])
        if match:
            return match.group(1).decode()
        return self.default_format if ANSWERS.match(self.statement) else None


@dataclass(slots=True)
class Body:
    """The decoded body, readable once: ``head`` looks at its beginning without losing it."""

    pieces: Iterator[bytes]
    _held: list[bytes] = field(default_factory=list)

    def head(self, limit: int = HEAD_LIMIT) -> bytes:
        size = sum(map(len, self._held))
        while size < limit and (piece := next(self.pieces, None)) is not None:
            self._held.append(piece)
            size += len(piece)
        return b"".join(self._held)

    def rest(self, skip: int = 0) -> Iterator[bytes]:
        for piece in self._held:
            if skip >= len(piece):
                skip -= len(piece)
                continue
            yield piece[skip:] if skip else piece
            skip = 0
        yield from self.pieces


def understand(
    query: Mapping[str, str], headers: Mapping[str, str], body: Body, *, read_only: bool
) -> Request:
    """Parameters of the address, headers and body as one Request. Raises BadRequestError.

    ``read_only`` is true for GET: such a request may read only, as on the server.
    """
    statement = query.get("query", "").encode()
    data_format: str | None = None
    data: Iterator[bytes] = iter(())
    if statement and (match := INSERT_HEAD.match(statement)):
        data_format = match.group("format").decode()
        inline = statement[match.end() :]
        data = _chain(inline, body.rest())
        statement = match.group("head")
    else:
        head = body.head()
        if not statement and (match := INSERT_HEAD.match(head)):
            data_format = match.group("format").decode()
            statement, data = match.group("head"), body.rest(match.end())
        else:
            text = b"".join(body.rest())
            statement = statement + b"\n" + text if statement and text else statement or text
    if not statement.strip():
        raise BadRequestError("Empty query", 62, "SYNTAX_ERROR")
    settings, parameters = {}, {}
    for name, value in query.items():
        if name.startswith("param_"):
            parameters[name.removeprefix("param_")] = value
        elif name not in TRANSPORT:
            if not SETTING_NAME.match(name):
                raise BadRequestError(f"Setting name {name!r} is not an identifier", 115, "UNKNOWN_SETTING")
            settings[name] = value
    if read_only:
        settings.setdefault("readonly", "2")
    return Request(
        statement=statement,
        data_format=data_format,
        data=data,
        settings=settings,
        parameters=parameters,
        database=query.get("database") or headers.get("X-ClickHouse-Database") or "default",
        default_format=query.get("default_format") or headers.get("X-ClickHouse-Format") or "TabSeparated",
        session=query.get("session_id") or None,
        session_timeout=_seconds(query.get("session_timeout", "60")),
        query_id=query.get("query_id", ""),
    )


def split_settings(head: str) -> tuple[str, str]:
    """An INSERT up to its format, as the part before its SETTINGS and the rest, which may be empty."""
    found = INSERT_SETTINGS.search(head)
    return (head[: found.start()], head[found.start() :]) if found else (head, "")


def decompressed(pieces: Iterable[bytes], encoding: str | None) -> Iterator[bytes]:
    """The body without its Content-Encoding. Raises BadRequestError for an encoding we do not know."""
    if encoding in (None, "", "identity"):
        yield from pieces
        return
    decoder = _decoder(encoding or "")
    for piece in pieces:
        plain = decoder.decompress(piece)
        if plain:
            yield plain
    flush = getattr(decoder, "flush", None)
    if flush and (tail := flush()):
        yield tail


def _decoder(encoding: str) -> Any:
    if encoding == "lz4":
        import lz4.frame

        return lz4.frame.LZ4FrameDecompressor()
    if encoding == "zstd":
        from backports import zstd

        return zstd.ZstdDecompressor()
    if encoding == "gzip":
        return zlib.decompressobj(wbits=31)
    if encoding == "deflate":
        return zlib.decompressobj()
    raise BadRequestError(
        f"Content-Encoding {encoding!r} is not supported; use lz4, zstd, gzip, deflate or none",
        48,
        "NOT_IMPLEMENTED",
    )


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _seconds(text: str) -> float:
    try:
        return min(3600.0, max(1.0, float(text)))
    except ValueError as error:
        raise BadRequestError(f"session_timeout {text!r} is not a number of seconds") from error

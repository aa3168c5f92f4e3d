"""Reading a body up to a limit: while it streams, and while it is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from producers.gateway.problems import Problem, ProblemError

GZIP = 16 + zlib.MAX_WBITS


async def read(
    stream: AsyncIterator[bytes], length: str | None, encoding: str, limit: int
) -> tuple[bytes, bytes]:
    """The body as it was sent (that is what a signature covers) and unpacked; both at most ``limit`` bytes.

    ``length`` and ``encoding`` are the headers. Raises ProblemError: 413 beyond the limit, 415 for another encoding
    than gzip, 400 for what is not gzip. A zip bomb is unpacked no further than the limit.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise ProblemError(Problem("media-type"))
    if length is not None and length.isdecimal() and int(length) > limit:
        raise ProblemError(_too_long(limit))
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        size += len(part)
        if size > limit:
            raise ProblemError(_too_long(limit))
        parts.append(part)
    sent = b"".join(parts) if len(parts) != 1 else parts[0]
    return sent, _unpacked(sent, limit) if encoding == "gzip" else sent


def _unpacked(sent: bytes, limit: int) -> bytes:
    unpacking = zlib.decompressobj(GZIP)
    try:
        found = unpacking.decompress(sent, limit + 1)
    except zlib.error as error:
        raise ProblemError(Problem("body-not-json", "Isi kiriman bukan gzip yang utuh.")) from error
    if len(found) > limit:
        raise ProblemError(_too_long(limit))
    if not unpacking.eof or unpacking.unused_data:
        raise ProblemError(Problem("body-not-json", "Isi kiriman bukan satu gzip yang utuh."))
    return found


def _too_long(limit: int) -> Problem:
    return Problem(
        "body-too-long", f"Isi kiriman melebihi {limit} byte, juga setelah gzip dibuka. Bagi kiriman."
    )

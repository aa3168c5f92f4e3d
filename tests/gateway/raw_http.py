"""Requests as bytes, so that they may be as wrong as one likes, and answers read without a library that would mend them."""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

PATH = "/v1/events"
SECONDS, UNSURE_SECONDS = 60.0, 1.0


class Sending(NamedTuple):
    """The bytes of a request. ``whole`` is False where the server must wait for more: the connection is closed at once.
    ``unsure``: whether an answer comes depends on what was damaged. ``fresh`` closes the connection after the answer;
    ``slow`` sends in so many pieces."""

    raw: bytes
    whole: bool = True
    unsure: bool = False
    fresh: bool = False
    slow: int = 0


class Reply(NamedTuple):
    """``status`` 0 for none: the connection ended. ``documented``: a problem of the table or a receipt, not the server's own
    word about broken HTTP."""

    status: int
    body: bytes = b""
    documented: bool = False


def request(
    body: bytes, headers: dict[str, str], *, method: str = "POST", path: str = PATH, length: str | None = None
) -> bytes:
    """A request with the right length, or the one given."""
    size = str(len(body)) if length is None else length
    lines = [f"{method} {path} HTTP/1.1", "Host: gerbang", f"Content-Length: {size}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


class Connection:
    """One connection that is opened again whenever it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, sending: Sending) -> Reply:
        reply = self._try(sending)
        if reply.status == 0 and sending.whole and not sending.unsure:
            self.close()
            reply = self._try(sending)  # a connection that the server had closed meanwhile
        if sending.fresh or sending.unsure or not sending.whole or reply.status == 0:
            self.close()
        return reply

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _try(self, sending: Sending) -> Reply:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), SECONDS)
        self._socket.settimeout(UNSURE_SECONDS if sending.unsure else SECONDS)
        try:
            if sending.slow:
                size = max(1, len(sending.raw) // sending.slow)
                for start in range(0, len(sending.raw), size):
                    self._socket.sendall(sending.raw[start : start + size])
                    time.sleep(0.005)
            else:
                self._socket.sendall(sending.raw)
            return self._read(self._socket) if sending.whole else Reply(0)
        except OSError:
            return Reply(0)

    def _read(self, connection: socket.socket) -> Reply:
        found = b""
        while b"\r\n\r\n" not in found:
            part = connection.recv(65536)
            if not part:
                return Reply(0)
            found += part
        head, _, body = found.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            part = connection.recv(65536)
            if not part:
                return Reply(0)
            body += part
        if headers.get("connection", "").lower() == "close":
            self.close()
        known = headers.get("content-type", "") in ("application/problem+json", "application/json")
        return Reply(int(status.split(" ")[1]), body, known)

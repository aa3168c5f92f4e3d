"""The embedded ClickHouse engine as a process of its own: a chDB folder behind ClickHouse's HTTP interface.

It listens on 127.0.0.1 only. Everything else knows an address, so that a ClickHouse server takes its place
without a change. Each request gets its own connection to the engine, as on the server: settings and ``USE``
never leak, reads run beside inserts.
"""

from __future__ import annotations

import contextlib
import email.message
import email.parser
import email.policy
import fcntl
import json
import logging
import os
import re
import signal
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import structlog

from infra.embedded.clickhouse_request import (
    BadRequestError,
    Body,
    Request,
    decompressed,
    split_settings,
    understand,
)

PIECE = 1 << 20
CODE = re.compile(r"Code: (\d+)\.")
#: Status of the server's answer by its error code; everything else is 500.
STATUS = {
    **dict.fromkeys((516, 192, 193, 194), 403),
    **dict.fromkeys((62, 46, 47, 115, 386, 36, 41, 27, 6, 26, 456, 457), 400),
    **dict.fromkeys((60, 81), 404),
    **dict.fromkeys((48,), 501),
    **dict.fromkeys((202,), 503),
    **dict.fromkeys((373,), 423),
}
log = structlog.get_logger()


class FolderInUseError(RuntimeError):
    """Another process owns the folder."""


class Connection(Protocol):
    """What we use of chDB's connection."""

    def query(self, query: str, format: str = ..., params: dict[str, str] | None = ...) -> Any: ...  # noqa: A002
    def close(self) -> None: ...


class Sessions:
    """Connections that clients keep by name (``session_id``), until they have been idle for their time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Connection, float]] = {}
        self._busy: set[str] = set()

    def open(self) -> Connection:
        import chdb

        connection: Connection = chdb.connect(str(self._path))
        return connection

    def take(self, name: str) -> Connection:
        with self._lock:
            now = time.monotonic()
            for key, (old, until) in list(self._kept.items()):
                if until < now and key not in self._busy:
                    del self._kept[key]
                    old.close()
            if name in self._busy:
                raise BadRequestError(
                    f"Session {name} is locked by a concurrent client", 373, "SESSION_IS_LOCKED"
                )
            self._busy.add(name)
            if name in self._kept:
                return self._kept[name][0]
            connection = self.open()
            self._kept[name] = (connection, now + 3600)
            return connection

    def give_back(self, name: str, connection: Connection, timeout: float) -> None:
        with self._lock:
            self._busy.discard(name)
            self._kept[name] = (connection, time.monotonic() + timeout)


class Engine:
    """The open folder. ``run`` answers one request: (answer, format or None, summary)."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._lock_file = _own(path)
        self.sessions = Sessions(path)
        self._root = self.sessions.open()
        self.version = self._root.query("SELECT version()", "TabSeparated").bytes().decode().strip()
        self._idle = threading.Condition()
        self._running = 0
        self._closed = False

    def run(self, request: Request) -> tuple[bytes, str | None, dict[str, str]]:
        """Run one request. Raises RuntimeError (chDB's) and BadRequestError; refuses once the folder closes."""
        with self._idle:
            if self._closed:
                raise BadRequestError("The engine is stopping", 236, "ABORTED")
            self._running += 1
        try:
            return self._run(request)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _run(self, request: Request) -> tuple[bytes, str | None, dict[str, str]]:
        started = time.perf_counter_ns()
        # A read-only connection cannot be made writable again, so it is never a session's.
        session = request.session if request.settings.get("readonly", "0") in ("0", "") else None
        connection = self.sessions.take(session) if session else self.sessions.open()
        try:
            if request.database != "default":
                connection.query(f"USE {_name(request.database)}")
            _apply(connection, request.settings)
            if request.data_format is not None:
                rows, size = _insert(connection, request)
                answer, read_rows, read_bytes = b"", rows, size
            else:
                result = connection.query(
                    request.statement.decode(errors="surrogateescape"),
                    request.default_format,
                    request.parameters or None,
                )
                answer = result.bytes() or b""
                rows, size = result.rows_written(), result.bytes_written()
                read_rows, read_bytes = result.storage_rows_read(), result.storage_bytes_read()
        finally:
            if session:
                self._forget(connection, request.settings)
                self.sessions.give_back(session, connection, request.session_timeout)
            else:
                connection.close()
        summary = {
            "read_rows": read_rows,
            "read_bytes": read_bytes,
            "written_rows": rows,
            "written_bytes": size,
            "total_rows_to_read": 0,
            "result_rows": rows,
            "result_bytes": len(answer),
            "elapsed_ns": time.perf_counter_ns() - started,
        }
        return answer, request.answer_format, {name: str(value) for name, value in summary.items()}

    @staticmethod
    def _forget(connection: Connection, settings: dict[str, str]) -> None:
        """A request's settings end with the request: a kept token would swallow the next insert."""
        if names := [name for name in settings if name != "readonly"]:
            with contextlib.suppress(RuntimeError):  # an unknown setting was never set
                connection.query("SET " + ", ".join(f"{name} = DEFAULT" for name in names))

    def close(self, patience: float = 8.0) -> None:
        """Let running requests end (``patience`` seconds), stop merges, and leave the folder.

        chDB itself is not closed: its background threads were seen to crash in that. What was acknowledged is
        complete on disk, as it is after a kill.
        """
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._running == 0, patience)
        for statement in ("SYSTEM STOP MERGES", "SYSTEM STOP TTL MERGES", "SYSTEM STOP MOVES"):
            self._root.query(statement)
        self._lock_file.close()


def _own(path: Path) -> Any:
    """Lock the folder for this process; the lock ends with the process, however it ends."""
    lock = (path / "nadi.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise FolderInUseError(
            f"the ClickHouse folder {path} is in use by process {holder}; one process may open it. "
            "Stop that one (nadi status) or choose another --data-dir"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _name(identifier: str) -> str:
    return "`" + identifier.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _apply(connection: Connection, settings: dict[str, str]) -> None:
    """Settings of one request; ``readonly`` last, because it forbids every further change."""
    if others := ", ".join(
        f"{name} = {_text(value)}" for name, value in settings.items() if name != "readonly"
    ):
        connection.query(f"SET {others}")
    if (read_only := settings.get("readonly", "0")) not in ("0", ""):
        connection.query(f"SET readonly = {_text(read_only)}")


def _insert(connection: Connection, request: Request) -> tuple[int, int]:
    """Run the INSERT on its whole data, from a file in memory; (rows, bytes) written.

    Not by chDB's streaming insert: that one answers success also where nothing could be written (seen on a full disk).
    """
    with _memory_file() as file:
        for piece in request.data:
            file.write(piece)
        file.flush()
        head, settings = split_settings(request.statement.decode())
        result = connection.query(
            f"{head} FROM INFILE '/dev/fd/{file.fileno()}' COMPRESSION 'none' {settings} FORMAT {request.data_format}"
        )
    return int(result.rows_written()), int(result.bytes_written())


def _memory_file() -> Any:
    """A file without a name; in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("insert"), "wb")
    return tempfile.TemporaryFile()


class Handler(BaseHTTPRequestHandler):
    """ClickHouse's HTTP interface for one connection of a client."""

    protocol_version = "HTTP/1.1"
    server_version = "nadi-clickhouse"
    disable_nagle_algorithm = True
    wbufsize = PIECE
    timeout = 600
    engine: Engine
    checks: Any

    def do_GET(self) -> None:
        self._serve(read_only=True)

    def do_HEAD(self) -> None:
        self._serve(read_only=True)

    def do_POST(self) -> None:
        self._serve(read_only=False)

    def _serve(self, *, read_only: bool) -> None:
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        query_id = query.setdefault("query_id", "") or str(uuid.uuid4())
        self._left = 0
        body = Body(decompressed(self._raw_body(), self.headers.get("Content-Encoding")))
        try:
            if not self._local():
                self._answer(403, b"only requests of this machine's programs are answered\n", {})
            elif path in ("/ping", "/replicas_status") or (
                path == "/" and read_only and "query" not in query
            ):
                self._answer(200, b"Ok.\n", {})
            elif path in ("/metrics", "/healthz", "/readyz", "/startupz"):
                status, kind, answer = self.checks(path)
                self._answer(status, answer, {"Content-Type": kind})
            elif path != "/":
                self._answer(404, f"There is no handle {path}\n".encode(), {})
            else:
                self._run(query, body, query_id, read_only=read_only)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True

    def _run(self, query: dict[str, str], body: Body, query_id: str, *, read_only: bool) -> None:
        common = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Server-Display-Name": "nadi"}
        try:
            if self.headers.get_content_type() == "multipart/form-data":
                query |= self._form(b"".join(body.rest()))
                body = Body(iter(()))
            request = understand(query, dict(self.headers.items()), body, read_only=read_only)
            answer, kind, summary = self.engine.run(request)
        except BadRequestError as error:
            self._fail(error.code, f"Code: {error.code}. DB::Exception: {error}. ({error.name})", common)
            return
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001  (the edge: every failure of the engine becomes an answer)
            found = CODE.search(str(error))
            text = (
                str(error)[found.start() :]
                if found
                else f"Code: 1002. DB::Exception: {error}. (UNKNOWN_EXCEPTION)"
            )
            self._fail(int(found.group(1)) if found else 1002, text, common)
            return
        headers = common | {"X-ClickHouse-Summary": json.dumps(summary), "X-ClickHouse-Timezone": "UTC"}
        if kind is not None:
            headers["X-ClickHouse-Format"] = kind
        self._answer(200, answer, headers)

    def _fail(self, code: int, text: str, headers: dict[str, str]) -> None:
        if "(version " not in text:
            text = f"{text} (version {self.engine.version})"
        self._answer(
            STATUS.get(code, 500), f"{text}\n".encode(), headers | {"X-ClickHouse-Exception-Code": str(code)}
        )

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        if self._left != 0:
            self.close_connection = True  # part of the body was never read
        self.send_response(status)
        headers.setdefault("Content-Type", "text/plain; charset=UTF-8")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _local(self) -> bool:
        """No page in a browser may reach the engine: not by its address, not by a name that points here."""
        host = (self.headers.get("Host") or "127.0.0.1").rsplit(":", 1)[0]
        return "Origin" not in self.headers and host in ("127.0.0.1", "localhost")

    def _raw_body(self) -> Iterator[bytes]:
        """The body as it came, in pieces; ``_left`` is not zero until it was read to its end."""
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            self._left = -1
            while size := int(self.rfile.readline().partition(b";")[0].strip() or b"0", 16):
                yield self._exactly(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            self._left = 0
            return
        self._left = int(self.headers.get("Content-Length") or 0)
        while self._left:
            piece = self._exactly(min(self._left, PIECE))
            self._left -= len(piece)
            yield piece

    def _exactly(self, size: int) -> bytes:
        piece = self.rfile.read(size)
        if len(piece) < size:
            raise ConnectionResetError("the client went away in the middle of its request")
        return piece

    def _form(self, body: bytes) -> dict[str, str]:
        """Fields of a form: the query and its parameters. External tables are not supported."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        fields: dict[str, str] = {}
        for part in message.iter_parts():
            assert isinstance(part, email.message.EmailMessage)  # noqa: S101  (what policy.HTTP makes)
            name = str(part.get_param("name", "", header="content-disposition"))
            if part.get_filename() is not None:
                raise BadRequestError(
                    "External tables are not supported by the embedded engine", 48, "NOT_IMPLEMENTED"
                )
            payload = part.get_payload(decode=True)
            fields[name] = payload.decode() if isinstance(payload, bytes) else ""
        return fields

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are counted, not logged: a statement may carry data."""


class Server(ThreadingHTTPServer):
    """A thread per client."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that went away is no error; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            log.exception("request failed")

    daemon_threads = True
    request_queue_size = 128


def serve(path: Path, port: int) -> None:
    """Own the folder and answer on 127.0.0.1:``port`` until SIGTERM or SIGINT; then close it and end the process.

    Raises FolderInUseError when another process owns the folder, OSError when the port is taken. A kill -9 at
    any moment leaves a folder that opens again; an insert is then there as a whole or not at all.
    """
    from monitoring.server import answers

    class BoundHandler(Handler):
        pass

    server = Server(("127.0.0.1", port), BoundHandler)
    engine = BoundHandler.engine = Engine(path)
    BoundHandler.checks = staticmethod(answers(lambda: (True, "the folder is open"), lambda: (True, "alive")))
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    log.info("engine ready", path=str(path), port=server.server_address[1], version=engine.version)
    stopping.wait()
    server.shutdown()
    server.server_close()
    engine.close()
    log.info("engine stopped", path=str(path))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(
        0
    )  # chDB's background threads outlive its closing and were seen to crash in the exit's destructors

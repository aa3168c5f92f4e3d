"""Metrics and health of one process over HTTP, in a thread of its own.

``/metrics`` is Prometheus text; ``/healthz`` fails only when the process should be replaced; ``/readyz`` says
whether it is doing its work now; ``/startupz`` stays red until the first time it was ready.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version as package_version
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from monitoring.metrics import BUILD

#: (does it hold, one line for people)
Check = Callable[[], tuple[bool, str]]

PLAIN = "text/plain; charset=utf-8"


class Answers:
    """What each address answers; called from several threads."""

    def __init__(self, ready: Check, alive: Check) -> None:
        self._ready = ready
        self._alive = alive
        self._started = False

    def __call__(self, path: str) -> tuple[int, str, bytes]:
        """(status, content type, body) of one address."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
        if path == "/healthz":
            return _checked(self._alive)
        if path == "/readyz":
            return self._readiness()
        if path == "/startupz":
            return (200, PLAIN, b"started\n") if self._started else self._readiness()
        return 404, PLAIN, b"try /metrics, /healthz, /readyz or /startupz\n"

    def _readiness(self) -> tuple[int, str, bytes]:
        answer = _checked(self._ready)
        self._started = self._started or answer[0] == 200
        return answer


def _checked(check: Check) -> tuple[int, str, bytes]:
    try:
        holds, line = check()
    except Exception as error:  # noqa: BLE001  (a probe must answer; the failure is the answer)
        holds, line = False, f"{type(error).__name__}: {error}"
    return 200 if holds else 503, PLAIN, f"{line}\n".encode()


class Server:
    """A running metrics and health server; ``close`` stops it."""

    def __init__(self, port: int, answers: Answers) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = answers(self.path.partition("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Scrapes are not worth a log line."""

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(2)


def answers(ready: Check, alive: Check) -> Answers:
    """The answers alone, for a process that has an HTTP server of its own. Sets ``nadi_build_info``."""
    BUILD.info({"version": package_version("nadi"), "commit": ""})
    return Answers(ready, alive)


def serve(port: int, ready: Check, alive: Check) -> Server:
    """Serve metrics and health on 127.0.0.1:``port`` (0 takes a free one; see ``.port``).

    Both checks are called from other threads and must not block. Raises OSError when the port is taken.
    """
    return Server(port, answers(ready, alive))

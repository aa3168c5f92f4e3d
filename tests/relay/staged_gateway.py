"""A peer that answers as it is told: what a running gateway cannot be made to say at a chosen moment."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """An answer; ``cut`` closes the connection in its middle. Without a body, every event gets its receipt."""

    status: int = 202
    headers: dict[str, str] = {}  # noqa: RUF012
    body: bytes | None = None
    cut: bool = False


class Staged:
    """Answers requests with the answers of a list, and with receipts after it; ``requests`` keeps headers and bodies."""

    def __init__(self, *answers: Answer, item: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        left, staged = list(answers), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                staged.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
                answer = left.pop(0) if left else Answer()
                sent = answer.body
                if sent is None:
                    sent = json.dumps(
                        {"items": [(item or receipt)(event) for event in json.loads(body)]}
                    ).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent[: len(sent) // 2] if answer.cut else sent)
                self.close_connection |= answer.cut

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def batches(self) -> list[list[str]]:
        """Ids of each request, in order."""
        return [[event["id"] for event in json.loads(body)] for _, body in self.requests]


def receipt(event: dict[str, Any]) -> dict[str, Any]:
    return {"status": 202, "receipt": {"id": event["id"], "source": event["source"]}}


def problem(status: int, code: str, **headers: str) -> Answer:
    document = {"type": f"/docs/errors#{code}", "title": code, "status": status, "detail": "uji"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, given, json.dumps(document).encode())


@contextmanager
def staging() -> Iterator[Callable[..., Staged]]:
    """Makes peers, and closes them at the end."""
    made: list[Staged] = []

    def make(*answers: Answer, **more: Any) -> Staged:
        made.append(Staged(*answers, **more))
        return made[-1]

    yield make
    for peer in made:
        peer.close()

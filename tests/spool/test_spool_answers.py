"""What the sender makes of answers, and the commands that show it: one sender, refused events aside and sent again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from relay_ground import finished
from spool_ground import Ground, event
from staged_gateway import problem, receipt

from producers.access.credentials import make
from producers.access.signatures import matches, signed_text
from producers.spool.outgoing import Outlet

Make = Callable[..., Ground]


def refusing(bad: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any]], Any]:
    """Refuses single events as the gateway does."""
    fault = {
        "type": "/docs/errors#fields",
        "title": "salah",
        "errors": [{"pointer": "/data/unit", "detail": "uji"}],
    }
    return lambda sent: {"status": 422, "problem": fault} if bad(sent) else receipt(sent)


def test_retry_after_is_waited_for_and_seen(ground: Make, staged: Any) -> None:
    peer = staged(problem(429, "events-per-day", Retry_After="2"))
    made = ground(peer.url)
    ids = made.put(5)
    start = time.monotonic()
    made.send()
    assert time.monotonic() - start >= 2
    assert peer.batches == [ids, ids]
    status = made.said_json("status")
    assert (status["waiting"], status["sent"], status["refused"]) == (0, 5, 0)
    assert "429 events-per-day" in status["error"]
    assert status["success_at"] >= status["error_at"]


def test_a_refused_event_is_set_aside_mended_and_sent_again(
    ground: Make, staged: Any, tmp_path: Path
) -> None:
    peer = staged(item=refusing(lambda sent: sent["data"]["unit"] == "x"))
    made = ground(peer.url)
    with made.queue() as queue:
        ids = [queue.send(event("IZIN-1", unit=unit)) for unit in ("a", "x", "b", "x", "x")]
    progress = made.send()
    assert (progress.sent, progress.refused) == (2, 3)
    shown = made.said("refused", code=1)
    assert ids[1] in shown
    assert "422 salah | /data/unit: uji" in shown
    mended = json.loads(made.said("refused", "--body", ids[1]))
    mended["data"]["unit"] = "c"
    (tmp_path / "benar.json").write_text(json.dumps(mended))
    made.said("resend", ids[1], "--from", str(tmp_path / "benar.json"))
    outlet = Outlet.open(made.folder)
    assert outlet.discard([ids[3], "lain"]) == 1
    with made.queue() as queue:  # the application itself puts it again, mended
        body = json.loads(outlet.body(ids[4]) or b"")
        queue.send({**body, "data": {**body["data"], "unit": "d"}})
    made.send()
    assert [id_ for batch in peer.batches for id_ in batch] == [*ids, ids[1], ids[4]]
    status = made.status()
    assert (status.waiting, status.refused, status.rows, status.bytes, status.sent) == (0, 0, 0, 0, 4)


def test_a_key_that_is_refused_stops_it_and_sets_nothing_aside(ground: Make, staged: Any) -> None:
    made = ground(staged(problem(401, "key-expired")).url)
    made.put(2)
    assert "Gagal: 401 key-expired" in finished(made.run("--once"), 1)
    status = made.status()
    assert (status.waiting, status.refused) == (2, 0)
    assert "401" in (status.error or "")


def test_a_second_sender_says_so(ground: Make, staged: Any) -> None:
    made = ground(staged().url)
    made.put(1)
    first = made.run()
    deadline = time.monotonic() + 60
    while made.status().waiting:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "hanya satu yang boleh berjalan" in finished(made.run("--once"), 1)
    first.terminate()
    finished(first)


def test_batches_are_signed_when_the_env_has_the_key(ground: Make, staged: Any) -> None:
    peer, keys = staged(), make("2.18.01")
    made = ground(peer.url)
    made.env.write_text(made.env.read_text() + f"NADI_SIGNING_KEY={keys.private}\n")
    made.put(2)
    made.send()
    headers, body = peer.requests[0]
    text = signed_text(headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert matches(keys.public, headers["webhook-signature"], text)


@pytest.mark.parametrize(("command", "code"), [("status", 1), ("refused", 1), ("run", 2)])
def test_what_is_not_there_is_said(ground: Make, tmp_path: Path, command: str, code: int) -> None:
    made = ground("http://x")
    made.env.unlink()
    words = ("--env", str(made.env)) if command == "run" else ()
    said = made.said(command, *words, code=code)
    assert "Traceback" not in said
    assert "belum ada antrean" in said or ".env" in said

"""A disk that is really full: a small tmpfs. Where tests may not mount one, these are skipped by name."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from spool_ground import SOURCE, event
from staged_gateway import Staged

from producers.sending.environment import Gateway
from producers.spool import Queue, SpoolDiskError
from producers.spool.database import BUSY_SECONDS
from producers.spool.outgoing import Outlet
from producers.spool.sender import Sender

SIZE = 10 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("no small file system: mounting a tmpfs needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def filled(queue: Queue) -> tuple[list[str], str]:
    """Put until the disk is full: ids of what was stored, and what was said."""
    ids = []
    try:
        while True:
            ids.append(queue.send(event("IZIN-1", unit="x" * 1000)))
    except SpoolDiskError as error:
        return ids, str(error)


def fill(ballast: Path) -> None:
    """Use up the disk."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(os.urandom(4096))


def sent(staged: Staged) -> list[str]:
    """Ids in the order they first came."""
    return list(dict.fromkeys(id_ for batch in staged.batches for id_ in batch))


def test_full_by_the_queue_itself_the_sender_still_empties_it(
    disk: Path, staged: Callable[..., Staged]
) -> None:
    folder, peer = disk / "antrean", staged()
    with Queue(folder, source=SOURCE) as queue:
        ids, said = filled(queue)
        assert "1 kejadian TIDAK disimpan" in said
        assert f"{len(ids)} kejadian menunggu sejak 20" in said
        assert "Kosongkan ruang disk" in said
        before = time.monotonic()
        for _ in range(10):  # at once, whether the little that is left holds one more or not
            with suppress(SpoolDiskError):
                ids.append(queue.send(event("IZIN-1", unit="x" * 1000)))
        assert time.monotonic() - before < BUSY_SECONDS, "a full disk was waited for as a busy one"
        Sender(folder, Gateway(peer.url, "k", "")).run(once=True, seconds=60)
        assert sent(peer) == ids
        more = queue.send(event("IZIN-1"))
        assert [one.id for one in Outlet.open(folder).waiting(9)] == [more]


def test_a_sender_starts_on_a_full_disk(disk: Path, staged: Callable[..., Staged]) -> None:
    folder, peer = disk / "antrean", staged()
    with Queue(folder, source=SOURCE) as queue:
        ids, _ = filled(queue)
    fill(disk / "milik-lain")  # what SQLite's log left when it was closed
    Sender(folder, Gateway(peer.url, "k", "")).run(once=True, seconds=60)
    assert sent(peer) == ids
    assert Outlet.open(folder).status().waiting == 0


def test_full_by_others_it_goes_on_once_there_is_room(disk: Path, staged: Callable[..., Staged]) -> None:
    folder, peer, ballast = disk / "antrean", staged(), disk / "milik-lain"
    with Queue(folder, source=SOURCE) as queue:
        ids = [queue.send(event("IZIN-1", unit="x" * 1000)) for _ in range(2000)]
        reader = sqlite3.connect(folder / "queue.db", isolation_level=None)
        reader.execute("BEGIN")  # such as a backup: meanwhile SQLite cannot use its log's space again
        reader.execute("SELECT count(*) FROM waiting").fetchone()
        (folder / "reserve").unlink()
        fill(ballast)
        stored, _ = filled(queue)
        ids += stored
        waiting: list[str] = []
        sender = Sender(folder, Gateway(peer.url, "k", ""), tell=lambda p: waiting.append(p.waiting_for))
        thread = threading.Thread(target=sender.run, kwargs={"once": True, "seconds": 60})
        thread.start()
        deadline = time.monotonic() + 30
        while not any("tidak dapat ditulis" in why for why in waiting):
            assert time.monotonic() < deadline, waiting
            time.sleep(0.05)
        assert Outlet.open(folder).status().waiting > 0
        ballast.unlink()
        reader.close()
        thread.join(60)
        assert sent(peer) == ids
        assert Outlet.open(folder).status().waiting == 0
        queue.send(event("IZIN-1"))

"""A TCP proxy on 127.0.0.1 that plays a bad network: nothing passes, everything is late, connections are cut.

It runs in a thread of its own; every method may be called from a test and has taken effect when it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
CHUNK = 64 * 1024
#: Chunks on their way in one direction of one connection; a sender feels the rest as a full window.
WAITING = 64


class Proxy:
    """Passes connections on ``port`` to ``target``. Use it as a context manager.

    ``port`` 0 takes a free one. ``passed`` counts the bytes that left it, ``accepted`` the connections it took.
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.port = port
        self.passed = 0
        self.accepted = 0
        self._delay = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{target}", daemon=True)

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """Open connections from clients."""
        return len(self._writers) // 2

    def stall(self) -> None:
        """From now on nothing passes, either way; connections stay open and new ones are taken. Nothing is lost."""
        self._call(self._open.clear)

    def resume(self) -> None:
        """What was held back passes, in order, and everything after it."""
        self._call(self._open.set)

    def cut(self) -> None:
        """Every connection is reset, and what is on its way is lost; new ones are taken."""
        self._call(self._cut)

    def delay(self, seconds: float) -> None:
        """From now on every byte arrives that much later, each way; 0 is no delay."""
        self._call(lambda: setattr(self, "_delay", seconds))

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, what: Callable[[], object]) -> None:
        async def run() -> None:
            what()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _start(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            there, to = await asyncio.open_connection(HOST, self.target)
        except OSError:  # the broker is down: so is the way to it
            writer.transport.abort()
            return
        self._writers |= {writer, to}
        ways = (self._way(reader, to), self._way(there, writer))
        tasks = [asyncio.create_task(way) for way in ways]
        self._tasks.update(tasks)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._tasks.difference_update(tasks)
            self._writers -= {writer, to}
            writer.transport.abort()
            to.transport.abort()

    async def _way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction of one connection, until either end closes it."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
        reading = asyncio.create_task(self._read(reader, queue))
        self._tasks.add(reading)
        try:
            with contextlib.suppress(OSError):
                while True:
                    due, data = await queue.get()
                    await asyncio.sleep(due - self._loop.time())
                    await self._open.wait()
                    if not data:
                        return
                    writer.write(data)
                    self.passed += len(data)
                    await writer.drain()
        finally:
            reading.cancel()
            self._tasks.discard(reading)

    async def _read(self, reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
        while True:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            await queue.put((self._loop.time() + self._delay, data))
            if not data:
                return

"""From a changing board to many screens: numbered deltas, a ring to resume from, and a bounded queue a client."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from monitoring.metrics import SSE_CLIENTS, SSE_DROPPED

RING = 500
QUEUE = 50
BOARD = "papan"


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event, encoded once for all clients. ``id`` is epoch-seq."""

    event: str
    id: str
    data: str


@dataclass(eq=False)
class Client:
    """One open stream. When its queue is full it loses the deltas and gets a snapshot next."""

    queue: asyncio.Queue[Message | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    lost: bool = False

    async def next(self, pause: float = 0.0) -> Message | None:
        """The next message, None when the server stops. With a pause (seconds, for phones) what gathers during it
        comes as one delta."""
        message = await self.queue.get()
        if message is None or not pause or message.event != "delta":
            return message
        await asyncio.sleep(pause)
        gathered = [message]
        while not self.queue.empty():
            following = self.queue.get_nowait()
            if following is None:
                self.queue.put_nowait(None)
                break
            gathered.append(following)
        return _merged(gathered)


class Broadcast:
    """Holds the current picture and tells every client what changed. Used from one event loop only."""

    def __init__(self) -> None:
        self.epoch = uuid.uuid4().hex[:8]
        self.seq = 0
        self.tiles: dict[str, dict[str, Any]] = {}
        self.meta: dict[str, Any] = {}
        self._ring: deque[Message] = deque(maxlen=RING)
        self._clients: set[Client] = set()

    def update(self, tiles: list[dict[str, Any]], meta: dict[str, Any]) -> bool:
        """Take the newest picture; sends what differs. Whether anything did."""
        changed = [tile for tile in tiles if self.tiles.get(tile["id"]) != tile]
        quiet = {"now", "now_display", "clock", "lag_seconds", "lag_display"}
        news = {k: v for k, v in meta.items() if k not in quiet} != {
            k: v for k, v in self.meta.items() if k not in quiet
        }
        self.meta = meta
        if not changed and not news:
            return False
        self.tiles.update((tile["id"], tile) for tile in changed)
        self.seq += 1
        self._send(Message("delta", self._id(), _json({"seq": self.seq, "tiles": changed, "meta": meta})))
        return True

    def tick(self) -> None:
        """A sign of life with the server's time; no part of the numbered sequence."""
        self._offer(Message("tick", self._id(), _json({"meta": self.meta})))

    def snapshot(self) -> Message:
        """The whole picture."""
        picture = {
            "seq": self.seq,
            "epoch": self.epoch,
            "tiles": list(self.tiles.values()),
            "meta": self.meta,
        }
        return Message("snapshot", self._id(), _json(picture))

    def join(self, last_event_id: str | None) -> tuple[Client, list[Message]]:
        """A new client and what it must get first: the deltas it missed, or a snapshot."""
        client = Client()
        self._clients.add(client)
        SSE_CLIENTS.labels(BOARD).set(len(self._clients))
        return client, self._missed(last_event_id)

    def leave(self, client: Client) -> None:
        """The client is gone."""
        self._clients.discard(client)
        SSE_CLIENTS.labels(BOARD).set(len(self._clients))

    def close(self) -> None:
        """Tell every client that the server stops."""
        for client in self._clients:
            if client.queue.full():
                client.queue.get_nowait()
            client.queue.put_nowait(None)

    def _missed(self, last_event_id: str | None) -> list[Message]:
        epoch, _, number = (last_event_id or "").partition("-")
        if epoch == self.epoch and number.isdigit():
            missing = [m for m in self._ring if int(m.id.partition("-")[2]) > int(number)]
            if int(number) + len(missing) == self.seq:
                return missing
        return [self.snapshot()]

    def _id(self) -> str:
        return f"{self.epoch}-{self.seq}"

    def _send(self, message: Message) -> None:
        self._ring.append(message)
        self._offer(message)

    def _offer(self, message: Message) -> None:
        for client in self._clients:
            if client.lost:
                if client.queue.empty():
                    client.lost = False
                    client.queue.put_nowait(self.snapshot())
                continue
            try:
                client.queue.put_nowait(message)
            except asyncio.QueueFull:
                client.lost = True
                SSE_DROPPED.labels(BOARD).inc()


def _merged(messages: list[Message]) -> Message:
    """Several messages in order as one: the newest of every tile, the newest picture where there is one."""
    tiles: dict[str, Any] = {}
    event, last = "delta", json.loads(messages[-1].data)
    for message in messages:
        content = json.loads(message.data)
        event = "snapshot" if message.event == "snapshot" else event
        tiles.update((tile["id"], tile) for tile in content.get("tiles", ()))
    return Message(event, messages[-1].id, _json({**last, "tiles": list(tiles.values())}))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

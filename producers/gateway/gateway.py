"""The parts of a running gateway, and its life: claim, read the index to the end, accept, stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import structlog

from producers.access.caller import Access
from producers.gateway.acceptance import Acceptance, now_ms
from producers.gateway.checking import Rules
from producers.gateway.claim import GRACE_SECONDS, Claim
from producers.gateway.columns import Encoder
from producers.gateway.contracts import EventTypes
from producers.gateway.history import History
from producers.gateway.index import Index
from producers.gateway.protecting import Protection
from producers.gateway.rebuild import fill
from producers.gateway.trail import Trail
from producers.gateway.writing import Writer
from producers.settings import GatewaySettings
from schemas import deployment
from schemas.registry import SchemaIds, open_ids
from schemas.settings import KafkaSettings

AGAIN_SECONDS = 1.0
FORGET_SECONDS = 300.0

log: Any = structlog.get_logger(__name__)


class Gateway:
    """One gateway process. ``ended`` is called, in any thread, when it must stop: it lost its claim, or the producer
    can no longer promise its order."""

    def __init__(
        self,
        kafka: KafkaSettings,
        settings: GatewaySettings,
        access: Access,
        protection: Protection | None = None,
        ended: Callable[[str], None] = lambda _: None,
        trail: Trail | None = None,
    ) -> None:
        self.kafka, self.settings, self.access = kafka, settings, access
        self.ids: SchemaIds = open_ids(kafka.schema_registry_url)
        self.rules = Rules(EventTypes(settings.type_prefix), access, settings.event_bytes, protection)
        self.history = History()
        self.trail = trail or Trail()
        self.index = Index()
        self._encoder = Encoder(self.ids)
        self.acceptance: Acceptance | None = None
        self.simulated = False
        self.state = "mengambil giliran sebagai satu-satunya gerbang"
        self._settled = False
        self._accepting = False
        self._pauses = 0
        self._gained = threading.Event()
        self._tell = ended
        self._over = threading.Event()
        self._claim: Claim | None = None
        self._writer: Writer | None = None
        self._forgetting: asyncio.Task[None] | None = None

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether events are accepted, and a line for people."""
        if self._over.is_set() or not self._accepting or self._writer is None:
            return False, self.state
        if self._writer.stuck:
            return False, "Kafka tidak menjawab"
        return True, "menerima kejadian"

    @property
    def stuck(self) -> bool:
        """Whether the broker does not answer."""
        return self._writer is not None and self._writer.stuck

    async def start(self) -> None:
        """Claim, read the index, then accept; returns at once, ``ready`` tells."""
        loop = asyncio.get_running_loop()
        self._writer = Writer(self.kafka, loop, self._end)
        threading.Thread(target=self._open, args=(loop,), name="gateway-start", daemon=True).start()
        self._forgetting = asyncio.create_task(self._forget())

    async def stop(self) -> None:
        """Stop accepting, let what is under way arrive, give the claim back."""
        self._over.set()
        if self._forgetting is not None:
            self._forgetting.cancel()
        if self._writer is not None:
            self._writer.close()
        if self._claim is not None:
            await asyncio.to_thread(self._claim.close)

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Every time the claim is gained: read the index to the end, then accept. Goes on trying."""
        while not self._over.is_set():
            try:
                if self._claim is None:
                    facts = deployment.read(self.kafka.bootstrap_servers, self.kafka.layout(), 60.0)
                    self.simulated = facts.get(deployment.ORIGIN) == deployment.SIMULATED
                    self._settled = deployment.ORIGIN in facts
                    self._claim = Claim(self.kafka, self._gained.set, self._pause, self._end)
                if not self._gained.wait(AGAIN_SECONDS):
                    continue
                self._gained.clear()
                self._over.wait(GRACE_SECONDS)  # whoever had the claim has heard by now that it lost it
                self.state = "membaca tanda terima tujuh hari terakhir"
                pauses = self._pauses
                read = fill(self.index, self.kafka, now_ms(), self.trail)
            except (TimeoutError, RuntimeError) as error:
                log.warning("the index cannot be read yet", error=str(error))
                self._over.wait(AGAIN_SECONDS)
                if self._claim is not None:
                    self._gained.set()
                continue
            log.info("index read", records=read, receipts=len(self.index), simulated=self.simulated)
            loop.call_soon_threadsafe(self._accept, pauses)

    def _pause(self) -> None:
        """Another gateway may have written meanwhile: accept nothing before the index is read again."""
        self._accepting = False
        self._pauses += 1
        self.state = "mengambil giliran sebagai satu-satunya gerbang"
        log.warning("the claim was lost for now")

    def _accept(self, pauses: int) -> None:
        if self._writer is None or self._over.is_set() or self._pauses != pauses:
            return
        if self.acceptance is None:
            self.acceptance = Acceptance(
                self.index, self._writer, self._encoder, self.settings.answer_seconds
            )
        self._accepting = True

    async def settle(self) -> None:
        """Before the first event that counts: what nobody has called simulated is live from now on."""
        if not self._settled:
            layout, servers = self.kafka.layout(), self.kafka.bootstrap_servers
            origin = deployment.SIMULATED if self.simulated else deployment.LIVE
            await asyncio.to_thread(deployment.settle, servers, layout, deployment.ORIGIN, origin)
            self._settled = True

    def _end(self, reason: str) -> None:
        if not self._over.is_set():
            self._over.set()
            self.state = "berhenti"
            log.error("the gateway ends", reason=reason)
            self._tell(reason)

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(FORGET_SECONDS)
            self.index.forget(now_ms())

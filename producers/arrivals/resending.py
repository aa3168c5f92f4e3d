"""A mended event through the gateway's own checks, sent in the place of a dead letter, which is then marked as handled."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from producers.access.caller import Caller
from producers.arrivals import mending
from producers.arrivals.mailbox import Mailbox, Opened
from producers.dead_letters.letters import Place
from producers.dead_letters.marks import Ledger, LedgerError, is_open, mark
from producers.gateway import answers
from producers.gateway.acceptance import Delivery, Receipt, now_ms
from producers.gateway.checking import Checked
from producers.gateway.envelope import Envelope
from producers.gateway.gateway import Gateway
from producers.gateway.problems import Problem, ProblemError
from producers.gateway.receiving import accept, checks, ids_of, refuse_unready

_UNSIGNED = (
    "Kunci ini mewajibkan tanda tangan, dan halaman ini tidak dapat menandatangani. Kirim isi yang sudah diperbaiki dari "
    "sistem Anda, dengan corrects berisi nomor kejadian yang lama."
)
log: Any = structlog.get_logger(__name__)


class Resending:
    """Checks (``send`` False) or sends. The event's id follows from the letter: sent twice, it is taken once."""

    def __init__(self, gateway: Gateway, mailbox: Mailbox) -> None:
        self._gateway, self._mailbox = gateway, mailbox
        self._one_at_a_time = asyncio.Lock()

    async def __call__(
        self, caller: Caller, place: Place, event: Any, size: int, *, send: bool
    ) -> dict[str, Any]:
        """What is told to the sender. Raises ProblemError, RefusedError, TimeoutError."""
        gateway, now = self._gateway, now_ms()
        if caller.sandbox or caller.operator:
            raise ProblemError(
                Problem(
                    "source-not-allowed", "Hanya kunci OPD pengirimnya yang dapat mengirim ulang surat ini."
                )
            )
        opened = await asyncio.to_thread(self._mailbox.open, caller.opd, place)
        if opened is None:
            raise ProblemError(Problem("not-found", "Surat itu tidak ada, atau masa simpannya sudah habis."))
        if not is_open(opened.item.mark):
            raise ProblemError(
                Problem("payload-differs", "Surat ini sudah ditangani; tidak ada yang dikirim.")
            )
        if send:
            refuse_unready(gateway)
            if caller.signed:
                raise ProblemError(Problem("signature-missing", _UNSIGNED))
        gateway.access.spend(caller, int(send), size, now)
        envelope = mending.mended(opened, event)
        events: list[Envelope | Problem] = [envelope]
        [checked] = checks(gateway, caller, events, now, dry=not send)
        if isinstance(checked, Problem):
            raise ProblemError(checked)
        if not send:
            return {"sent": False, "event_id": checked.data.event_id}
        async with self._one_at_a_time:
            return await self._send(caller, opened, events, checked, now)

    async def _send(
        self,
        caller: Caller,
        opened: Opened,
        events: list[Envelope | Problem],
        checked: Checked,
        now: int,
    ) -> dict[str, Any]:
        [answer] = await accept(
            self._gateway, Delivery(caller, None, b"", now), events, [checked], ids_of(events, [checked])
        )
        if not isinstance(answer, Receipt):
            raise ProblemError(answer)
        told = {"sent": True, "handled": True, "receipt": answers.receipt(answer)}
        try:
            await asyncio.to_thread(self._mark, caller, opened, answer)
        except (LedgerError, TimeoutError) as error:
            log.warning(
                "letter sent again and not marked", place=str(opened.item.letter.place), error=str(error)
            )
            told["handled"] = False
        return told

    def _mark(self, caller: Caller, opened: Opened, receipt: Receipt) -> None:
        with Ledger(self._gateway.kafka) as ledger:
            done = mark(
                opened.item.letter.subject,
                "mended",
                by=f"{caller.opd}/{caller.key_id}",
                because=receipt.event_id,
                offset=receipt.place.offset,
            )
            ledger.write([done])

"""The gateway's process: uvicorn until it is told to stop, or must."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import uvicorn
from starlette.routing import BaseRoute

from producers.access.caller import Access
from producers.gateway.app import make
from producers.gateway.gateway import Gateway
from producers.gateway.protecting import Protection
from producers.settings import GatewaySettings
from schemas.settings import KafkaSettings


def run(
    kafka: KafkaSettings,
    settings: GatewaySettings,
    access: Access,
    protection: Protection | None = None,
    pages: Sequence[BaseRoute] = (),
) -> None:
    """Serve until SIGTERM, with ``pages`` beside the gateway's own. Ends the process with a reason when another gateway took over or the producer failed; the
    supervisor starts it again, and what was written is known from the topics."""
    reasons: list[str] = []

    def ended(reason: str) -> None:
        reasons.append(reason)
        server.should_exit = True

    gateway = Gateway(kafka, settings, access, protection, ended)
    server = uvicorn.Server(
        uvicorn.Config(
            make(gateway, pages), host=settings.host, port=settings.port, access_log=False, log_config=None,
            server_header=False, timeout_graceful_shutdown=5, h11_max_incomplete_event_size=32 * 1024,
        )
    )  # fmt: skip
    server.run()
    if reasons:
        sys.exit(f"the gateway ended: {reasons[0]}")

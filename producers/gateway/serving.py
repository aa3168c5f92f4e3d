"""The gateway's process: uvicorn until it is told to stop, or must."""

from __future__ import annotations

import gc
import sys

import uvicorn

from producers.access.caller import Access
from producers.arrivals.routes import Site
from producers.gateway.acceptance import now_ms
from producers.gateway.app import make
from producers.gateway.gateway import Gateway
from producers.gateway.protecting import Protection
from producers.gateway.trail import Trail
from producers.gateway.uploads.work import Files
from producers.settings import GatewaySettings
from schemas.settings import KafkaSettings

#: Objects more than were freed, before the collector looks at the young, and how often at the older ones.
COLLECT_AFTER = (50_000, 20, 50)


def run(
    kafka: KafkaSettings,
    settings: GatewaySettings,
    access: Access,
    protection: Protection,
    files: Files,
    site: Site | None = None,
) -> None:
    """Serve until SIGTERM. Ends the process with a reason when another gateway took over or the producer failed; the
    supervisor starts it again, and what was written is known from the topics. With ``site`` it serves the departments' pages."""
    reasons: list[str] = []

    def ended(reason: str) -> None:
        reasons.append(reason)
        server.should_exit = True

    trail = Trail(site.trail, now_ms(), site.profile.sources) if site else Trail()
    gateway = Gateway(kafka, settings, access, protection, ended, trail)
    server = uvicorn.Server(
        uvicorn.Config(
            make(gateway, files, site), host=settings.host, port=settings.port, access_log=False, log_config=None,
            server_header=False, timeout_graceful_shutdown=5, h11_max_incomplete_event_size=32 * 1024,
        )
    )  # fmt: skip
    # What was imported lives for ever, and events are freed by their counts: the collector looks for circles alone.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    server.run()
    if reasons:
        sys.exit(f"the gateway ended: {reasons[0]}")

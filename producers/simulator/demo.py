"""The process behind `nadi up --demo`: this year's history once, then live until it is told to stop."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from producers.simulator.publishing import simulate_live
from schemas.settings import KafkaSettings

if TYPE_CHECKING:
    from schemas.profile import Profile


def run(kafka: KafkaSettings, profile: Profile, position_file: Path, *, rate: float = 10.0) -> None:
    """Block until SIGTERM, SIGINT or SIGHUP. Raises what the publisher raises: the supervisor starts it again."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    simulate_live(kafka, profile, position_file, stop, rate=rate)

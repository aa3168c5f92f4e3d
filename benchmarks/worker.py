"""A stream worker as ``nadi run stream`` starts it, on the topics of a benchmark: ``python -m benchmarks.worker OPTIONS``.

``processor`` in the options is ``bench`` (contenders/nadi_processor.py) or a domain; only that one runs, with the
regency task beside it where ``regency`` is true.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def work(options: Mapping[str, Any], index: int = 0, wrap: Callable[[Any], Any] | None = None) -> None:
    """Run worker ``index`` until it is told to stop. ``wrap`` may put something around its fetcher."""
    from infra.embedded import ports
    from infra.settings import Settings, resolve_profile
    from schemas.profile import Profile
    from streams import worker
    from streams.engine.fetch import open_fetcher

    if wrap is not None:
        opened = open_fetcher
        worker.open_fetcher = lambda *given: wrap(opened(*given))  # type: ignore[attr-defined]
    settings = Settings.load(
        {
            "data_dir": Path(options["folder"]),
            "kafka.bootstrap_servers": options["bootstrap"],
            "kafka.topic_prefix": options["prefix"],
            "kafka.partitions": options["partitions"],
            "streams.group": options["group"],
            "streams.fetch": options["fetch"],
        }
    )
    worker.run(
        settings.kafka,
        settings.streams,
        Profile.load(resolve_profile("contoh")),
        index=index,
        data_dir=settings.data_dir,
        http_port=ports.free()[0],
        processors=_processors(options["processor"]),
        regency=_regency() if options.get("regency") else None,
    )


def _processors(name: str) -> dict[str, Any]:
    if name == "bench":
        from benchmarks.contenders.nadi_processor import BenchReceipts

        return {"revenue": BenchReceipts}
    from streams.domains import PROCESSORS

    return {name: PROCESSORS[name]}


def _regency() -> Any:
    from streams.domains import REGENCY

    return REGENCY


if __name__ == "__main__":
    from infra.logs import set_up

    set_up()
    work(json.loads(sys.argv[1]))

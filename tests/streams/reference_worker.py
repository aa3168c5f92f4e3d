"""A stream worker with the regency of the domain tests: ``python reference_worker.py KAFKA STREAMS FOLDER REGENCY``.

``REGENCY`` is one of ``REGENCIES``."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any


def prompt() -> Any:
    """The regency, with a source that is never late: deadlines are judged at once."""
    from domain_rows import profile

    found = profile()
    sources = {name: dataclasses.replace(one, lateness_minutes=0) for name, one in found.sources.items()}
    return dataclasses.replace(found, sources=sources)


def patient() -> Any:
    """With all that a rule may read, and a source that may be silent for four hours at any time of the day."""
    from domain_rows import ruled

    found = ruled()
    sources = {
        name: dataclasses.replace(one, silent_minutes=240, hours="always")
        for name, one in found.sources.items()
    }
    return dataclasses.replace(found, sources=sources, _standards={}, _thresholds={})


REGENCIES = {"prompt": prompt, "patient": patient}


def main(kafka: str, streams: str, folder: str, regency: str) -> None:
    from schemas.settings import KafkaSettings
    from streams.settings import StreamSettings
    from streams.worker import run

    run(
        KafkaSettings.model_validate_json(kafka),
        StreamSettings.model_validate_json(streams),
        REGENCIES[regency](),
        index=0,
        data_dir=Path(folder),
        http_port=0,
    )


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    main(*sys.argv[1:])

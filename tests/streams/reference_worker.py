"""A stream worker with the regency of the domain tests: ``python reference_worker.py KAFKA STREAMS FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path


def main(kafka: str, streams: str, folder: str) -> None:
    from domain_rows import profile

    from schemas.settings import KafkaSettings
    from streams.settings import StreamSettings
    from streams.worker import run

    run(
        KafkaSettings.model_validate_json(kafka),
        StreamSettings.model_validate_json(streams),
        profile(),
        index=0,
        data_dir=Path(folder),
        http_port=0,
    )


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    main(*sys.argv[1:])

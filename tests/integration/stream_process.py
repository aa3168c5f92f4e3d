"""A stream worker as a process of its own, for tests that kill it: ``python stream_process.py JSON``."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class BareProfile:
    """As much of a profile as the engine itself needs."""

    hash: str = "0" * 64


def main(options: dict[str, object]) -> None:
    from infra.settings import resolve_profile
    from schemas.profile import Profile
    from schemas.settings import KafkaSettings
    from streams.settings import StreamSettings
    from streams.worker import run
    from tests.streams.toy import Toy
    from tests.streams.toy_regency import ToyRegency

    product = bool(options.get("product"))
    profile = Profile.load(resolve_profile("contoh")) if product else BareProfile()
    run(
        KafkaSettings.model_validate(options["kafka"]),
        StreamSettings.model_validate(options["streams"]),
        profile,  # type: ignore[arg-type]
        index=int(str(options["index"])),
        data_dir=Path(str(options["data_dir"])),
        http_port=int(str(options.get("http_port", 0))),
        processors=None if product else {"revenue": Toy},
        regency=ToyRegency if options.get("regency") else None,
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(json.loads(sys.argv[1]))

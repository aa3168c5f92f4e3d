"""A gateway of the tests as a process of its own: port, settings of Kafka, settings of the gateway as words, and the file of
tokens or nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gateway_callers import table

from producers.gateway import protecting
from producers.gateway.serving import run
from producers.persons import Persons
from producers.settings import GatewaySettings
from producers.tokens import Tokens
from schemas.settings import KafkaSettings

if __name__ == "__main__":
    run(
        KafkaSettings(**json.loads(sys.argv[2])),
        GatewaySettings(port=int(sys.argv[1]), **json.loads(sys.argv[3])),
        table(),
        protecting.of(Persons(Tokens.open(Path(sys.argv[4])))) if sys.argv[4] else None,
    )

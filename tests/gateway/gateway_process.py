"""A gateway of the tests as a process of its own: port, settings of Kafka, settings of the gateway as words."""

from __future__ import annotations

import json
import sys

from gateway_callers import table

from producers.gateway.serving import run
from producers.settings import GatewaySettings
from schemas.settings import KafkaSettings

if __name__ == "__main__":
    run(
        KafkaSettings(**json.loads(sys.argv[2])),
        GatewaySettings(port=int(sys.argv[1]), **json.loads(sys.argv[3])),
        table(),
    )

"""A gateway of the tests as a process of its own: port, settings of Kafka, settings of the gateway as words, its log beside
which its files are, and the file of tokens or nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gateway_callers import table

from infra.settings import PROFILES
from producers.gateway import protecting
from producers.gateway.serving import run
from producers.gateway.uploads.work import Files
from producers.persons import Persons
from producers.settings import GatewaySettings
from producers.tokens import Tokens
from schemas.profile import Profile
from schemas.settings import KafkaSettings

if __name__ == "__main__":
    log = Path(sys.argv[4])
    tokens = Tokens.open(Path(sys.argv[5]) if sys.argv[5] else log.with_name("tokens.key"))
    profile = Profile.load(PROFILES / "contoh")
    run(
        KafkaSettings(**json.loads(sys.argv[2])),
        GatewaySettings(port=int(sys.argv[1]), **json.loads(sys.argv[3])),
        table(),
        protecting.of(Persons(tokens, regency=profile.code)),
        Files(log.with_name("files"), profile),
    )

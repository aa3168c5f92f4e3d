"""The gateway as ``nadi run gateway`` starts it, with the keys of ``nadi.access`` and all pages: port, settings of Kafka,
settings of the gateway as words, its log beside which its files are, and the file of tokens."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from infra.settings import resolve_profile
from producers.access.keys import Keys
from producers.arrivals.routes import TRAIL_FILE, Site
from producers.gateway import protecting
from producers.gateway.serving import run
from producers.gateway.uploads.work import Files
from producers.persons import Persons
from producers.settings import GatewaySettings
from producers.tokens import Tokens
from schemas.profile import Profile
from schemas.settings import KafkaSettings

if __name__ == "__main__":
    kafka, profile = KafkaSettings(**json.loads(sys.argv[2])), Profile.load(resolve_profile("contoh"))
    persons = Persons(Tokens.open(Path(sys.argv[5])), regency=profile.code)
    settings = GatewaySettings(port=int(sys.argv[1]), **json.loads(sys.argv[3]))
    folder = Path(sys.argv[4]).parent
    with Keys.follow(kafka, profile) as keys:
        files, site = Files(folder / "files", profile), Site(profile, folder / TRAIL_FILE, keys.book)
        run(kafka, settings, keys, protecting.of(persons), files, site, keys.backfills)

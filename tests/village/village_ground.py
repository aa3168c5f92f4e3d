"""What the tests of the village form stand on: a gateway of its own, keys given and revoked, and what arrived."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from gateway_running import Running

from infra.access import issuing
from infra.settings import resolve_profile
from producers.access.credentials import Made
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.records import read_topics
from schemas.registry import LockFileIds
from schemas.settings import KafkaSettings

OPD = "2.12.01"
GUIDE = Path(__file__).parents[2] / "docs" / "panduan" / "desa.md"
VILLAGE = "99.01.01.1002"
SOURCE = f"/opd/{OPD}/desa/{VILLAGE}"


class VillageGateway(Running):
    program = Path(__file__).with_name("village_process.py")


class Ground:
    """One gateway on the topics of one layout."""

    def __init__(self, kafka: KafkaSettings, folder: Path) -> None:
        self.kafka, self.log = kafka, folder / "log"
        self.profile = Profile.load(resolve_profile("contoh"))
        self._codec = Codec("population.changes", LockFileIds.load())
        issuing.book_of(kafka)
        self.gateway = VillageGateway(kafka, self.log, tokens=folder / "tokens.key")

    def key(self, source: str = f"/opd/{OPD}/") -> str:
        """A key of the department for one system, as ``nadi opd add`` prints it."""
        return self.keys(source).key

    def keys(self, source: str = f"/opd/{OPD}/", *, signed: bool = False) -> Made:
        """The same with its signing key; ``signed`` where it must sign."""
        wish = issuing.Wish(OPD, f"desa-{uuid.uuid4().hex[:8]}", (source,), ("population",), signed=signed)
        made = issuing.add(self.kafka, self.profile, wish)[0]
        self._known(made.key)
        return made

    def key_of_guide(self) -> str:
        """What the command prints that docs/panduan/desa.md shows."""
        (command,) = re.findall(r"^nadi (opd add .+)$", GUIDE.read_text("utf-8"), re.MULTILINE)
        words = ["--profile", "contoh", *(f"--set=kafka.{k}={v}" for k, v in self._servers().items())]
        done = subprocess.run(
            [Path(sys.executable).with_name("nadi"), *words, *command.split(), "--json"],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return self._known(str(json.loads(done.stdout)["key"]))

    def _known(self, key: str) -> str:
        """The same key, once the gateway has heard of it."""
        deadline = time.monotonic() + 20
        while self.gateway.http.get("/v1/me", headers={"authorization": f"Bearer {key}"}).status_code != 200:
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.05)
        return key

    def _servers(self) -> dict[str, str]:
        return {
            "bootstrap_servers": self.kafka.bootstrap_servers, "topic_prefix": self.kafka.topic_prefix,
        }  # fmt: skip

    def revoke(self, key: str) -> None:
        issuing.revoke(self.kafka, key.rpartition(".")[0].rpartition("_")[2], "ponsel hilang")

    def arrived(self) -> list[tuple[bytes, str, str]]:
        """Key, event id and source of every change on the topic, in the order of each partition."""
        return [
            (key, headers["ce_id"].decode(), headers["ce_source"].decode())
            for key, headers, _ in self.records()
        ]

    def of(self, event_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Headers and fields of the one record of an event."""
        ((headers, value),) = [
            (headers, value) for _, headers, value in self.records() if headers["ce_id"].decode() == event_id
        ]
        return headers, self._codec.decode(value)

    def records(self) -> list[tuple[bytes, dict[str, Any], bytes]]:
        """Key, headers and value of every change on the topic."""
        topic = self.kafka.layout().topic("population.changes")
        return [
            (message.key(), dict(message.headers()), message.value())
            for message in read_topics(self.kafka.bootstrap_servers, [topic])
        ]

"""A drop folder and the command line on it, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from producers.files import read_rows
from schemas.catalogue import REVENUE
from schemas.codec import Codec
from schemas.records import read_topics
from schemas.registry import LockFileIds
from schemas.settings import KafkaSettings

NADI = str(Path(sys.executable).with_name("nadi"))
OPD = "5.02.02"


def consumed(kafka: KafkaSettings) -> list[dict[str, Any]]:
    """The values on the topic of revenue, all partitions."""
    codec = Codec(REVENUE.schema, LockFileIds.load())
    found = read_topics(kafka.bootstrap_servers, [kafka.layout().topic(REVENUE.name)])
    return [codec.decode(message.value()) for message in found]


class Office:
    """A drop folder in ``folder``, and `nadi drop` on it; ``profile`` is a name or a folder."""

    def __init__(self, folder: Path, kafka: KafkaSettings, profile: str = "contoh") -> None:
        self.root, self.kafka = folder / "kiriman", kafka
        self.inbox = self.root / "kirim" / OPD / "revenue"
        self._folder, self._profile = folder, profile

    def nadi(self, *words: str) -> list[str]:
        """A command line on this office's broker."""
        sets = [
            f"kafka.bootstrap_servers={self.kafka.bootstrap_servers}",
            f"kafka.topic_prefix={self.kafka.topic_prefix}",
            f"kafka.timestamps={self.kafka.timestamps}",
        ]
        flags = [word for item in sets for word in ("--set", item)]
        return [NADI, "--data-dir", str(self._folder / "data"), "--profile", self._profile, *flags, *words]

    def command(self, *words: str) -> list[str]:
        return self.nadi("drop", str(self.root), "--json", "--settle", "0.2", *words)

    def once(self, failpoint: str = "") -> tuple[int, list[dict[str, Any]]]:
        environment = {**os.environ, **({"NADI_FAILPOINT": failpoint} if failpoint else {})}
        done = subprocess.run(
            self.command("--once"), capture_output=True, text=True, env=environment, timeout=120
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def result(self, outcome: dict[str, Any]) -> list[dict[str, Any]]:
        return [row.values for row in read_rows(self.root / outcome["result"])[1]]

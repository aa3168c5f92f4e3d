"""A broker that a test starts and kills itself."""

from __future__ import annotations

import subprocess

from infra.embedded.kafka import BrokerFolder, command, prepare, wait_ready


def start_broker(broker: BrokerFolder) -> subprocess.Popen[bytes]:
    prepare(broker)
    with (broker.folder / "kafka.log").open("ab") as log:
        process = subprocess.Popen(command(broker), stdout=log, stderr=log, cwd=broker.folder)
    wait_ready(broker.bootstrap, 60, process)
    return process

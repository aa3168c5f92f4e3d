"""A broker that goes away and comes back: the worker goes on, or ends and is started again; nothing is lost."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from infra.embedded import ports
from infra.embedded.kafka import BrokerFolder
from schemas.catalogue import Layout, create_topics
from tests.broker_process import start_broker

sys.path.insert(0, str(Path(__file__).parent))
from stream_stack import StreamStack

pytestmark = pytest.mark.kafka


def test_the_worker_outlives_a_broker_restart(tmp_path: Path) -> None:
    from confluent_kafka.admin import AdminClient

    broker = BrokerFolder(tmp_path / "kafka", *ports.free(2))
    process = start_broker(broker)
    try:
        layout = Layout("r.")
        create_topics(AdminClient({"bootstrap.servers": broker.bootstrap}), layout)
        with StreamStack(broker.bootstrap, layout, tmp_path) as stack:
            worker = stack.start()
            for number in range(600):
                stack.publish(number, amount=1000)
            stack.flush()
            stack.wait(stack.done)
            process.terminate()
            process.wait(20)
            time.sleep(3)
            for number in range(400):
                stack.publish(number, amount=1000)  # waits in the producer
            process = start_broker(broker)
            stack.flush()
            deadline = time.monotonic() + 150  # a commit that is under way is given up after 120
            while not stack.done():
                assert time.monotonic() < deadline, stack.logs()
                if worker.poll() is not None:  # it may end; then the supervisor starts it again
                    worker = stack.start()
                time.sleep(0.2)
            assert stack.rows() == stack.sent
            assert stack.end(worker) == 0
    finally:
        process.kill()
        process.wait(10)
